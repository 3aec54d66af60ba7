package api

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// WriteCSV writes items as a table whose columns are the names that JSON gives their
// fields. A list is one cell, its items separated by semicolons; one of structs shows
// the field that its tag cell names. Null is an empty cell.
func WriteCSV[T any](w io.Writer, items []T) error {
	columns := columnsOf(reflect.TypeFor[T]())
	rows := make([][]string, 1, len(items)+1)
	for _, c := range columns {
		rows[0] = append(rows[0], c.name)
	}
	for _, item := range items {
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = c.cell(reflect.ValueOf(item).FieldByIndex(c.field))
		}
		rows = append(rows, row)
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// column is a field of the items; of names the field that stands for a struct in a list.
type column struct {
	name, of string
	field    []int
}

func columnsOf(t reflect.Type) []column {
	var columns []column
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" {
			continue // its own fields follow
		}
		columns = append(columns, column{name, f.Tag.Get("cell"), f.Index})
	}
	return columns
}

func (c column) cell(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return c.cell(v.Elem())
	case reflect.Slice:
		cells := make([]string, v.Len())
		for i := range cells {
			cells[i] = c.cell(v.Index(i))
		}
		return strings.Join(cells, ";")
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			return at.UTC().Format(time.RFC3339)
		}
		for _, of := range columnsOf(v.Type()) {
			if of.name == c.of {
				return of.cell(v.FieldByIndex(of.field))
			}
		}
	}
	return fmt.Sprint(v.Interface())
}

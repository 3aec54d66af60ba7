package mapping

import (
	"slices"
	"strings"

	"vigie/internal/tabular"
)

// reader makes values of the rows of one file.
type reader struct {
	file    File
	columns map[string]int
	stored  Lookup
	missing []string
}

// unknownColumns finds the columns that the mapping names and the file does not have.
func (r *reader) unknownColumns(name string, header []string) []Problem {
	var problems []Problem
	for _, column := range r.file.sources() {
		place, known := r.columns[fold(column)]
		expected := ""
		switch {
		case !known:
			expected = "is named by the mapping and is not a column of the file; it has " + strings.Join(header, ", ")
		case place == ambiguous:
			expected = "is named by the mapping and stands twice in the header"
		default:
			continue
		}
		r.missing = append(r.missing, column)
		problems = append(problems, Problem{File: name, Value: column, Expected: expected})
	}
	return problems
}

// sources lists every column of the file that is asked for.
func (f File) sources() []string {
	var all []string
	for _, k := range f.Keep {
		all = append(all, k.Column)
	}
	for _, t := range f.Tables {
		for _, c := range t.Columns {
			all = append(all, c.Value.sources()...)
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return name == "" })
}

func (v Value) sources() []string {
	all := slices.Concat(v.From, v.Slug, []string{v.Stored.By, v.Match.Name, v.Match.Commune, v.Match.Address})
	for _, one := range v.FirstOf {
		all = append(all, one.sources()...)
	}
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}

func (r *reader) cell(row tabular.Row, column string) string {
	if column == "" {
		return ""
	}
	return row.Cells[r.columns[fold(column)]]
}

// counts reports whether a row fulfils every condition.
func (r *reader) counts(row tabular.Row) bool {
	for _, k := range r.file.Keep {
		text := r.cell(row, k.Column)
		if k.In != nil && !slices.Contains(k.In, text) || slices.Contains(k.Not, text) {
			return false
		}
	}
	return true
}

func (r *reader) row(t Table, row tabular.Row) Row {
	made := Row{Line: row.Line}
	for _, c := range t.Columns {
		cell, question := r.value(c.Value, row)
		if question != nil {
			question.Column = c.Name
			made.Question = question
		}
		made.Cells = append(made.Cells, cell)
	}
	return made
}

// value makes the text of one column, or the question whose answer it is.
func (r *reader) value(v Value, row tabular.Row) (Cell, *Question) {
	var cell Cell
	switch {
	case v.FirstOf != nil:
		var question *Question
		if cell, question = r.first(v.FirstOf, row); question != nil {
			return cell, question
		}
	case v.From != nil:
		var parts []string
		for _, column := range v.From {
			if part := r.cell(row, column); part != "" {
				parts = append(parts, part)
			}
		}
		cell.Text = strings.Join(parts, v.Join)
	case v.Slug != nil:
		var parts []string
		for _, column := range v.Slug {
			parts = append(parts, r.cell(row, column))
		}
		cell.Text = Slug(parts...)
	case v.Stored.Table != "":
		cell.Text = r.stored(v.Stored.Table, v.Stored.Column, r.cell(row, v.Stored.By))
	case v.Match.Among != "":
		q := Question{Among: v.Match.Among, Name: r.cell(row, v.Match.Name), Commune: r.cell(row, v.Match.Commune), Address: r.cell(row, v.Match.Address)}
		if q.Name != "" {
			return cell, &q
		}
	default:
		cell.Text = v.Fixed
	}
	return r.finish(v, cell), nil
}

// first is the first value that is not empty.
func (r *reader) first(of []Value, row tabular.Row) (Cell, *Question) {
	for _, one := range of {
		if cell, question := r.value(one, row); question != nil || cell != (Cell{}) {
			return cell, question
		}
	}
	return Cell{}, nil
}

// finish translates a text and gives it its form.
func (r *reader) finish(v Value, cell Cell) Cell {
	if slices.ContainsFunc(v.Blank, func(blank string) bool { return fold(blank) == fold(cell.Text) }) {
		cell.Text = ""
	}
	if v.Translate != nil && cell.Text != "" {
		to, listed := v.Translate[cell.Text]
		switch {
		case listed:
			cell.Text = to
		case v.Else != nil:
			cell.Text = *v.Else
		default:
			cell.Wrong = "is not among the values that the mapping translates"
		}
	}
	if cell.Text == "" {
		cell.Text = v.Default
	}
	if cell.Text == "" || cell.Wrong != "" || v.Form == "" {
		return cell
	}
	cell.Text, cell.Wrong = v.Form.apply(r.file, cell.Text)
	return cell
}

package intake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/internal/inventory"
	"vigie/internal/mapping"
)

// mappedRows is what a mapping made of one file for one table.
type mappedRows struct {
	file string
	mapping.Target
}

// MappedFile says how many rows of a file a mapping read.
type MappedFile struct {
	File       string `json:"file"`
	Rows       int    `json:"rows"`
	PassedOver int    `json:"passed_over"` // by the conditions of the mapping
}

// Schema is the tables of the inventory as a mapping names them: sites for sites.csv.
func Schema() mapping.Schema {
	s := mapping.Schema{}
	for _, sheet := range sheets {
		s[mappedName(sheet.name())] = sheet.columnNames()
	}
	return s
}

func mappedName(file string) string { return strings.TrimSuffix(file, ".csv") }

func sheetNamed(file string) (sheet, bool) {
	for _, s := range sheets {
		if s.name() == file {
			return s, true
		}
	}
	return nil, false
}

func (t table[T]) columnNames() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

// texts gives what the stored rows hold in a column, by their keys.
func (t table[T]) texts(s inventory.Snapshot, name string) map[string]string {
	at := slices.Index(t.columnNames(), name)
	rows := *t.rows(&s)
	found := make(map[string]string, len(rows))
	for i := range rows {
		found[t.keyOf(&rows[i])] = t.columns[at].show(&rows[i])
	}
	return found
}

// lookup answers a mapping that asks for what is stored. It indexes a column once.
func lookup(current inventory.Snapshot) mapping.Lookup {
	known := map[string]map[string]string{}
	return func(table, column, key string) string {
		name := table + "." + column
		if known[name] == nil {
			s, _ := sheetNamed(table + ".csv") // the mapping was judged by the schema
			known[name] = s.texts(current, column)
		}
		return known[name][key]
	}
}

// take adds mapped rows to the set. What the mapping does not name keeps its stored value.
func (t table[T]) take(from mappedRows, current inventory.Snapshot, set *Set, problems *Problems) {
	stored := map[string]*T{}
	for i := range *t.rows(&current) {
		row := &(*t.rows(&current))[i]
		stored[t.keyOf(row)] = row
	}
	places, labels := t.columnsOf(from.Target)
	rows := t.rows(&set.Rows)
	set.given[t.file] = true
	for _, r := range from.Rows {
		at := origin{file: from.file, line: r.Line, labels: labels}
		raw := row{line: r.Line, cells: make([]string, len(t.columns)), wrongs: make([]string, len(t.columns))}
		for i, place := range places {
			if place >= 0 {
				raw.cells[i], raw.wrongs[i] = r.Cells[place].Text, r.Cells[place].Wrong
			}
		}
		key := t.rawKey(raw)
		known := stored[key]
		if first, twice := set.places[place{t.file, key}]; from.Keep && twice {
			t.doubt(at, first, raw, key, set)
			continue
		}
		for i, place := range places {
			if known != nil && (place < 0 || from.Keep) {
				raw.cells[i], raw.wrongs[i] = t.columns[i].show(known), ""
			}
		}
		parsed, ok := t.place(at, raw, set.places, problems)
		if !ok.named {
			set.partial[t.file] = true
		}
		if ok.added {
			*rows = append(*rows, parsed)
		}
	}
}

// columnsOf gives for each of our columns its place in the rows of a mapping, -1 without
// one, and what problems call it.
func (t table[T]) columnsOf(target mapping.Target) (places []int, labels map[string]string) {
	places = make([]int, len(t.columns))
	labels = map[string]string{}
	for i, c := range t.columns {
		places[i] = -1
		labels[c.name] = target.Table + "." + c.name
		for j, name := range target.Columns {
			if name != c.name {
				continue
			}
			places[i] = j
			if target.Sources[j] != "" {
				labels[c.name] = target.Sources[j] + " → " + target.Table + "." + c.name
			}
		}
	}
	return places, labels
}

// rawKey is the key that a row of cells would have.
func (t table[T]) rawKey(r row) string {
	var scratch T
	for i, c := range t.columns {
		for _, name := range t.key {
			if c.name == name && r.cells[i] != "" {
				c.read(&scratch, r.cells[i])
			}
		}
	}
	return t.keyOf(&scratch)
}

// doubt warns of a second row that would make the same new thing with other words: two
// schools of one name in one commune may be two sites.
func (t table[T]) doubt(at, first origin, raw row, key string, set *Set) {
	rows := *t.rows(&set.Rows)
	for i := range rows {
		if t.keyOf(&rows[i]) != key || first.file != at.file {
			continue
		}
		for j, c := range t.columns {
			if c.name != "address" || raw.cells[j] == "" || raw.cells[j] == c.show(&rows[i]) {
				continue
			}
			set.warnings.add(at.problem(finding{c.name, raw.cells[j], fmt.Sprintf(
				"differs from %s, and both make %s: give one of them another key if they are two places", first, key)}))
		}
	}
}

// mappedReading reads files through a mapping.
type mappedReading struct {
	current  Current
	hidden   []string
	now      time.Time
	set      Set
	problems Problems
	held     []Held
	files    []MappedFile
}

func (m *mappedReading) blame(found []mapping.Problem) {
	for _, p := range found {
		m.problems.add(Problem{File: p.File, Line: p.Line, Column: p.Column, Value: p.Value, Expected: p.Expected})
	}
}

func (m *mappedReading) read(by File, files []File) {
	defer m.problems.sort()
	schema := Schema()
	for _, table := range m.hidden {
		delete(schema, table)
	}
	parsed, wrong := mapping.Parse(by.Name, by.Content, schema)
	if m.blame(wrong); len(wrong) > 0 {
		return
	}
	answers, stored := m.current.answers(), lookup(m.current.Snapshot)
	byTable := map[string][]mappedRows{}
	for _, f := range files {
		applied := parsed.Apply(f.Name, f.Content, stored)
		m.blame(applied.Problems)
		m.files = append(m.files, MappedFile{f.Name, applied.Rows, applied.PassedOver})
		for _, target := range applied.Targets {
			m.judgeHeld(f.Name, target)
			ready, held := answered(mappedRows{f.Name, target}, answers, m.now)
			m.held = append(m.held, held...)
			byTable[target.Table] = append(byTable[target.Table], ready)
		}
	}
	for _, s := range sheets {
		for _, rows := range byTable[mappedName(s.name())] {
			s.take(rows, m.current.Snapshot, &m.set, &m.problems)
		}
	}
}

// judgeHeld reports what could not be made of the cells of rows that will wait: they are
// read as ours only when they wait no more.
func (m *mappedReading) judgeHeld(file string, target mapping.Target) {
	for _, r := range target.Rows {
		for i, c := range r.Cells {
			if r.Question != nil && c.Wrong != "" {
				m.problems.add(Problem{File: file, Line: r.Line, Column: target.Sources[i], Value: c.Text, Expected: c.Wrong})
			}
		}
	}
}

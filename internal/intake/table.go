package intake

import (
	"slices"
	"strings"
	"time"

	"vigie/internal/inventory"
)

// table says how one file becomes the rows of one slice of the inventory.
type table[T any] struct {
	file    string
	key     []string // the columns that name a row
	columns []column[T]
	rows    func(*inventory.Snapshot) *[]T
	refers  func(*T) []reference           // what a row refers to
	rules   func(*T) []finding             // what must hold inside a row
	period  func(*T) (from, to *time.Time) // nil when nothing of the kind ends; from nil when it has no start
}

// reference leads from a cell to a row of another file, or of one of several.
type reference struct {
	column, key string
	files       []string
}

// finding is a problem of a row whose place is not known yet.
type finding struct{ column, value, expected string }

// sheet is a table of any row type.
type sheet interface {
	name() string
	read(f File, set *Set, problems *Problems)
	take(from mappedRows, current inventory.Snapshot, set *Set, problems *Problems)
	ends(current, save inventory.Snapshot) (ended, open int)
	columnNames() []string
	fields() []Field
	row(s inventory.Snapshot, key string) (texts []string, ok bool)
	listed(s inventory.Snapshot) []Listed
	edited(s inventory.Snapshot, e Edit) (File, error)
	keyColumn() string
	endColumn() string
	texts(s inventory.Snapshot, column string) map[string]string
	compare(current inventory.Snapshot, set Set, end time.Time, save *inventory.Snapshot) FileDifference
	overlay(onto *inventory.Snapshot, rows inventory.Snapshot)
	keys(s inventory.Snapshot) map[string]bool
	references(s inventory.Snapshot) []held
}

// held is a reference with the key of the row that holds it.
type held struct {
	row string
	reference
}

func (t table[T]) name() string { return t.file }

func (t table[T]) headers() []header {
	headers := make([]header, len(t.columns))
	for i, c := range t.columns {
		headers[i] = c.header
	}
	return headers
}

// keyOf is the canonical text of the columns that name a row, "" when one is empty.
func (t table[T]) keyOf(r *T) string {
	var parts []string
	for _, c := range t.columns {
		for _, name := range t.key {
			if c.name != name {
				continue
			}
			part := c.show(r)
			if part == "" {
				return ""
			}
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// read adds the rows of a file to the set. A row with a problem stays in the set, so
// that references to it are found, and is marked as not to be judged further.
func (t table[T]) read(f File, set *Set, problems *Problems) {
	found, whole := t.rowsIn(f, set.places, problems)
	if !whole {
		set.partial[t.file] = true
	}
	set.given[t.file] = true
	rows := t.rows(&set.Rows)
	*rows = append(*rows, found...)
}

// rowsIn gives the rows of a file that have a key of their own and notes their places. It
// reports false when some row is missing among them.
func (t table[T]) rowsIn(f File, places map[place]origin, problems *Problems) (rows []T, whole bool) {
	raw, whole := readRows(f, t.headers(), problems)
	for _, r := range raw {
		parsed, ok := t.place(origin{file: f.Name, line: r.line}, r, places, problems)
		if !ok.named {
			whole = false
		}
		if ok.added {
			rows = append(rows, parsed)
		}
	}
	return rows, whole
}

// placed says what became of a row: it has a key, and no other row had it before.
type placed struct{ named, added bool }

// place reads a row, reports what is wrong in it and notes where it stands.
func (t table[T]) place(at origin, r row, places map[place]origin, problems *Problems) (parsed T, ok placed) {
	findings := t.parse(r, &parsed)
	key := t.keyOf(&parsed)
	first, taken := places[place{t.file, key}]
	if taken && key != "" {
		findings = append(findings, finding{strings.Join(t.key, ", "), key, "is already on " + first.String()})
	}
	for _, found := range findings {
		problems.add(at.problem(found))
	}
	if key == "" || taken {
		return parsed, placed{named: key != ""}
	}
	at.wrong = len(findings) > 0
	places[place{t.file, key}] = at
	return parsed, placed{named: true, added: true}
}

func (t table[T]) parse(r row, into *T) []finding {
	var findings []finding
	for i, c := range t.columns {
		switch text := r.cells[i]; {
		case r.wrongs != nil && r.wrongs[i] != "":
			findings = append(findings, finding{c.name, text, r.wrongs[i]})
		case text == "" && c.required:
			findings = append(findings, finding{c.name, "", "is required"})
		case text == "":
		default:
			if wrong := c.read(into, text); wrong != "" {
				findings = append(findings, finding{c.name, text, wrong})
			}
		}
	}
	if len(findings) == 0 && t.rules != nil {
		return t.rules(into)
	}
	return findings
}

// overlay replaces rows by those of the same key, and adds the others.
func (t table[T]) overlay(onto *inventory.Snapshot, rows inventory.Snapshot) {
	base := t.rows(onto)
	*base = slices.Clone(*base)
	places := make(map[string]int, len(*base))
	for i := range *base {
		places[t.keyOf(&(*base)[i])] = i
	}
	for _, r := range *t.rows(&rows) {
		if i, known := places[t.keyOf(&r)]; known {
			(*base)[i] = r
			continue
		}
		*base = append(*base, r)
	}
}

func (t table[T]) keys(s inventory.Snapshot) map[string]bool {
	rows := *t.rows(&s)
	keys := make(map[string]bool, len(rows))
	for i := range rows {
		keys[t.keyOf(&rows[i])] = true
	}
	return keys
}

func (t table[T]) references(s inventory.Snapshot) []held {
	if t.refers == nil {
		return nil
	}
	var all []held
	rows := *t.rows(&s)
	for i := range rows {
		for _, l := range t.refers(&rows[i]) {
			if l.key != "" {
				all = append(all, held{t.keyOf(&rows[i]), l})
			}
		}
	}
	return all
}

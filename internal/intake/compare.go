package intake

import (
	"slices"
	"strings"
	"time"

	"vigie/internal/inventory"
)

// Difference is what an import changes, by file in the order of the tables. Only the
// files that were given appear.
type Difference struct {
	Files []FileDifference `json:"files"`
}

// Empty reports whether nothing changes.
func (d Difference) Empty() bool {
	return !slices.ContainsFunc(d.Files, func(f FileDifference) bool {
		return len(f.Added)+len(f.Changed)+len(f.Ended) > 0
	})
}

// FileDifference is what changes in one table. Rows are named by their keys, sorted.
type FileDifference struct {
	File      string   `json:"file"`
	Added     []string `json:"added,omitempty"`
	Changed   []Change `json:"changed,omitempty"`
	Unchanged int      `json:"unchanged"`
	// Absent rows are stored and not in the file, without having ended: left alone.
	Absent []string `json:"absent,omitempty"`
	// Ended rows were absent and get an end.
	Ended []string `json:"ended,omitempty"`
}

// Change is a row that is stored with other values.
type Change struct {
	Key    string        `json:"key"`
	Fields []FieldChange `json:"fields"`
}

// FieldChange is one column of a changed row, in its canonical text.
type FieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// Compare holds a set against the stored inventory and gives the difference with the
// rows to save. Rows that the files leave out are left alone; when endMissing, a civil
// day, is not zero they end on it (or on their start, when that is later), in the
// tables whose rows can end. Two calls around a save give an empty difference.
func Compare(current inventory.Snapshot, wanted Set, endMissing time.Time) (Difference, inventory.Snapshot) {
	var d Difference
	var save inventory.Snapshot
	for _, s := range sheets {
		if wanted.given[s.name()] {
			d.Files = append(d.Files, s.compare(current, wanted, endMissing, &save))
		}
	}
	return d, save
}

func (t table[T]) compare(current inventory.Snapshot, wanted Set, endMissing time.Time, save *inventory.Snapshot) FileDifference {
	d, rows := t.difference(*t.rows(&current), *t.rows(&wanted.Rows), endMissing)
	*t.rows(save) = rows
	return d
}

// difference holds rows against the stored ones and gives those to save.
func (t table[T]) difference(stored, wanted []T, endMissing time.Time) (d FileDifference, save []T) {
	d.File = t.file
	places := make(map[string]int, len(stored))
	for i := range stored {
		places[t.keyOf(&stored[i])] = i
	}
	for _, row := range wanted {
		key := t.keyOf(&row)
		i, known := places[key]
		if !known {
			d.Added = append(d.Added, key)
			save = append(save, row)
			continue
		}
		delete(places, key)
		if fields := t.changes(&stored[i], &row); len(fields) > 0 {
			d.Changed = append(d.Changed, Change{key, fields})
			save = append(save, row)
			continue
		}
		d.Unchanged++
	}
	for key, i := range places {
		row := stored[i]
		switch t.missing(&row, endMissing) {
		case leftAlone:
			d.Absent = append(d.Absent, key)
		case ended:
			d.Ended = append(d.Ended, key)
			save = append(save, row)
		}
	}
	d.sort()
	return d, save
}

func (d *FileDifference) sort() {
	slices.Sort(d.Added)
	slices.Sort(d.Absent)
	slices.Sort(d.Ended)
	slices.SortFunc(d.Changed, func(a, b Change) int { return strings.Compare(a.Key, b.Key) })
}

func (t table[T]) changes(old, row *T) []FieldChange {
	var fields []FieldChange
	for _, c := range t.columns {
		if before, after := c.show(old), c.show(row); before != after {
			fields = append(fields, FieldChange{c.name, before, after})
		}
	}
	return fields
}

// absence is what becomes of a stored row that a file leaves out.
type absence int

const (
	leftAlone absence = iota
	ended             // gets an end now
	past              // had ended before, and is no news
)

// missing ends the row when it can end, is open on the day, and a day is given.
func (t table[T]) missing(row *T, day time.Time) absence {
	if t.period == nil {
		return leftAlone
	}
	from, to := t.period(row)
	if from != nil && !day.IsZero() && day.Before(*from) {
		day = *from
	}
	switch {
	case !to.IsZero() && (day.IsZero() || !to.After(day)):
		return past
	case day.IsZero():
		return leftAlone
	}
	*to = day
	return ended
}

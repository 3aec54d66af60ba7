package intake

import (
	"path"
	"slices"
	"strings"
	"time"

	"vigie/internal/ipam"
)

// planTable says how one file becomes the rows of one slice of the plan.
type planTable[T any] struct {
	table[T]
	what ipam.Table
	of   func(*ipam.Plan) *[]T
}

// planSheet is a table of any row type.
type planSheet interface {
	name() string
	holds() ipam.Table
	take(f File, set *planSet, problems *Problems)
	replace(stored ipam.Plan, by planSet, in *ipam.Plan)
	against(stored ipam.Plan, wanted planSet, save *ipam.Plan) FileDifference
	keyAt(p ipam.Plan, row int) string
}

// planSet is what the files of a plan hold, row by row.
type planSet struct {
	rows    ipam.Plan
	given   map[string]bool // the files that are in the set
	partial map[string]bool // files whose rows could not all be read
	places  map[place]origin
}

// readPlan reads files into rows and collects what is wrong in them.
func readPlan(files []File) (set planSet, problems, warnings Problems) {
	set = planSet{given: map[string]bool{}, partial: map[string]bool{}, places: map[place]origin{}}
	for _, f := range files {
		at := slices.IndexFunc(planSheets, func(s planSheet) bool { return s.name() == f.table() })
		why, passed := passedOver[path.Base(f.Name)]
		switch {
		case at >= 0:
			planSheets[at].take(f, &set, &problems)
		case passed:
			warnings.add(Problem{File: f.Name, Expected: why})
		default:
			problems.add(Problem{File: f.Name, Expected: "is not a file of the addressing plan; known: " + strings.Join(planFileNames(), ", ")})
		}
	}
	problems.sort()
	return set, problems, warnings
}

func planFileNames() []string {
	names := make([]string, len(planSheets))
	for i, s := range planSheets {
		names[i] = s.name()
	}
	return names
}

func (t planTable[T]) holds() ipam.Table { return t.what }

// take adds the rows of a file to the set. A row with a problem stays in it, marked as not to be
// judged further.
func (t planTable[T]) take(f File, set *planSet, problems *Problems) {
	found, whole := t.rowsIn(f, set.places, problems)
	if !whole {
		set.partial[t.file] = true
	}
	set.given[t.file] = true
	rows := t.of(&set.rows)
	*rows = append(*rows, found...)
}

// replace puts into a plan what is stored and not in the set, then what is in the set: of two rows
// that contradict each other the one of a file comes later, and is blamed.
func (t planTable[T]) replace(stored ipam.Plan, by planSet, in *ipam.Plan) {
	wanted := *t.of(&by.rows)
	replaced := make(map[string]bool, len(wanted))
	for i := range wanted {
		replaced[t.keyOf(&wanted[i])] = true
	}
	kept := slices.DeleteFunc(slices.Clone(*t.of(&stored)), func(row T) bool { return replaced[t.keyOf(&row)] })
	*t.of(in) = append(kept, wanted...)
}

// against holds the set against what is stored and adds the rows to save.
func (t planTable[T]) against(stored ipam.Plan, wanted planSet, save *ipam.Plan) FileDifference {
	d, rows := t.difference(*t.of(&stored), *t.of(&wanted.rows), time.Time{})
	*t.of(save) = rows
	return d
}

func (t planTable[T]) keyAt(p ipam.Plan, row int) string { return t.keyOf(&(*t.of(&p))[row]) }

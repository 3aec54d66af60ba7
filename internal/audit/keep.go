package audit

import (
	"slices"
	"sync"

	"vigie/internal/inventory"
)

// keptPeriods is how many periods are remembered: those that the page offers, for a
// reader who goes through them.
const keptPeriods = 8

// basis is all that the figures of a period rest on, beside the policy and the school
// calendar, which do not change while Vigie runs. An inventory that has changed is
// another index.
type basis struct {
	period  Period
	index   *inventory.Index
	version int64
}

// keeper remembers what the links carried, so that a page that is sorted, filtered or
// taken home as a workbook reads a year once. It is safe for concurrent use.
type keeper struct {
	mu   sync.Mutex
	kept []keptFigures // the latest last
}

type keptFigures struct {
	basis
	carried map[int64]Carried // by link; read only
}

// fill gives the subjects what is remembered; false when nothing is.
func (k *keeper) fill(b basis, subjects []*subject) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	place := slices.IndexFunc(k.kept, func(f keptFigures) bool { return f.basis == b })
	if place < 0 {
		return false
	}
	for _, sub := range subjects {
		sub.line.Carried = k.kept[place].carried[sub.link.ID]
		sub.line.Months = slices.Clone(sub.line.Months)
	}
	return true
}

// keep remembers the figures of the subjects in place of older ones of the period.
func (k *keeper) keep(b basis, subjects []*subject) {
	carried := make(map[int64]Carried, len(subjects))
	for _, sub := range subjects {
		c := sub.line.Carried
		c.Months = slices.Clone(c.Months)
		carried[sub.link.ID] = c
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = slices.DeleteFunc(k.kept, func(f keptFigures) bool { return f.period == b.period })
	if len(k.kept) == keptPeriods {
		k.kept = slices.Delete(k.kept, 0, 1)
	}
	k.kept = append(k.kept, keptFigures{b, carried})
}

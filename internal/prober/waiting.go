package prober

import (
	"slices"
	"sync"
	"time"
)

const (
	// maxWaiting bounds what waits for a batch while no cycle is complete: 60,000 routers
	// that are asked every minute give as many answers in two cycles of 30 s.
	maxWaiting = 20 * maxObservations
	// makeRoom is how many go when there is none: one at a time would move the others each
	// time.
	makeRoom = maxObservations
)

// waiting is what ended beside the rounds and is in no batch yet, in the order in which
// it ended. It may be used from several goroutines.
type waiting[T any] struct {
	at func(T) time.Time // when it ended

	mu   sync.Mutex
	kept []T
}

// add keeps a result; when there is no room the oldest go, which makes a gap.
func (w *waiting[T]) add(result T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.kept) == maxWaiting {
		w.kept = slices.Delete(w.kept, 0, makeRoom)
	}
	w.kept = append(w.kept, result)
}

// take removes those that ended before the end of a cycle. One that seems to end
// long after it comes from before the clock was set back, and goes too.
func (w *waiting[T]) take(end time.Time, cycle time.Duration) []T {
	w.mu.Lock()
	defer w.mu.Unlock()
	var taken []T
	w.kept = slices.DeleteFunc(w.kept, func(result T) bool {
		at := w.at(result)
		due := at.Before(end) || at.After(end.Add(2*cycle))
		if due {
			taken = append(taken, result)
		}
		return due
	})
	return taken
}

// sameList reports whether two lists that are never changed are one.
func sameList[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

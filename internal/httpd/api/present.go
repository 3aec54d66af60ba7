package api

import (
	"cmp"
	"slices"
	"time"

	"vigie/internal/view"
)

// List is one piece of a list.
type List[T any] struct {
	Items []T `json:"items"`
	// Next is where the next piece begins, for the parameter after; empty at the end.
	Next string `json:"next" doc:"Where the next piece begins, for the parameter after; empty at the end of the list."`
}

// Live is a piece of a list that tells the present, and from when.
type Live[T any] struct {
	List[T]
	DecidedAt *time.Time `json:"decided_at" doc:"The last decided cycle; null before the first."`
	Stale     bool       `json:"stale" doc:"The last decided cycle is too old to be the present."`
	Simulated bool       `json:"simulated" doc:"Some figure of the last minutes is simulated."`
}

func newLive[T any](items []T, next string, n view.Notices) Live[T] {
	return Live[T]{List: List[T]{items, next}, DecidedAt: instant(n.Decided), Stale: n.Stale, Simulated: n.Simulated}
}

// piece sorts a list by a key that no two items share, and cuts what comes after a key.
func piece[T any](all []T, key func(T) string, after string, limit int) (items []T, next string) {
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	from, found := slices.BinarySearchFunc(all, after, func(item T, after string) int { return cmp.Compare(key(item), after) })
	if found {
		from++
	}
	items = append([]T{}, all[from:min(from+limit, len(all))]...)
	if from+limit < len(all) {
		next = key(items[limit-1])
	}
	return items, next
}

// instant is a time in UTC, nil for a zero one.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// day is a civil day as "2026-11-24", nil for a zero one.
func day(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.Format(time.DateOnly)
	return &text
}

// known is a value, nil for the one that stands for "not known".
func known[T comparable](v T) *T {
	var none T
	if v == none {
		return nil
	}
	return &v
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// each converts every row; the result is never nil, so that JSON has a list.
func each[A, B any](rows []A, convert func(A) B) []B {
	out := make([]B, 0, len(rows))
	for _, row := range rows {
		out = append(out, convert(row))
	}
	return out
}

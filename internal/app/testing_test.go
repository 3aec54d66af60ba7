package app

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/trial"
	"vigie/probe"
)

func TestOfLinksThatTheHourClosesNothingIsLookedUpUnlessAsked(t *testing.T) {
	t.Parallel()
	x := inventory.NewIndex(inventory.Snapshot{Links: []inventory.Link{
		{ID: 1, Ref: "A", ProbeAddress: netip.MustParseAddr("192.0.2.1")},
		{ID: 2, Ref: "B", ProbeAddress: netip.MustParseAddr("192.0.2.2")},
	}})
	db := storetest.New(t)
	var why probe.NotRun
	insisted := false
	links := tests{
		index:  func(context.Context) (*inventory.Index, error) { return x, nil },
		view:   store.NewView(db),
		closed: func(time.Time, calendar.School) probe.NotRun { return why },
		requests: func(context.Context, time.Time) ([]trial.Request, error) {
			return []trial.Request{{Link: 2, At: time.Date(2026, 11, 25, 11, 59, 0, 0, time.UTC), Insists: insisted}}, nil
		},
	}
	ended, end := context.WithCancel(t.Context())
	end() // with which the store answers nothing
	for _, of := range []struct {
		why             probe.NotRun
		every, insisted bool
		asks            bool
	}{
		{"", false, false, true},
		{probe.InSchoolHours, false, false, false},
		{probe.InSchoolHours, false, true, false},
		{probe.OutsideWindow, false, false, false},
		{probe.OutsideWindow, false, true, true},
		{probe.InExams, false, true, false},
		{probe.CalendarUnknown, false, false, true}, // which is told
		{probe.InSchoolHours, true, false, true},
	} {
		why, insisted = of.why, of.insisted
		found, err := links.links(ended, time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), of.every)
		if (err != nil) != of.asks || len(found) != 0 {
			t.Errorf("closed by %q, every one asked for: %t, insisted on: %t: got %d links, error %v; looked up: want %t", of.why, of.every, of.insisted, len(found), err, of.asks)
		}
	}
}

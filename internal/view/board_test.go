package view

import (
	"testing"
	"time"

	"vigie/internal/linkstate"
)

func TestAMinuteBeforeTheStatusOfALinkTellsNothingOfThePresent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status   linkstate.Status
		since    time.Time
		received int
		former   bool
	}{
		"down since":                             {linkstate.Down, noon.Add(time.Second), 3, true},
		"down before":                            {linkstate.Down, noon.Add(-time.Second), 0, false},
		"unknown for ever":                       {linkstate.Unknown, time.Time{}, 10, true},
		"back since, and silent before":          {linkstate.Up, noon.Add(30 * time.Second), 0, true},
		"back since, and answering before":       {linkstate.Up, noon.Add(30 * time.Second), 4, true},
		"back as the minute began":               {linkstate.Up, noon, 10, false},
		"well for ever":                          {linkstate.Up, time.Time{}, 10, false},
		"failing in part since, in part before":  {linkstate.Degraded, noon.Add(time.Minute), 7, false},
		"failing in part since, silent before":   {linkstate.Degraded, noon.Add(time.Minute), 0, true},
		"failing in part, silent for one minute": {linkstate.Degraded, noon.Add(-time.Minute), 0, false},
	} {
		if got := (Latest{At: noon, Sent: 10, Received: test.received}).beside(test.status, test.since); got.Former != test.former {
			t.Errorf("%s: former %t, want %t", name, got.Former, test.former)
		}
	}
}

package sla_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"vigie/internal/calendar"
	"vigie/internal/sla"
)

func TestTheUptimeAfterAnOutageTellsPowerFromLine(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	outage := calendar.Interval{From: from, To: from.Add(10 * time.Minute)}
	for name, test := range map[string]struct {
		outage calendar.Interval
		asked  time.Duration // after the recovery
		uptime time.Duration
		want   sla.Origin
	}{
		"a router that started as power came back":          {outage, 30 * time.Second, 90 * time.Second, sla.FromRestart},
		"one that has run for days":                         {outage, 30 * time.Second, 100 * time.Hour, sla.FromLine},
		"on recovery an uptime just under length and 120 s": {outage, 0, 12*time.Minute - time.Microsecond, sla.FromRestart},
		"on recovery an uptime of just that":                {outage, 0, 12 * time.Minute, sla.FromLine},
		"the same, asked a minute later":                    {outage, time.Minute, 13 * time.Minute, sla.FromLine},
		"an agent that counts from after the first echo":    {outage, 3 * time.Minute, time.Minute, sla.FromRestart},
		"one that started again since":                      {outage, time.Hour, time.Minute, sla.Untold},
		"an answer from before the recovery":                {outage, -time.Second, time.Minute, sla.Untold},
		"no uptime":                                         {outage, time.Minute, 0, sla.Untold},
		"an outage that lasts":                              {calendar.Interval{From: from}, 0, time.Minute, sla.Untold},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := outage.To.Add(test.asked)
			got := sla.Find(test.outage, asked, test.uptime)
			want := sla.Finding{Origin: test.want, Asked: asked, Started: asked.Add(-test.uptime)}
			if test.want == sla.Untold {
				want = sla.Finding{}
			}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// TestWhenTheRouterIsAskedDoesNotChangeWhatItTells: the finding rests on when it
// started, not on how long after the recovery somebody asked.
func TestWhenTheRouterIsAskedDoesNotChangeWhatItTells(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
		second := func(name string, low, high int) time.Duration {
			return time.Duration(rapid.IntRange(low, high).Draw(t, name)) * time.Second
		}
		outage := calendar.Interval{From: from, To: from.Add(second("length", 15, 10000))}
		started := outage.To.Add(-second("started", -100, 20000))
		first := outage.To.Add(second("first", 101, 200))
		later := first.Add(second("later", 0, 100000))
		if a, b := sla.Find(outage, first, first.Sub(started)), sla.Find(outage, later, later.Sub(started)); a.Origin != b.Origin || a.Origin == sla.Untold {
			t.Errorf("asked at %s %q, at %s %q", first, a.Origin, later, b.Origin)
		}
	})
}

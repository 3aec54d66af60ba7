package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vigie/internal/watch"
	"vigie/probe"
	"vigie/probe/snmp"
)

func TestPollsAreCountedByTheirOutcome(t *testing.T) {
	t.Parallel()
	m := newMeters()
	m.batch(probe.Batch{Polls: []probe.Poll{
		{Link: 1}, {Link: 2}, {Link: 3, Problem: snmp.ProblemSilent}, {Link: 4, Problem: "what the router says"}, {Link: 5, Problem: snmp.ProblemUnset},
	}})
	var text strings.Builder
	m.set.WritePrometheus(&text)
	for _, want := range []string{
		"vigie_router_polls_total 5\n", "vigie_router_polls_answered_total 2\n", `vigie_router_polls_failed_total{reason="silent"} 1`,
		`vigie_router_polls_failed_total{reason="other"} 1`, `vigie_router_polls_failed_total{reason="not-configured"} 1`,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the figures lack %s:\n%s", want, text.String())
		}
	}
}

func TestAClockThatNobodyKeepsIsNotWell(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		clock probe.Clock
		want  bool
	}{
		"right":         {probe.Clock{Source: "ntp", Synchronised: true, Offset: time.Second}, true},
		"wrong":         {probe.Clock{Source: "ntp", Synchronised: true, Offset: -2 * time.Second}, false},
		"free":          {probe.Clock{Source: "kernel"}, false},
		"nothing known": {probe.Clock{}, true},
	} {
		m := newMeters()
		m.batch(probe.Batch{Prober: "nancy", Last: true, Quality: probe.Quality{Clock: probe.Clock{Source: "ntp", Synchronised: true}}})
		m.batch(probe.Batch{Prober: "metz", Last: true, Quality: probe.Quality{Clock: test.clock}})
		if got := m.probers.clocksKept(); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestEachProberHasItsOwnFiguresUpToABound(t *testing.T) {
	t.Parallel()
	m := newMeters()
	cycle := time.Now().Add(-31 * time.Second).Truncate(time.Second)
	m.batch(probe.Batch{
		Prober: "metz", Cycle: cycle, CycleLength: 30 * time.Second, Planned: 9, Last: true, Observations: make([]probe.Observation, 7),
		Quality: probe.Quality{
			Overrun: 3, Errands: 11, Unsent: 4, Void: 5, Dropped: 6, Unstamped: 8, Forged: 2, WorstLag: 80 * time.Millisecond, Lag95: 20 * time.Millisecond,
			Clock: probe.Clock{Source: "ntp.example", Synchronised: true, Offset: -5 * time.Millisecond, MaxError: time.Millisecond},
		},
	})
	for i := range 2 * mostProbers {
		m.batch(probe.Batch{Prober: fmt.Sprintf("p%d \"}", i), Planned: 1})
	}
	for n, gap := range []watch.GapReason{watch.Doubtful, watch.Isolated, watch.Isolated} {
		m.cycle(watch.Report{Cycle: cycle.Add(time.Duration(n) * 30 * time.Second), Uplinks: []watch.Uplink{
			{Prober: "metz", Length: 30 * time.Second, Gap: gap}, {Prober: "p0 \"}", Length: 30 * time.Second},
		}})
	}
	var text strings.Builder
	m.set.WritePrometheus(&text)
	for _, want := range []string{
		`vigie_prober_isolated{prober="metz"} 1`, `vigie_prober_isolated_seconds_total{prober="metz"} 60`, `vigie_prober_doubtful_seconds_total{prober="metz"} 30`,
		`vigie_prober_isolated{prober="p0 \"}"} 0`,
		`vigie_prober_rounds_planned_total{prober="metz"} 9`, `vigie_prober_rounds_measured_total{prober="metz"} 7`, `vigie_prober_overrun_total{prober="metz"} 3`,
		`vigie_prober_errands_left_out_total{prober="metz"} 11`,
		`vigie_prober_echoes_unsent_total{prober="metz"} 4`, `vigie_prober_echoes_void_total{prober="metz"} 5`, `vigie_prober_messages_dropped_total{prober="metz"} 6`, `vigie_prober_echoes_unstamped_total{prober="metz"} 8`,
		`vigie_prober_replies_rejected_total{prober="metz",reason="forged"} 2`, `vigie_prober_worst_send_lag_seconds{prober="metz"} 0.08`,
		`vigie_prober_p95_send_lag_seconds{prober="metz"} 0.02`, `vigie_prober_clock_offset_seconds{prober="metz"} -0.005`,
		`vigie_prober_clock_max_error_seconds{prober="metz"} 0.001`, `vigie_prober_clock_synchronised{prober="metz"} 1`,
		fmt.Sprintf(`vigie_prober_rounds_planned_total{prober="other"} %d`, mostProbers+1),
	} {
		if !strings.Contains(text.String(), want+"\n") {
			t.Errorf("the figures lack %s", want)
		}
	}
	if n := strings.Count(text.String(), "vigie_prober_overrun_total{"); n != mostProbers+1 {
		t.Errorf("%d probers have series of their own, want %d and one for the others", n, mostProbers)
	}
}

// A clock is read, then its server of time is silent.
func TestNothingIsShownOfAClockThatNobodyChecks(t *testing.T) {
	t.Parallel()
	m := newMeters()
	const offset, within = `vigie_prober_clock_offset_seconds{prober="metz"}`, `vigie_prober_clock_max_error_seconds{prober="metz"}`
	for _, step := range []struct {
		clock probe.Clock
		want  map[string]bool
	}{
		{probe.Clock{}, nil},
		{probe.Clock{Source: "ntp", Synchronised: true, Offset: time.Second, MaxError: time.Second}, map[string]bool{offset: true, within: true}},
		{probe.Clock{Source: "ntp", Synchronised: true}, map[string]bool{offset: true}},
		{probe.Clock{Source: "kernel"}, nil},
		{probe.Clock{Source: "ntp", Synchronised: true, MaxError: time.Second}, map[string]bool{offset: true, within: true}},
		{probe.Clock{}, nil},
	} {
		m.batch(probe.Batch{Prober: "metz", Last: true, Quality: probe.Quality{Clock: step.clock}})
		var text strings.Builder
		m.set.WritePrometheus(&text)
		for _, name := range []string{offset, within} {
			if got := strings.Contains(text.String(), name); got != step.want[name] {
				t.Errorf("%+v: %s is shown: %t, want %t", step.clock, name, got, step.want[name])
			}
		}
	}
}

func TestNotificationsAreShownByWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	m := newMeters()
	m.notifications(snmp.TrapCounters{Heard: 3, Unknown: 7})
	m.notifications(snmp.TrapCounters{Heard: 4, Unknown: 7, Refused: 1})
	var text strings.Builder
	m.set.WritePrometheus(&text)
	for _, want := range []string{
		`vigie_snmp_notifications_total{result="heard"} 4`, `vigie_snmp_notifications_total{result="unknown"} 7`,
		`vigie_snmp_notifications_total{result="refused"} 1`, `vigie_snmp_notifications_total{result="malformed"} 0`,
	} {
		if !strings.Contains(text.String(), want+"\n") {
			t.Errorf("the figures lack %s:\n%s", want, text.String())
		}
	}
}

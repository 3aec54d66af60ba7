package watch_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
)

func TestASessionOfSTAMPIsKeptByItsMinuteAndDecidesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	minutes := map[time.Time]bool{}
	for n := range 10 {
		minutes[w.nth(n).Add(time.Second).Truncate(time.Minute)] = true
		b := w.batch("metz", w.nth(n), false, func(int) result { return "ok" })
		lost := &probe.Stamp{Reflector: netip.MustParseAddrPort("192.0.2.9:862"), Sent: 10}
		good := &probe.Stamp{Reflector: lost.Reflector, Sent: 10, Received: 9, Loaded: n == 0, MinMicros: 1000, MedianMicros: 2000, MaxMicros: 5000, Counted: true, ForwardLost: 1}
		b.Reports = []probe.Report{
			{Link: w.links[0], At: w.nth(n).Add(time.Second), Finding: lost}, {Link: w.links[1], At: w.nth(n).Add(time.Second), Finding: good},
		}
		w.apply(t, b, w.nth(n+1))
		w.apply(t, b, w.nth(n+1)) // the pipe brings it again
		w.decide(t, w.nth(n), false, w.nth(n+1))
	}
	got := w.ask(t, `SELECT count(*), count(median_micros), count(*) FILTER (WHERE loaded), min(sent - received), max(sent - received), sum(forward_lost) FROM stamp_minute`)
	n := len(minutes) // the first session of each stands
	if diff := cmp.Diff([]string{fmt.Sprint(2*n, n, 1, 1, 10, n)}, got); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	for _, table := range []string{"incident", "outage", "finding"} {
		if got := w.ask(t, "SELECT count(*) FROM "+table); got[0] != "0" {
			t.Errorf("%s rows in %s, want none", got, table)
		}
	}
}

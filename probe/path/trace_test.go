package path

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/probe"
)

func TestATraceSumsUpItsProbesAndEndsBehindTheLastAnswer(t *testing.T) {
	t.Parallel()
	core, pop := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	trace := &probe.Trace{Cause: probe.TraceSuspect, Begun: time.Unix(1790000000, 0), Method: "icmp", To: netip.MustParseAddr("192.0.2.9")}
	delays := map[int][]int64{}
	for round := range 3 {
		add(trace, delays, Probe{Hop: 1, Round: round, Kind: Passing, From: core, RTT: time.Duration(round+1) * time.Millisecond})
		kind := Passing
		if round == 0 {
			kind = Lost
		}
		add(trace, delays, Probe{Hop: 2, Round: round, Kind: kind, From: pop, RTT: 5 * time.Millisecond})
		for hop := 3; hop < 7; hop++ {
			add(trace, delays, Probe{Hop: hop, Round: round, Kind: Lost})
		}
		add(trace, delays, Probe{Hop: 3, Round: round, Kind: Unsent})
	}
	finish(trace, delays)
	want := []probe.Hop{
		{Number: 1, From: []netip.Addr{core}, Sent: 3, Received: 3, MedianMicros: 2000},
		{Number: 2, From: []netip.Addr{pop}, Sent: 3, Received: 2, MedianMicros: 5000},
		{Number: 3, Sent: 3},
	}
	if diff := cmp.Diff(want, trace.Hops, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("hops (-want +got):\n%s", diff)
	}
	if last, ok := trace.Last(); !ok || last.Number != 2 || trace.Reached {
		t.Errorf("the last hop is %+v, want the second, and the end not reached", last)
	}
	if err := trace.Validate(); err != nil {
		t.Error(err)
	}
}

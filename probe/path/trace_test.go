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
	sums := newSums()
	for round := range 3 {
		sums.add(trace, Probe{Hop: 1, Round: round, Kind: Passing, From: core, RTT: time.Duration(round+1) * time.Millisecond})
		kind := Passing
		if round == 0 {
			kind = Lost
		}
		sums.add(trace, Probe{Hop: 2, Round: round, Kind: kind, From: pop, RTT: 5 * time.Millisecond})
		for hop := 3; hop < 7; hop++ {
			sums.add(trace, Probe{Hop: hop, Round: round, Kind: Lost})
		}
		sums.add(trace, Probe{Hop: 3, Round: round, Kind: Unsent})
	}
	sums.finish(trace)
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

// On a line that loses echoes the answer of the first probe that reaches the target may be
// the one that is lost, while those sent right behind it are answered.
func TestTheWayEndsWithTheFirstHopThatReachedTheTarget(t *testing.T) {
	t.Parallel()
	core, target := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9")
	trace := &probe.Trace{Cause: probe.TraceSuspect, Begun: time.Unix(1790000000, 0), Method: "icmp", To: target}
	sums := newSums()
	for _, p := range []Probe{
		{Hop: 1, Kind: Passing, From: core, RTT: time.Millisecond},
		{Hop: 3, Kind: Reached, From: target, RTT: 4 * time.Millisecond},
		{Hop: 4, Kind: Reached, From: target, RTT: 4 * time.Millisecond},
		{Hop: 2, Kind: Lost},
		{Hop: 1, Round: 1, Kind: Passing, From: core, RTT: time.Millisecond},
		{Hop: 2, Round: 1, Kind: Reached, From: target, RTT: 3 * time.Millisecond},
	} {
		sums.add(trace, p)
	}
	sums.finish(trace)
	want := []probe.Hop{
		{Number: 1, From: []netip.Addr{core}, Sent: 2, Received: 2, MedianMicros: 1000},
		{Number: 2, From: []netip.Addr{target}, Sent: 2, Received: 1, MedianMicros: 3000},
	}
	if diff := cmp.Diff(want, trace.Hops, cmpopts.EquateComparable(netip.Addr{})); diff != "" || !trace.Reached {
		t.Errorf("reached %t, hops (-want +got):\n%s", trace.Reached, diff)
	}
}

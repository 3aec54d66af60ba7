package lab_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"vigie/internal/lab"
	"vigie/probe"
	"vigie/probe/path"
)

// Each router on the way says where a packet ends, up to where the way is broken.
func TestATraceGoesUpToWhereTheWayIsBroken(t *testing.T) {
	t.Parallel()
	const pop, demarcation, router, firewall = "198.19.248.1", "198.19.0.1", "198.18.0.1", "198.19.1.1"
	region := topology(11)
	link := &region.Links[0]
	link.Demarcation, link.Firewall = netip.MustParseAddr(demarcation), netip.MustParseAddr(firewall)
	network := start(t, region, nil)
	faults := lab.NewFaults(region, nil, network)
	for _, test := range []struct {
		fault lab.Fault
		to    string
		want  string
	}{
		{lab.Fault{}, router, pop + " " + demarcation + " " + router + "!"},
		{lab.Fault{}, firewall, pop + " " + demarcation + " " + router + " " + firewall + "!"},
		{lab.Fault{}, demarcation, pop + " " + demarcation + "!"},
		{lab.Fault{}, pop, pop + "!"},
		{lab.Fault{}, "198.18.0.11", "198.19.248.2 198.18.0.11!"}, // on another POP, without a demarcation
		{lab.Fault{}, region.Canaries[0].String(), region.Canaries[0].String() + "!"},
		{lab.Fault{Kind: lab.KindCut, Target: link.Ref}, router, pop + " -"},
		{lab.Fault{Kind: lab.KindLoss, Target: link.Ref, LossPerMillion: 1_000_000}, router, pop + " -"},
		{lab.Fault{Kind: lab.KindPower, Target: link.Sites[0]}, router, pop + " -"},
		{lab.Fault{Kind: lab.KindRouter, Target: link.Ref}, router, pop + " " + demarcation + " -"},
		{lab.Fault{Kind: lab.KindFirewall, Target: link.Ref}, firewall, pop + " " + demarcation + " " + router + " -"},
		{lab.Fault{Kind: lab.KindPOP, Target: link.POP}, router, "-"},
		{lab.Fault{Kind: lab.KindPOP, Target: "pop-01"}, router, pop + " " + demarcation + " " + router + "!"},
		{lab.Fault{Kind: lab.KindUplink}, router, "-"},
	} {
		var id uint64
		if test.fault.Kind != "" {
			active, err := faults.Begin(test.fault)
			if err != nil {
				t.Fatal(err)
			}
			id = active.ID
		}
		for _, method := range []path.Method{path.ICMP, path.UDP} {
			time.Sleep(time.Second) // so that each router may speak again
			o := path.Options{Host: netip.MustParseAddr(test.to), Method: method, Rounds: 1, Interval: time.Second, Timeout: 400 * time.Millisecond, Open: network.InProber}
			found, err := path.Find(t.Context(), o, probe.TraceSuspect)
			if err != nil {
				t.Fatal(err)
			}
			if got := hopsOf(found); got != test.want {
				t.Errorf("%s to %s during %q: %s, want %s", method, test.to, test.fault.Kind, got, test.want)
			}
		}
		if id != 0 {
			if err := faults.End(id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := network.Counters().Expired; got == 0 {
		t.Error("no packet is counted as ended on the way")
	}
}

// hopsOf is a trace in short: who answered, hop by hop, a dash for silence, and a !
// when that was the address itself.
func hopsOf(t *probe.Trace) string {
	hops := make([]string, len(t.Hops))
	for i, h := range t.Hops {
		if hops[i] = "-"; len(h.From) > 0 {
			hops[i] = fmt.Sprint(h.From[0])
		}
	}
	if t.Reached {
		return strings.Join(hops, " ") + "!"
	}
	return strings.Join(hops, " ")
}

func TestARouterOfTheLabAnswersLateAsItsWayIsLong(t *testing.T) {
	t.Parallel()
	region := topology(1)
	pop := netip.MustParseAddr("198.19.248.1")
	delay := 60 * time.Millisecond
	network := start(t, region, lab.Baseline{pop: {Delay: delay}, region.Links[0].Addr: {Delay: 2 * delay}})
	o := path.Options{Host: region.Links[0].Addr, Method: path.ICMP, Rounds: 1, Interval: time.Second, Timeout: time.Second, Open: network.InProber}
	found, err := path.Find(t.Context(), o, probe.TraceReference)
	if err != nil {
		t.Fatal(err)
	}
	for i, least := range []time.Duration{delay, 2 * delay} {
		if got := time.Duration(found.Hops[i].MedianMicros) * time.Microsecond; got < least || got > least+delay {
			t.Errorf("hop %d answered after %s, want %s and little more", i+1, got, least)
		}
	}
}

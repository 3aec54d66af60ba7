package lab_test

import (
	"net/netip"
	"testing"
	"time"

	"vigie/internal/lab"
	"vigie/probe/snmp"
)

func TestRoutersAnswerInTheLabAsTheirFaultsSay(t *testing.T) {
	t.Parallel()
	region := wired(3) // the first two end at one site, on two POPs
	network := start(t, region, nil)
	faults := lab.NewFaults(region, nil, network)
	poller, err := snmp.New(snmp.Options{Timeout: 300 * time.Millisecond, Retries: 1, InFlight: 4, Open: network.InProber})
	if err != nil {
		t.Fatal(err)
	}
	alone, first := region.Links[2], region.Links[0]
	ask := func(link lab.Link, addr netip.Addr) string {
		got := poller.Poll(t.Context(), snmp.Router{
			Ref: link.Ref, Addr: netip.AddrPortFrom(addr, snmp.Port),
			Credential: snmp.Credential{Version: snmp.V2c, Community: lab.Community},
		})
		switch {
		case got.Problem != "":
			return got.Problem
		case got.Access.Alias != link.Ref || !got.Access.Counted || got.Access.SpeedBits != 100_000_000:
			t.Errorf("asked %v: %+v, want the access of %s", addr, got, link.Ref)
			return "another"
		case got.Uptime < time.Minute:
			return "restarted"
		case !got.Access.Up:
			return "down"
		}
		return "up"
	}
	for _, test := range []struct {
		fault                     lab.Fault
		link                      lab.Link
		during, router, afterward string
	}{
		{lab.Fault{Kind: lab.KindCut, Target: alone.Ref}, alone, snmp.ProblemSilent, snmp.ProblemSilent, "up"},
		{lab.Fault{Kind: lab.KindCut, Target: first.Ref}, first, snmp.ProblemSilent, "down", "up"},
		{lab.Fault{Kind: lab.KindRouter, Target: alone.Ref}, alone, snmp.ProblemSilent, snmp.ProblemSilent, "restarted"},
		{lab.Fault{Kind: lab.KindPower, Target: first.Sites[0]}, first, snmp.ProblemSilent, snmp.ProblemSilent, "restarted"},
	} {
		if got := ask(test.link, test.link.Router); got == snmp.ProblemSilent {
			t.Errorf("before %+v the router is silent", test.fault)
		}
		begun, err := faults.Begin(test.fault)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(test.link, test.link.Addr); got != test.during {
			t.Errorf("during %+v the link's address is %s, want %s", test.fault, got, test.during)
		}
		if got := ask(test.link, test.link.Router); got != test.router {
			t.Errorf("during %+v the router is %s, want %s", test.fault, got, test.router)
		}
		if err := faults.End(begun.ID); err != nil {
			t.Fatal(err)
		}
		if got := ask(test.link, test.link.Addr); got != test.afterward {
			t.Errorf("after %+v the router is %s, want %s", test.fault, got, test.afterward)
		}
	}
}

func TestADemarcationAnswersWhileItsRouterIsDead(t *testing.T) {
	t.Parallel()
	region := wired(1)
	link := region.Links[0]
	network := start(t, region, nil)
	faults, ping := lab.NewFaults(region, nil, network), newPinger(t, network)
	for kind, want := range map[lab.Kind]int{lab.KindRouter: 3, lab.KindPower: 0, lab.KindCut: 0} {
		target := link.Ref
		if kind == lab.KindPower {
			target = link.Sites[0]
		}
		begun, err := faults.Begin(lab.Fault{Kind: kind, Target: target})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(ping.ping(t, link.Demarcation, 3, time.Millisecond)); got != want {
			t.Errorf("%s: the demarcation answered %d of 3 echoes, want %d", kind, got, want)
		}
		if got := len(ping.ping(t, link.Addr, 3, time.Millisecond)); got != 0 {
			t.Errorf("%s: the link answered %d echoes, want none", kind, got)
		}
		if err := faults.End(begun.ID); err != nil {
			t.Fatal(err)
		}
	}
}

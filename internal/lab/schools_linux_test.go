package lab_test

import (
	"net/netip"
	"testing"
	"time"

	"vigie/internal/lab"
	"vigie/probe/service"
)

func TestASchoolAnswersThroughItsLinkUntilItsFirewallDies(t *testing.T) {
	region := topology(1)
	firewall := netip.MustParseAddr("198.19.7.1")
	region.Links[0].Firewall = firewall
	line := lab.Impairment{Delay: 6 * time.Millisecond}
	base := lab.Baseline{region.Links[0].Addr: line, firewall: line}
	network := start(t, region, base)
	schools, err := network.ServeSchools(7)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := schools.Stop(); err != nil {
			t.Error(err)
		}
	})
	prober := service.Prober{Dial: dialer(network), Roots: schools.Roots}
	ask := func(text string) service.Result {
		t.Helper()
		check, err := service.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		check.Timeout = 2 * time.Second
		result, err := prober.Run(t.Context(), check)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	for _, text := range []string{"http://198.19.7.1/", "https://198.19.7.1/", "dns://198.19.7.1/amon.example", "tcp://198.19.7.1:443"} {
		r := ask(text)
		if r.Reason != service.OK {
			t.Errorf("%s: %s (%s), want an answer", text, r.Reason, r.Detail)
		}
		if r.Timings.Whole < 6*time.Millisecond {
			t.Errorf("%s took %s: it did not come through the link", text, r.Timings.Whole)
		}
		if text == "https://198.19.7.1/" && (r.Certificate == nil || r.Certificate.Until.Before(time.Now().AddDate(0, 0, 9))) {
			t.Errorf("certificate %+v, want one that holds ten days at least", r.Certificate)
		}
	}
	faults := lab.NewFaults(region, base, network)
	dead, err := faults.Begin(lab.Fault{Kind: lab.KindFirewall, Target: region.Links[0].Ref})
	if err != nil {
		t.Fatal(err)
	}
	if r := ask("tcp://198.19.7.1:443"); r.Reason != service.Timeout {
		t.Errorf("behind a dead firewall: %s, want no answer", r.Reason)
	}
	if r := ask("tcp://" + region.Links[0].Addr.String() + ":443"); r.Reason != service.OK {
		t.Errorf("the line: %s (%s), want it good", r.Reason, r.Detail)
	}
	if err := faults.End(dead.ID); err != nil {
		t.Fatal(err)
	}
	if r := ask("tcp://198.19.7.1:443"); r.Reason != service.OK {
		t.Errorf("after its repair: %s, want an answer", r.Reason)
	}
	if _, err := faults.Begin(lab.Fault{Kind: lab.KindFirewall, Target: topology(2).Links[1].Ref}); err == nil {
		t.Error("a firewall that does not exist dies")
	}
}

package view

import (
	"fmt"
	"testing"
	"time"

	"vigie/internal/ticket"
	"vigie/probe"
)

func TestATraceStandsBesideTheLastGoodWayBeforeIt(t *testing.T) {
	t.Parallel()
	at := func(minute int, prober string, cause probe.TraceCause) Finding {
		when := noon.Add(time.Duration(minute) * time.Minute)
		return Finding{At: when, Prober: prober, Finding: &probe.Trace{Cause: cause, Begun: when}}
	}
	found := []Finding{ // the latest first
		at(50, "a", probe.TraceReference), at(40, "a", probe.TraceSuspect), at(35, "b", probe.TraceReference),
		at(20, "a", probe.TraceReference), at(10, "a", probe.TraceSuspect), at(5, "a", probe.TraceReference), at(-30, "a", probe.TraceSuspect),
	}
	p := pathsOf(LinkName{ID: 1}, found, noon, nil)
	if p.Good == nil || !p.Good.At.Equal(noon.Add(50*time.Minute)) {
		t.Fatalf("the last good way is %+v", p.Good)
	}
	var pairs []time.Duration
	for _, s := range p.Silent {
		pairs = append(pairs, s.At.Sub(noon), s.GoodAt.Sub(noon))
	}
	want := []time.Duration{40 * time.Minute, 20 * time.Minute, 10 * time.Minute, 5 * time.Minute}
	if len(pairs) != len(want) {
		t.Fatalf("got %v, want %v: one before the range is left out", pairs, want)
	}
	for i := range want {
		if pairs[i] != want[i] {
			t.Errorf("got %v, want %v: the other prober's way is another", pairs, want)
		}
	}
}

func TestATicketShowsTheTracesNearestToItsStartByEachMethod(t *testing.T) {
	t.Parallel()
	trace := func(second int, prober, method string) Trace {
		begun := noon.Add(time.Duration(second) * time.Second)
		return Trace{At: begun, Prober: prober, Trace: probe.Trace{Begun: begun, Method: method}}
	}
	for _, test := range []struct {
		silent []Trace // the latest first
		want   string
	}{
		{nil, ""},
		{[]Trace{trace(5, "a", "icmp")}, "icmp 5 "},
		{[]Trace{trace(900, "a", "icmp"), trace(20, "a", "udp"), trace(15, "b", "udp"), trace(5, "a", "icmp")}, "icmp 5 udp 20 "},
		{[]Trace{trace(900, "a", "udp"), trace(5, "a", "icmp")}, "icmp 5 "},
		{[]Trace{trace(30, "a", "udp"), trace(5, "a", "udp")}, "udp 5 "},
		{[]Trace{trace(8, "a", "udp"), trace(4, "a", "icmp"), trace(-70, "a", "udp"), trace(-78, "a", "icmp")}, "icmp 4 udp 8 "},
		{[]Trace{trace(2, "a", "udp"), trace(-6, "a", "icmp")}, "icmp -6 udp 2 "},
		{[]Trace{trace(-31, "a", "icmp")}, ""},
	} {
		got := ""
		for _, shown := range pairOf(test.silent, ticket.Period{Since: noon}) {
			got += fmt.Sprintf("%s %.0f ", shown.Method, shown.Begun.Sub(noon).Seconds())
		}
		if got != test.want {
			t.Errorf("%+v: shows %q, want %q", test.silent, got, test.want)
		}
	}
}

func TestATraceThatOurOwnUplinkEndedIsNotShown(t *testing.T) {
	t.Parallel()
	at := func(second int, prober string) Finding { // it took eight seconds
		begun := noon.Add(time.Duration(second) * time.Second)
		return Finding{At: begun.Add(8 * time.Second), Prober: prober, Finding: &probe.Trace{Cause: probe.TraceSuspect, Begun: begun}}
	}
	away := isolations{"a": {{From: noon.Add(30 * time.Second), To: noon.Add(time.Minute)}}}
	p := pathsOf(LinkName{ID: 1}, []Finding{at(60, "a"), at(50, "b"), at(40, "a"), at(25, "a"), at(20, "a")}, noon, away)
	got := ""
	for _, s := range p.Silent {
		got += fmt.Sprintf("%s %.0f ", s.Prober, s.Begun.Sub(noon).Seconds())
	}
	if want := "a 60 b 50 a 20 "; got != want {
		t.Errorf("shows %q, want %q", got, want)
	}
}

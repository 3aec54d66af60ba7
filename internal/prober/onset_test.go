package prober

import (
	"testing"
	"time"

	"vigie/probe"
)

func TestTheWayIsLookedForWhenALinkFallsSilentAndOnceWhileItFailsInPart(t *testing.T) {
	t.Parallel()
	rtts := map[rune][]int32{'g': {9, 9}, 'p': {9, lost}, 'l': {lost, lost}, ' ': {}}
	for name, test := range map[string]struct {
		rounds string // g all answered, p a part, l nothing, blank: nothing known
		want   string // T for a total loss, P for one in part, in the place of its round
	}{
		"it falls silent":                  {"gglll", "..T.."},
		"cut in the middle of a round":     {"gpll", "..T."},
		"silent since the start":           {"lll", "..."},
		"one lost echo now and then":       {"gpgggpgggp", ".........."},
		"in part":                          {"gpppppp", "...P..."},
		"in part, with whole rounds":       {"gpgppgp", "....P.."},
		"in part for hours":                {"pppgpgppggppggpggp", "..P..............."},
		"in part, well, in part again":     {"pppggggggppp", "..P........P"},
		"in part, then silent":             {"ppplgppp", "..PT...."},
		"silent, then in part":             {"gllppp", ".T...P"},
		"comes and goes":                   {"glglg", ".T.T."},
		"what is not known changes little": {"g p  p p", ".......P"},
	} {
		o, got := onsets{}, ""
		for i, r := range test.rounds {
			due, total := o.saw(probe.Observation{Target: 1, Kind: probe.Link, RTTMicros: rtts[r]}, cycle.Add(time.Duration(i)*time.Second))
			switch {
			case due && total:
				got += "T"
			case due:
				got += "P"
			default:
				got += "."
			}
		}
		if got != test.want {
			t.Errorf("%s: %q gives %q, want %q", name, test.rounds, got, test.want)
		}
	}
}

func TestOnsetsForgetLinksThatAreGone(t *testing.T) {
	t.Parallel()
	o := onsets{}
	for id := range int64(3) {
		o.saw(probe.Observation{Target: id, Kind: probe.Link, RTTMicros: []int32{9}}, cycle)
	}
	o.planned([]probe.Target{link(2), canary(1)})
	if _, kept := o[2]; !kept || len(o) != 1 {
		t.Errorf("%d links remembered, want the one that is still probed", len(o))
	}
}

package watch_test

import (
	"testing"

	"vigie/probe"
)

// TestADemarcationAccusesTheRouterOnlyFromAConnectedProber has a link fail for
// three cycles while its demarcation is heard, or not, by two vantage points.
func TestADemarcationAccusesTheRouterOnlyFromAConnectedProber(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		heardBy, isolated string
		router            bool // the router answers by another path
		want              string
	}{
		"heard by one of two":         {heardBy: "b", want: "router"},
		"heard by an isolated one":    {heardBy: "b", isolated: "b", want: "link"},
		"heard by nobody":             {want: "link"},
		"the router is heard as well": {heardBy: "b", router: true, want: "link"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, quickPolicy(), someLinks)
			failing := func(link int) result {
				if link == 5 {
					return "fail"
				}
				return "ok"
			}
			for i := range 3 {
				for _, prober := range []string{"a", "b"} {
					b := w.batch(prober, w.nth(i), prober == test.isolated, failing)
					beside := func(kind probe.Kind, answers bool) {
						rtt := probe.Lost
						if answers {
							rtt = fastMicros
						}
						b.Observations = append(b.Observations, probe.Observation{Target: w.links[5], Kind: kind, At: w.nth(i), RTTMicros: []int32{rtt}})
					}
					beside(probe.Demarcation, prober == test.heardBy)
					beside(probe.Router, test.router && prober == test.heardBy)
					w.apply(t, b, w.nth(i+1))
				}
				w.decide(t, w.nth(i), false, w.nth(i+1))
			}
			if got := w.ask(t, `SELECT kind FROM incident`); len(got) != 1 || got[0] != test.want {
				t.Errorf("incidents: got %q, want one of kind %s", got, test.want)
			}
		})
	}
}

package app

import (
	"strings"
	"testing"

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

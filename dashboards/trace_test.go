package dashboards

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"vigie/internal/view"
	"vigie/probe"
)

func TestAWayIsDrawnBesideTheLastGoodOne(t *testing.T) {
	t.Parallel()
	at := func(text string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(text)} }
	good := &probe.Trace{Hops: []probe.Hop{
		{Number: 1, From: at("192.0.2.1")}, {Number: 2, From: at("192.0.2.2")}, {Number: 3, From: at("192.0.2.3")}, {Number: 4, From: at("192.0.2.4")},
	}}
	d := drawWay(view.Trace{Good: good, Trace: probe.Trace{Hops: []probe.Hop{
		{Number: 1, Sent: 3}, {Number: 2, From: at("192.0.2.9"), Sent: 3, Received: 2}, {Number: 3, Sent: 3},
	}}})
	var states, lines []string
	for _, row := range d.Rows {
		states, lines = append(states, row.State), append(lines, row.Link)
	}
	if got := strings.Join(lines, " "); got != " goes ends ends" {
		t.Errorf("the lines between hops are %q, want one that goes and two that do not", got)
	}
	if got := strings.Join(states, " "); got != "unknown up down down" || d.Last.Number != 2 || !d.Rows[1].Differs || d.Rows[0].Differs {
		t.Errorf("hops are %s, the last is %+v; want one that only passes on, one of another router, and the two that the good way had behind it", got, d.Last)
	}
	if got := []int{d.Rows[0].Loss, d.Rows[1].Loss, d.Rows[3].Loss}; !slices.Equal(got, []int{100, 33, 0}) {
		t.Errorf("losses of the hops are %v percent, want all, a third, and nothing of one that was not asked", got)
	}
	if d := drawWay(view.Trace{Trace: probe.Trace{Hops: []probe.Hop{{Number: 1, Sent: 3}}}}); d.Last != nil || d.Rows[0].State != "down" {
		t.Errorf("without any answer: %+v", d)
	}
}

package view

import (
	"fmt"
	"testing"
	"time"

	"vigie/internal/ticket"
	"vigie/probe"
)

func TestAnAbsenceBeganAsTheLookNearestToItSaw(t *testing.T) {
	t.Parallel()
	look := func(link int64, prober string, second int, end probe.LookEnd) LinkFinding {
		from := noon.Add(time.Duration(second) * time.Second)
		until := from.Add(10 * time.Second)
		return LinkFinding{link, Finding{At: until, Prober: prober, Finding: &probe.Look{From: from, Until: until, End: end, Together: 3}}}
	}
	const lasting, passed = probe.LookLasting, probe.LookPassed
	seen := map[int64]LinkName{1: {ID: 1, Ref: "A"}, 2: {ID: 2, Ref: "B"}}
	for name, test := range map[string]struct {
		found []LinkFinding
		want  string // the looks, and how many links nobody looked at
	}{
		"none":                                {nil, "0"},
		"one 78 s before is of another event": {[]LinkFinding{look(1, "a", 1, lasting), look(1, "a", -78, lasting)}, "A a 1, 0"},
		"of two the nearest":                  {[]LinkFinding{look(1, "a", 600, lasting), look(1, "a", 2, lasting), look(1, "a", -25, lasting)}, "A a 2, 0"},
		"each prober's own":                   {[]LinkFinding{look(1, "b", 4, lasting), look(1, "a", 2, lasting)}, "A a 2, A b 4, 0"},
		"after the restoration":               {[]LinkFinding{look(1, "a", 901, lasting)}, "0"},
		"our uplink was lost":                 {[]LinkFinding{look(1, "c", 3, lasting), look(1, "a", 9, lasting)}, "A a 9, 0"},
		"our uplink was lost at its end":      {[]LinkFinding{look(1, "c", -5, lasting)}, "0"},
		"our uplink was there again":          {[]LinkFinding{look(1, "c", 30, lasting)}, "A c 30, 0"},
		"passed over beside another":          {[]LinkFinding{look(2, "a", 3, passed), look(1, "a", 2, lasting)}, "A a 2, 1"},
		"passed over by one, not by another":  {[]LinkFinding{look(1, "b", 3, passed), look(1, "a", 2, lasting)}, "A a 2, 0"},
		"passed over by two":                  {[]LinkFinding{look(1, "b", 3, passed), look(1, "a", 2, passed)}, "1"},
		"passed over while our uplink failed": {[]LinkFinding{look(1, "c", 3, passed)}, "0"},
	} {
		away := isolations{"c": {{From: noon, To: noon.Add(30 * time.Second)}}}
		began := beginning(ticket.Period{Since: noon, RestoredAt: noon.Add(15 * time.Minute)}, seen, test.found, away)
		got := ""
		for _, l := range began.Looks {
			got += fmt.Sprintf("%s %s %.0f, ", l.Link.Ref, l.Prober, l.From.Sub(noon).Seconds())
		}
		if got += fmt.Sprint(began.Passed); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

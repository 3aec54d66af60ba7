package schedule

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/probe"
)

var (
	night  = time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC)
	policy = HeavyPolicy{Every: 720 * time.Hour, Again: 24 * time.Hour, Retry: time.Hour, MostLoadPerMille: 100, Together: 2}
)

func ago(d time.Duration) time.Time { return night.Add(-d) }

func TestALinkIsTestedOnlyWhenNothingSpeaksAgainstIt(t *testing.T) {
	t.Parallel()
	month := 721 * time.Hour
	for name, test := range map[string]struct {
		link    Heavy
		running []Occupied
		want    probe.NotRun
	}{
		"never tested":                     {Heavy{Up: true}, nil, ""},
		"tested a month ago":               {Heavy{Up: true, Last: ago(month)}, nil, ""},
		"tested yesterday":                 {Heavy{Up: true, Last: ago(30 * time.Hour)}, nil, probe.NotDue},
		"tested yesterday, and contested":  {Heavy{Up: true, Last: ago(30 * time.Hour), Contested: true}, nil, ""},
		"contested an hour ago":            {Heavy{Up: true, Last: ago(time.Hour), Contested: true}, nil, probe.NotDue},
		"just tried in vain":               {Heavy{Up: true, Tried: ago(time.Minute)}, nil, probe.RetryWaits},
		"tested, then tried in vain":       {Heavy{Up: true, Last: ago(month), Tried: ago(time.Minute)}, nil, probe.RetryWaits},
		"tried in vain, then tested":       {Heavy{Up: true, Last: ago(time.Minute), Tried: ago(2 * time.Minute)}, nil, probe.NotDue},
		"tried in vain a while ago":        {Heavy{Up: true, Tried: ago(time.Hour)}, nil, ""},
		"tested by a clock that was wrong": {Heavy{Up: true, Last: night.Add(time.Hour)}, nil, ""},
		"in school hours":                  {Heavy{Up: true, Closed: probe.InSchoolHours}, nil, probe.InSchoolHours},
		"not due goes before school hours": {Heavy{Up: true, Last: ago(time.Hour), Closed: probe.InSchoolHours}, nil, probe.NotDue},
		"the link is down":                 {Heavy{}, nil, probe.LinkNotUp},
		"somebody uses it":                 {Heavy{Up: true, LoadPerMille: 101}, nil, probe.LoadHigh},
		"as much use as is allowed":        {Heavy{Up: true, LoadPerMille: 100}, nil, ""},
		"nobody knows whether it is used":  {Heavy{Up: true, LoadPerMille: -1}, nil, probe.LoadUnknown},
		"a trace is under way":             {Heavy{Link: 4, Up: true}, []Occupied{{Link: 4}}, probe.LinkBusy},
		"another link of the site is full": {Heavy{Link: 4, Up: true, Sites: []string{"s", "t"}}, []Occupied{{5, []string{"t"}, ""}}, probe.SiteBusy},
		"another link of the POP is full":  {Heavy{Link: 4, Up: true, POP: "p"}, []Occupied{{5, []string{"s"}, "p"}}, probe.POPBusy},
		"of two unknown POPs none is busy": {Heavy{Link: 4, Up: true}, []Occupied{{5, []string{"s"}, ""}}, ""},
		"two tests run already":            {Heavy{Link: 4, Up: true}, []Occupied{{5, []string{"s"}, ""}, {6, []string{"t"}, ""}}, probe.ProberBusy},
		"asked for after the last":         {Heavy{Up: true, Last: ago(2 * time.Hour), Asked: ago(time.Hour)}, nil, ""},
		"asked for after a try in vain":    {Heavy{Up: true, Tried: ago(2 * time.Minute), Asked: ago(time.Minute)}, nil, ""},
		"asked for before the last":        {Heavy{Up: true, Last: ago(time.Hour), Asked: ago(2 * time.Hour)}, nil, probe.NotDue},
		"asked for, outside the hours":     {Heavy{Up: true, Asked: ago(1), Closed: probe.OutsideWindow}, nil, probe.OutsideWindow},
		"asked for, and used":              {Heavy{Up: true, Asked: ago(1), LoadPerMille: 500}, nil, probe.LoadHigh},
		"insisted on, outside the hours":   {Heavy{Up: true, Asked: ago(1), Insists: true, Closed: probe.OutsideWindow}, nil, ""},
		"insisted on, and used":            {Heavy{Up: true, Asked: ago(1), Insists: true, LoadPerMille: 500}, nil, ""},
		"insisted on, in school hours":     {Heavy{Up: true, Asked: ago(1), Insists: true, Closed: probe.InSchoolHours}, nil, probe.InSchoolHours},
		"insisted on, and down":            {Heavy{Asked: ago(1), Insists: true}, nil, probe.LinkNotUp},
		"insisted on before the last":      {Heavy{Up: true, Last: ago(time.Hour), Asked: ago(2 * time.Hour), Insists: true, Closed: probe.OutsideWindow}, nil, probe.NotDue},
		"insisted on beside another":       {Heavy{Link: 4, Up: true, POP: "p", Asked: ago(1), Insists: true}, []Occupied{{5, []string{"s"}, "p"}}, probe.POPBusy},
		"traces take no place of a test":   {Heavy{Link: 4, Up: true}, []Occupied{{Link: 5}, {Link: 6}, {Link: 7}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := PlanHeavy(night, []Heavy{test.link}, test.running, policy)
			if len(got) != 1 || got[0].Reason != test.want {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
}

func TestWhenASlotIsShortTheOneMostWaitedForGoesFirst(t *testing.T) {
	t.Parallel()
	got := PlanHeavy(night, []Heavy{
		{Link: 1, Up: true, Last: ago(1000 * time.Hour)},
		{Link: 2, Up: true, Last: ago(2000 * time.Hour)},
		{Link: 3, Up: true},
		{Link: 4, Up: true, Last: ago(48 * time.Hour), Contested: true},
	}, nil, policy)
	type row struct {
		Link   int64
		Reason probe.NotRun
	}
	var rows []row
	for _, c := range got {
		rows = append(rows, row{c.Link, c.Reason})
	}
	want := []row{{4, ""}, {3, ""}, {2, probe.ProberBusy}, {1, probe.ProberBusy}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func drawHeavy(t *rapid.T, link int64) Heavy {
	hours := rapid.IntRange(0, 1500)
	h := Heavy{
		Link: link, POP: rapid.SampledFrom([]string{"", "p", "q", "r"}).Draw(t, "pop"),
		Sites:     rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 1, 2, rapid.ID).Draw(t, "sites"),
		Contested: rapid.Bool().Draw(t, "contested"), Up: rapid.IntRange(0, 4).Draw(t, "up") > 0,
		Closed:       rapid.SampledFrom([]probe.NotRun{"", "", "", probe.InSchoolHours}).Draw(t, "closed"),
		LoadPerMille: rapid.IntRange(-1, 120).Draw(t, "load"),
	}
	if rapid.Bool().Draw(t, "tested") {
		h.Last = ago(time.Duration(hours.Draw(t, "last")) * time.Hour)
	}
	return h
}

// Whatever the links: each has one answer, none that starts shares anything with
// another, none starts against a reason, and the one refused for another's sake is
// behind it.
func TestHeavyProbesNeverMeet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var links []Heavy
		for i := range rapid.IntRange(0, 12).Draw(t, "links") {
			links = append(links, drawHeavy(t, int64(i)))
		}
		var running []Occupied
		for _, h := range links[:rapid.IntRange(0, min(2, len(links))).Draw(t, "running")] {
			running = append(running, Occupied{h.Link, h.Sites, h.POP})
		}
		p := policy
		p.Together = rapid.IntRange(1, 5).Draw(t, "together")
		choices := PlanHeavy(night, links, running, p)
		if len(choices) != len(links) {
			t.Fatalf("%d answers for %d links", len(choices), len(links))
		}
		met := func(a Heavy, b Occupied) bool {
			shared := slices.ContainsFunc(a.Sites, func(s string) bool { return slices.Contains(b.Sites, s) })
			return a.Link == b.Link || shared || a.POP != "" && a.POP == b.POP
		}
		before := slices.Clone(running)
		for _, c := range choices {
			free := !slices.ContainsFunc(before, func(o Occupied) bool { return met(c.Heavy, o) })
			alone := c.Up && c.Closed == "" && c.LoadPerMille >= 0 && c.LoadPerMille <= p.MostLoadPerMille && !night.Before(c.Due)
			starts := alone && free && len(before) < p.Together
			if starts != (c.Reason == "") {
				t.Fatalf("link %d: reason %q, want it to start: %t", c.Link, c.Reason, starts)
			}
			if c.Reason == "" {
				before = append(before, Occupied{c.Link, c.Sites, c.POP})
			}
		}
		shuffled := rapid.Permutation(links).Draw(t, "another order")
		if diff := cmp.Diff(choices, PlanHeavy(night, shuffled, running, p)); diff != "" {
			t.Fatalf("the order in which links are named matters:\n%s", diff)
		}
	})
}

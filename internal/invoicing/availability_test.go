package invoicing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/invoicing"
	"vigie/internal/sla"
)

// steps is the group under availability steps, measured from its beginning.
func steps(f facts) facts {
	f.Clauses[0].Availability = []contract.Step{{Below: "99.85", Percent: "5"}, {Below: "99.5", Percent: "10"}, {Below: "99", Percent: "20"}}
	f.Started = at("2025-09-01T00:00")
	return f
}

func TestTheAvailabilityOfAMonthEarnsAPenalty(t *testing.T) {
	t.Parallel()
	april := func() facts { return steps(group()).with(link(1, "college")) }
	unknown := func(f facts, from, to string) facts {
		f.Unknown = []calendar.Interval{{From: at(from), To: at(to)}}
		return f
	}
	for name, c := range map[string]struct {
		facts facts
		want  []string
	}{
		"64 minutes of April (case B2)":                        {april().outage(1, "2026-04-10T08:00", "2026-04-10T09:04"), nil},
		"65 minutes of April (case B2)":                        {april().outage(1, "2026-04-10T08:00", "2026-04-10T09:05"), []string{"L-1  availability 2026-04-30 0 h 20.63"}},
		"in two pieces":                                        {april().outage(1, "2026-04-10T08:00", "2026-04-10T08:35").outage(1, "2026-04-12T08:00", "2026-04-12T08:30"), []string{"L-1  availability 2026-04-30 0 h 20.63"}},
		"an outage that lasts":                                 {april().outage(1, "2026-04-30T12:00", ""), []string{"L-1  availability 2026-04-30 0 h 82.50"}},
		"an outage over the month's edge counts where it lies": {april().outage(1, "2026-03-31T12:00", "2026-04-01T01:04"), nil},
		"announced works":                                      {april().outage(1, "2026-04-10T08:00", "2026-04-10T12:00").works(inventory.ScopeLink, "L-1", "2026-04-10T07:00", "2026-04-10T11:30", "2026-04-01T07:00"), nil},
		"an accepted gel":                                      {april().outage(1, "2026-04-10T08:00", "2026-04-10T11:30").ticket([]int64{1}, told("2026-04-10T08:00", "", "2026-04-10T11:30")).gel("2026-04-10T09:00", "", true), nil},
		"a contested gel":                                      {april().outage(1, "2026-04-10T08:00", "2026-04-10T11:30").ticket([]int64{1}, told("2026-04-10T08:00", "", "2026-04-10T11:30")).gel("2026-04-10T09:00", "", false), []string{"L-1  availability 2026-04-30 0 h 20.63"}},
		"a site without power":                                 {kindOf(april().outage(1, "2026-04-10T08:00", "2026-04-12T08:00"), incident.KindSite), nil},
		"a power cut that the router told afterwards":          {originOf(april().outage(1, "2026-04-10T08:00", "2026-04-12T08:00"), sla.FromRestart), nil},
		"a restart of the operator's router on a living line":  {kindOf(originOf(april().outage(1, "2026-04-10T08:00", "2026-04-10T09:05"), sla.FromRestart), incident.KindRouter), []string{"L-1  availability 2026-04-30 0 h 20.63"}},
		"a line that the router told afterwards":               {originOf(april().outage(1, "2026-04-10T08:00", "2026-04-10T09:05"), sla.FromLine), []string{"L-1  availability 2026-04-30 0 h 20.63"}},
		"time that nobody measured":                            {unknown(april().outage(1, "2026-04-10T08:00", "2026-04-10T12:00"), "2026-04-10T09:00", "2026-04-10T13:00"), nil},
		"a link put into service late":                         {steps(group()).with(starting(link(1, "college"), "2026-04-21")).outage(1, "2026-04-22T08:00", "2026-04-22T09:00"), []string{"L-1  availability 2026-04-30 0 h 20.63"}},
		"a link that is not in service":                        {steps(group()).with(ended(link(1, "college"), "2026-03-01")).outage(1, "2026-04-22T08:00", "2026-04-22T09:00"), nil},
		"a link outside the market":                            {steps(group()).with(outside(link(1, "college"))).outage(1, "2026-04-22T08:00", "2026-04-25T09:00"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(penalties(c.facts.bill(t, "2026-04")), c.want); diff != "" {
				t.Errorf("penalties (-got +want):\n%s", diff)
			}
		})
	}
}

func starting(l inventory.Link, on string) inventory.Link {
	l.Starts = day(on)
	return l
}

func TestAnOutageMayEarnBothPenalties(t *testing.T) {
	t.Parallel()
	b := steps(group()).with(link(1, "college")).down(1, "2026-04-10T08:00", "2026-04-10T14:00").bill(t, "2026-04")
	if diff := cmp.Diff(penalties(b), []string{"L-1 T-1 gtr 2026-04-10 2 h 41.25", "L-1  availability 2026-04-30 0 h 41.25"}); diff != "" {
		t.Errorf("penalties (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(members(b), []string{"cea 412.50 + 82.50 = 495.00 - 82.50 = 412.50"}); diff != "" {
		t.Errorf("members (-got +want):\n%s", diff)
	}
}

func TestAvailabilityWaitsForTheEndOfTheMonth(t *testing.T) {
	t.Parallel()
	f := steps(group()).with(link(1, "college")).outage(1, "2026-04-10T08:00", "2026-04-12T08:00")
	for now, want := range map[time.Time]int{at("2026-04-30T23:59"): 0, at("2026-05-01T00:00"): 1} {
		b := f.billAt(t, "2026-04", now)
		if len(b.Penalties) != want {
			t.Errorf("at %s there are %d penalties, want %d", now, len(b.Penalties), want)
		}
		if b.Draft && b.Coverage != (invoicing.Coverage{}) {
			t.Errorf("a draft has a coverage: %+v", b.Coverage)
		}
	}
}

func TestTheCoverageSaysWhatWasMeasured(t *testing.T) {
	t.Parallel()
	const april = 30 * 24 * 3600
	down := steps(group()).with(link(1, "college"), link(2, "verdun")).outage(1, "2026-04-10T08:00", "2026-04-12T08:00")
	for name, c := range map[string]struct {
		started   time.Time
		penalties int
		want      invoicing.Coverage
	}{
		"all of it":        {at("2026-04-01T00:00"), 1, invoicing.Coverage{KnownSeconds: 2 * april, OwedSeconds: 2 * april}},
		"the last ten":     {at("2026-04-21T00:00"), 0, invoicing.Coverage{KnownSeconds: 2 * april / 3, OwedSeconds: 2 * april}},
		"nothing of it":    {at("2026-05-01T00:00"), 0, invoicing.Coverage{OwedSeconds: 2 * april}},
		"nothing was ever": {time.Time{}, 0, invoicing.Coverage{OwedSeconds: 2 * april}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := down
			f.Started = c.started
			b := f.bill(t, "2026-04")
			if diff := cmp.Diff(b.Coverage, c.want); diff != "" {
				t.Errorf("coverage (-got +want):\n%s", diff)
			}
			if len(b.Penalties) != c.penalties {
				t.Errorf("%d penalties, want %d: %q", len(b.Penalties), c.penalties, penalties(b))
			}
		})
	}
}

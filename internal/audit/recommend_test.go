package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/audit"
	"vigie/internal/calendar"
	"vigie/internal/inventory"
)

// fired names the rules that fired, with their two figures.
func fired(r audit.Recommendation) (out []string) {
	for _, f := range r.Trace {
		if f.Fired {
			out = append(out, fmt.Sprintf("%s %d/%d", f.Rule, f.Have, f.Want))
		}
	}
	return out
}

// percent of L-1's 100 Mbit/s, in octets per second.
func percent(p uint32) uint32 { return p * 125_000 }

// monthly carries another part of the rate in each month.
func monthly(parts map[time.Month]uint32, other uint32) func(time.Time) (uint32, uint32, bool) {
	return func(at time.Time) (uint32, uint32, bool) {
		p, found := parts[calendar.Local(at).Month()]
		if !found {
			p = other
		}
		return percent(p), 1000, true
	}
}

// hours carries a part in the hours of a day below a limit, another one after.
func hours(limit int, early, late uint32) func(time.Time) (uint32, uint32, bool) {
	return func(at time.Time) (uint32, uint32, bool) {
		if calendar.Local(at).Hour() < limit {
			return percent(early), 1000, true
		}
		return percent(late), 1000, true
	}
}

func TestTheRulesRecommend(t *testing.T) {
	t.Parallel()
	year := audit.CivilYear(2026)
	for name, c := range map[string]struct {
		period audit.Period
		rates  func(time.Time) (uint32, uint32, bool)
		advice audit.Advice
		fired  []string
		item   string
	}{
		"nothing was measured": {
			year, func(time.Time) (uint32, uint32, bool) { return 0, 0, false },
			audit.Insufficient,
			[]string{"measured 0/900"},
			"",
		},
		"three of the last six months at 70 %": {
			year, monthly(map[time.Month]uint32{time.October: 70, time.November: 75, time.December: 70}, 40),
			audit.Raise,
			[]string{"months 3/3"},
			"200M",
		},
		"two of them": {
			year, monthly(map[time.Month]uint32{time.October: 70, time.November: 75}, 40),
			audit.Keep, nil, "",
		},
		"three months of spring are not the last six": {
			year, monthly(map[time.Month]uint32{time.January: 70, time.February: 75, time.March: 70}, 40),
			audit.Keep, nil, "",
		},
		"every first hour full": {
			year, hours(9, 90, 40), // 5 hours of 45 in a week: more than 2 %
			audit.Raise, []string{"months 6/3", "saturation 111/20"}, "200M",
		},
		"always below 30 %, and the next rate is twice the need": {
			year, monthly(nil, 25),
			audit.Lower,
			[]string{"idle 10/10", "tier 50000/37500"},
			"50M",
		},
		"just below 30 %": {
			year, monthly(map[time.Month]uint32{}, 29),
			audit.Lower,
			[]string{"idle 10/10", "tier 50000/43500"},
			"50M",
		},
		"a month at 30 %": {
			year, monthly(map[time.Month]uint32{time.May: 30}, 20),
			audit.Keep, nil, "",
		},
		"below 30 %, not yet a year": {
			days("2026-02-01", "2027-01-01"), monthly(nil, 20),
			audit.Keep, nil, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.carry(1, c.period.From, c.period.To, c.rates)
			l := line(t, w.report(t, c.period), "L-1")
			if l.Advice != c.advice || l.Tier.Item != c.item {
				t.Errorf("%s to %q, want %s to %q: %+v", l.Advice, l.Tier.Item, c.advice, c.item, l.Trace)
			}
			if diff := cmp.Diff(c.fired, fired(l.Recommendation)); diff != "" {
				t.Errorf("rules that fired (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheUpperDirectionAloneMayAskForARaise(t *testing.T) {
	t.Parallel()
	w := newWorld()
	year := audit.CivilYear(2026)
	w.carry(1, year.From, year.To, steady(percent(10), 4_400_000)) // 70.4 % of 50 Mbit/s
	l := line(t, w.report(t, year), "L-1")
	if usage, ok := l.Usage(); l.Advice != audit.Raise || usage != 704 || !ok {
		t.Errorf("%s at %d per mille", l.Advice, usage)
	}
}

func TestTheLowestRateOfTheListStays(t *testing.T) {
	t.Parallel()
	w := newWorld()
	year := audit.CivilYear(2026)
	w.carry(3, year.From, year.To, steady(1000, 1000)) // outside the market, so without a list
	l := line(t, w.report(t, days("2026-03-01", "2027-03-01")), "L-3")
	if l.Advice == audit.Lower {
		t.Errorf("lower to %+v", l.Tier)
	}
	w.carry(2, year.From, year.To, steady(20_000_000, 1000)) // 80 % of 200 Mbit/s, the highest
	l = line(t, w.report(t, year), "L-2")
	if l.Advice != audit.Raise || l.Tier != (audit.Tier{}) {
		t.Errorf("%s to %+v, want a raise and no rate on the list", l.Advice, l.Tier)
	}
}

func TestALowerRateWithoutRoomIsNotRecommended(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := w.index.Snapshot
	s.Links = append(s.Links[:0:0], s.Links...)
	for i := range s.Links {
		if s.Links[i].Ref == "L-4" {
			s.Links[i].DownKbps = 30_000
		}
	}
	w.index = inventory.NewIndex(s)
	year := audit.CivilYear(2026)
	w.carry(1, year.From, year.To, monthly(nil, 25)) // 37.5 Mbit/s would be asked of it
	l := line(t, w.report(t, year), "L-1")
	if last := l.Trace[len(l.Trace)-1]; l.Advice != audit.Keep || last != (audit.Finding{Rule: audit.RuleTier, Have: 30_000, Want: 37_500}) {
		t.Errorf("%s, last %+v", l.Advice, last)
	}
}

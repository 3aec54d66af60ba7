package audit

import (
	"cmp"
	"slices"
	"time"

	"vigie/billing/money"
	"vigie/internal/inventory"
)

// Advice is what the figures recommend.
type Advice string

// The recommendations.
const (
	Raise        Advice = "raise"        // hausse
	Lower        Advice = "lower"        // baisse
	Keep         Advice = "keep"         // maintien
	Insufficient Advice = "insufficient" // not enough data
)

// Rule names one rule of the trace.
type Rule string

// The rules, in the order in which they are asked.
const (
	// RuleMeasured: Have is the measured part of the school time, Want the least of
	// the policy, per mille. It fires when Have is below.
	RuleMeasured Rule = "measured"
	// RuleCalendar is the same of the school time on known days.
	RuleCalendar Rule = "calendar"
	// RuleMonths: Have is the number of the last school months whose p95 reached the
	// policy's part of the guaranteed rate, Want how many make a raise.
	RuleMonths Rule = "months"
	// RuleSaturation: Have is the saturated part of the school time, Want the part
	// above which a raise is recommended, per mille.
	RuleSaturation Rule = "saturation"
	// RuleIdle: Have is the number of school months whose p95 stayed below the
	// policy's part, Want the number of school months in the last LowerMonths; it
	// fires when all did and the period is that long.
	RuleIdle Rule = "idle"
	// RuleTier: Have is the next lower rate of the price list, Want what the p95 asks
	// for, kbit/s of the direction with less room. It fires when Have is enough.
	RuleTier Rule = "tier"
)

// Finding is one rule's answer with the two figures it compared.
type Finding struct {
	Rule       Rule
	Fired      bool
	Have, Want int64
}

// Tier is one rate of a lot's price list.
type Tier struct {
	Item             string
	DownKbps, UpKbps int64
	Monthly          money.Cents // HT, before any revision
}

// Recommendation is the advice with its trace, and the rate it proposes; Tier is
// zero for an advice that changes nothing, or where the list has no such rate.
type Recommendation struct {
	Advice Advice
	Trace  []Finding
	Tier   Tier
}

// recommend applies the rules to what a link carried. The ladder is the rates of its
// lot, lowest first.
func recommend(p Policy, l Line, ladder []Tier) Recommendation {
	var r Recommendation
	ask := func(rule Rule, fired bool, have, want int64) bool {
		r.Trace = append(r.Trace, Finding{rule, fired, have, want})
		return fired
	}
	blind := ask(RuleMeasured, !p.enough(l.School), permille(l.School), p.MinCoverage*10)
	unsure := ask(RuleCalendar, !p.enough(l.Calendar), permille(l.Calendar), p.MinCoverage*10)
	if blind || unsure {
		r.Advice = Insufficient
		return r
	}
	months := schoolMonths(p, l)
	recent := months[max(0, len(months)-p.RaiseWindow):]
	busy := countMonths(recent, l, func(rate Rate, kbps int64) bool { return rate.reaches(p.RaiseAt, kbps) })
	often := ask(RuleMonths, busy >= p.RaiseMonths, int64(busy), int64(p.RaiseMonths))
	full := ask(RuleSaturation, l.Saturated.Part*100 > l.Saturated.Whole*p.RaiseSaturation, permille(l.Saturated), p.RaiseSaturation*10)
	if often || full {
		r.Advice, r.Tier = Raise, above(ladder, l)
		return r
	}
	since := l.Served.To.AddDate(0, -p.LowerMonths, 0)
	months = slices.DeleteFunc(months, func(m Month) bool { return m.First.Before(since.AddDate(0, 0, 1-since.Day())) })
	idle := len(months) - countMonths(months, l, func(rate Rate, kbps int64) bool { return !rate.Known || rate.reaches(p.LowerAt, kbps) })
	long := !l.Served.From.After(since)
	if !ask(RuleIdle, long && len(months) > 0 && idle == len(months), int64(idle), int64(len(months))) {
		r.Advice = Keep
		return r
	}
	tier, found := below(ladder, l)
	have, want := room(tier, l, p.LowerRoom)
	if !ask(RuleTier, found && have >= want, have, want) {
		r.Advice = Keep
		return r
	}
	r.Advice, r.Tier = Lower, tier
	return r
}

// schoolMonths are the months with enough school time to be judged, in order.
func schoolMonths(p Policy, l Line) []Month {
	var out []Month
	for _, m := range l.Months {
		if time.Duration(m.Coverage.Whole)*interval >= p.SchoolMonth {
			out = append(out, m)
		}
	}
	return out
}

// countMonths counts the months of which either direction is as asked.
func countMonths(months []Month, l Line, is func(Rate, int64) bool) int {
	n := 0
	for _, m := range months {
		if is(m.Down, l.DownKbps) || is(m.Up, l.UpKbps) {
			n++
		}
	}
	return n
}

func permille(s Share) int64 {
	if s.Whole <= 0 {
		return 0
	}
	return s.Part * 1000 / s.Whole
}

// ladderOf is the rates of a lot that its price list has on a day, lowest first. The
// list names items and no rates: the rate of an item is that of the links that have
// it on the day.
func ladderOf(x *inventory.Index, lot string, day time.Time) []Tier {
	tiers := map[string]Tier{}
	for _, l := range x.Links {
		terms := x.TermsAt(l, day)
		if l.Lot != lot || lot == "" || terms.PriceItem == "" {
			continue
		}
		if price, ok := x.PriceAt(lot, terms.PriceItem, day); ok {
			tiers[terms.PriceItem] = Tier{Item: terms.PriceItem, DownKbps: terms.DownKbps, UpKbps: terms.UpKbps, Monthly: price.Monthly}
		}
	}
	var ladder []Tier
	for _, tier := range tiers {
		ladder = append(ladder, tier)
	}
	slices.SortFunc(ladder, func(a, b Tier) int {
		return cmp.Or(cmp.Compare(a.DownKbps, b.DownKbps), cmp.Compare(a.UpKbps, b.UpKbps), cmp.Compare(a.Item, b.Item))
	})
	return ladder
}

// above is the next higher rate of the ladder, zero without one.
func above(ladder []Tier, l Line) Tier {
	for _, t := range ladder {
		if t.DownKbps > l.DownKbps && t.UpKbps >= l.UpKbps {
			return t
		}
	}
	return Tier{}
}

// below is the next lower rate of the ladder.
func below(ladder []Tier, l Line) (Tier, bool) {
	for _, t := range slices.Backward(ladder) {
		if t.DownKbps < l.DownKbps && t.UpKbps <= l.UpKbps {
			return t, true
		}
	}
	return Tier{}, false
}

// room compares a rate with percent of the p95 of school time, in the direction that
// leaves less.
func room(t Tier, l Line, percent int64) (have, want int64) {
	need := func(r Rate) int64 { return (r.BitsPerSecond*percent + 99_999) / 100_000 } // kbit/s, rounded up
	have, want = t.DownKbps, need(l.Down.School)
	if up := need(l.Up.School); t.UpKbps-up < have-want {
		have, want = t.UpKbps, up
	}
	return have, want
}

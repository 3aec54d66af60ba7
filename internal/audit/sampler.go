package audit

import (
	"iter"
	"math"
	"slices"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/measure"
)

const (
	interval        = 5 * time.Minute
	intervalsADay   = measure.FiveMinutesADay
	intervalsAnHour = 12
	bitsPerOctet    = 8
)

// grid is the UTC days that a period touches under one school calendar. It is made
// once for all links that share the calendar, and only read.
type grid struct {
	first  time.Time // the first day
	days   []gridDay
	firsts []time.Time // the first days of the months
}

// gridDay says where the months and the school hours of one UTC day lie, as numbers
// of five-minute intervals.
type gridDay struct {
	month   int // of its first interval, a place in firsts
	turn    int // the first interval of the next month; intervalsADay without one
	windows []window
}

// window is a stretch of school time [from, to).
type window struct {
	from, to int
	known    bool // on a day the calendar knows
}

func newGrid(p Period, school calendar.School) *grid {
	span := p.span()
	g := &grid{first: span.From.Truncate(24 * time.Hour), firsts: p.months()}
	count := int(span.To.Sub(g.first)/(24*time.Hour)) + 1
	g.days = make([]gridDay, count)
	for i := range g.days {
		start := g.first.AddDate(0, 0, i)
		day := gridDay{turn: intervalsADay}
		for day.month+1 < len(g.firsts) && !calendar.Midnight(g.firsts[day.month+1]).After(start) {
			day.month++
		}
		if day.month+1 < len(g.firsts) {
			day.turn = min(day.turn, int(calendar.Midnight(g.firsts[day.month+1]).Sub(start)/interval))
		}
		g.days[i] = day
	}
	for hours, day := range school.Windows(span.From, span.To) {
		g.add(hours, day.Open == calendar.Yes)
	}
	return g
}

// add marks a window, cut where it passes the end of a UTC day. An interval belongs
// to it when it begins inside.
func (g *grid) add(hours calendar.Interval, known bool) {
	from := int((hours.From.Sub(g.first) + interval - 1) / interval)
	to := int((hours.To.Sub(g.first) + interval - 1) / interval)
	for from < to {
		day := from / intervalsADay
		end := min(to, (day+1)*intervalsADay)
		g.days[day].windows = append(g.days[day].windows, window{from - day*intervalsADay, end - day*intervalsADay, known})
		from = end
	}
}

// sampler takes the five-minute averages of one link, day by day.
type sampler struct {
	grid      *grid
	policy    Policy
	limits    []rated // by place
	from, to  int     // the served intervals, counted from the grid's first day
	all       pair
	school    pair
	months    []pair // school time, as the grid's firsts
	known     int64  // intervals of school time on days the calendar knows
	down, up  peaks
	saturated int64
	nearFull  int64
	simulated bool
}

// pair is the p95 of both directions, in octets per second, of the intervals expected.
type pair struct {
	down, up measure.Upper
	expected int64
}

func newPair(expected int64) pair {
	most := int(expected)
	return pair{measure.NewUpper(measure.P95, most), measure.NewUpper(measure.P95, most), expected}
}

// add takes samples of both directions, and the highest of each.
func (p *pair) add(down, up []uint32, topDown, topUp uint32) {
	p.down.AddUpTo(topDown, down)
	p.up.AddUpTo(topUp, up)
}

// coverage is the measured part.
func (p *pair) coverage() Share { return Share{int64(p.down.Count()), p.expected} }

// rated are the limits from a place on, counted in intervals from the grid's first day.
type rated struct {
	from     int
	down, up limits
}

// limits are the least octets per second at which a direction is saturated and full.
type limits struct{ saturated, nearFull uint64 }

func limitsOf(p Policy, kbps int64) limits {
	if kbps <= 0 {
		return limits{math.MaxUint64, math.MaxUint64} // nothing is guaranteed, so nothing is full
	}
	guaranteed := uint64(kbps) * 1000 / bitsPerOctet
	least := func(percent int64) uint64 { return (guaranteed*uint64(percent) + 99) / 100 }
	return limits{least(p.SaturatedAt), least(p.NearFullAt)}
}

// peaks are the highest five minutes and the highest clock hour of a direction, the
// first of several: days come in any order, and two audits of a period say the same.
type peaks struct {
	peak           uint32
	hour           uint64 // sum of twelve averages
	peakAt, hourAt int    // intervals from the grid's first day
	found, hours   bool
}

// newSampler makes the sampler of a link served on the days of p under terms, of which
// the first hold on the first day.
func newSampler(policy Policy, g *grid, p Period, terms []contract.Terms) *sampler {
	span := p.span()
	s := &sampler{
		grid: g, policy: policy,
		from: int(span.From.Sub(g.first) / interval), to: int(span.To.Sub(g.first) / interval),
	}
	for _, t := range terms {
		from := int(calendar.Midnight(t.From).Sub(g.first) / interval)
		s.limits = append(s.limits, rated{from, limitsOf(policy, t.DownKbps), limitsOf(policy, t.UpKbps)})
	}
	var school int64
	months := make([]int64, len(g.firsts))
	for place := range g.days {
		base := place * intervalsADay
		for part := range g.days[place].parts(s.from-base, s.to-base) {
			count := int64(part.to - part.from)
			school += count
			months[part.month] += count
			if part.known {
				s.known += count
			}
		}
	}
	s.all, s.school = newPair(int64(max(0, s.to-s.from))), newPair(school)
	for _, expected := range months {
		s.months = append(s.months, newPair(expected))
	}
	return s
}

// add takes one UTC day of the link. Days may come in any order, each once.
func (s *sampler) add(day time.Time, d *measure.UtilisationDay, simulated bool) {
	place := int(day.Sub(s.grid.first) / (24 * time.Hour))
	if place < 0 || place >= len(s.grid.days) {
		return
	}
	base := place * intervalsADay
	low, high := max(0, s.from-base), min(intervalsADay, s.to-base)
	if low >= high {
		return
	}
	s.simulated = s.simulated || simulated
	for i := low; i < high; {
		end := min(high, (i/intervalsAnHour+1)*intervalsAnHour)
		s.addHour(d.Down[i:end], d.Up[i:end], base+i)
		i = end
	}
	for part := range s.grid.days[place].parts(low, high) {
		s.addSchool(&s.months[part.month], s.limitsAt(base+part.from), d.Down[part.from:part.to], d.Up[part.from:part.to])
	}
}

// addHour takes the intervals of a clock hour, or of a part of one, from a place on.
func (s *sampler) addHour(down, up []uint32, at int) {
	var sumDown, sumUp uint64
	var topDown, topUp uint32
	for i, rate := range down {
		sumDown, topDown = sumDown+uint64(rate), max(topDown, rate)
		sumUp, topUp = sumUp+uint64(up[i]), max(topUp, up[i])
	}
	if topDown == measure.NoRate || topUp == measure.NoRate { // which is above every rate
		if len(down) > 1 {
			for i := range down {
				s.addHour(down[i:i+1], up[i:i+1], at+i)
			}
		}
		return
	}
	s.all.add(down, up, topDown, topUp)
	s.down.see(down, topDown, at)
	s.up.see(up, topUp, at)
	if len(down) == intervalsAnHour {
		s.down.seeHour(sumDown, at)
		s.up.seeHour(sumUp, at)
	}
}

// limitsAt gives those of the day on which a place lies. A stretch of school time has one
// day.
func (s *sampler) limitsAt(place int) rated {
	at := len(s.limits) - 1
	for at > 0 && s.limits[at].from > place {
		at--
	}
	return s.limits[at]
}

// addSchool takes the intervals of a stretch of school time.
func (s *sampler) addSchool(month *pair, limits rated, downs, ups []uint32) {
	topDown, topUp := slices.Max(downs), slices.Max(ups)
	if topDown == measure.NoRate || topUp == measure.NoRate { // which is above every rate
		if len(downs) > 1 {
			for i := range downs {
				s.addSchool(month, limits, downs[i:i+1], ups[i:i+1])
			}
		}
		return
	}
	s.school.add(downs, ups, topDown, topUp)
	month.add(downs, ups, topDown, topUp)
	if uint64(topDown) < limits.down.saturated && uint64(topUp) < limits.up.saturated {
		return
	}
	for i, down := range downs {
		up := ups[i]
		if uint64(down) >= limits.down.saturated || uint64(up) >= limits.up.saturated {
			s.saturated++
			if uint64(down) >= limits.down.nearFull || uint64(up) >= limits.up.nearFull {
				s.nearFull++
			}
		}
	}
}

// part is a stretch of school time [from, to) inside one month.
type part struct {
	window
	month int
}

// parts yields the school time of the intervals [low, high) of the day.
func (g *gridDay) parts(low, high int) iter.Seq[part] {
	return func(yield func(part) bool) {
		for _, w := range g.windows {
			from, to := max(w.from, low), min(w.to, high)
			turn := max(from, min(g.turn, to))
			if from < turn && !yield(part{window{from, turn, w.known}, g.month}) {
				return
			}
			if turn < to && !yield(part{window{turn, to, w.known}, g.month + 1}) {
				return
			}
		}
	}
}

// see takes rates from a place on, of which top is the highest.
func (p *peaks) see(rates []uint32, top uint32, at int) {
	if !p.found || top > p.peak || top == p.peak && at < p.peakAt {
		p.peak, p.peakAt, p.found = top, at+slices.Index(rates, top), true
	}
}

func (p *peaks) seeHour(sum uint64, at int) {
	if !p.hours || sum > p.hour || sum == p.hour && at < p.hourAt {
		p.hour, p.hourAt, p.hours = sum, at, true
	}
}

// carried makes the link's figures from what was taken.
func (s *sampler) carried() Carried {
	c := Carried{
		Coverage:  s.all.coverage(),
		School:    s.school.coverage(),
		Calendar:  Share{s.known, s.school.expected},
		Simulated: s.simulated,
	}
	for i := range s.months {
		if m := &s.months[i]; m.expected > 0 {
			c.Months = append(c.Months, s.month(s.grid.firsts[i], m))
		}
	}
	if s.policy.enough(c.School) {
		c.Down.School, c.Up.School = p95(&s.school.down), p95(&s.school.up)
		c.Saturated, c.NearFull = Share{s.saturated, c.School.Part}, Share{s.nearFull, c.School.Part}
	}
	if s.policy.enough(c.Coverage) {
		s.direction(&c.Down, &s.all.down, s.down)
		s.direction(&c.Up, &s.all.up, s.up)
	}
	return c
}

func (s *sampler) month(first time.Time, m *pair) Month {
	made := Month{First: first, Coverage: m.coverage()}
	if s.policy.enough(made.Coverage) {
		made.Down, made.Up = p95(&m.down), p95(&m.up)
	}
	return made
}

func (s *sampler) direction(d *Direction, all *measure.Upper, p peaks) {
	d.P95 = p95(all)
	if p.found {
		d.Peak, d.PeakAt = bits(uint64(p.peak)), s.at(p.peakAt)
	}
	if p.hours {
		d.Busy, d.BusyAt = Rate{int64((p.hour*bitsPerOctet + intervalsAnHour/2) / intervalsAnHour), true}, s.at(p.hourAt)
	}
}

func (s *sampler) at(place int) time.Time {
	return s.grid.first.Add(time.Duration(place) * interval)
}

func p95(samples *measure.Upper) Rate {
	octets, ok := samples.Value()
	if !ok {
		return Rate{}
	}
	return bits(uint64(octets))
}

func bits(octetsPerSecond uint64) Rate {
	return Rate{BitsPerSecond: int64(octetsPerSecond * bitsPerOctet), Known: true}
}

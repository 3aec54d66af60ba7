package audit

import (
	"math"
	"time"

	"vigie/internal/calendar"
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

// sampler gathers the five-minute averages of one link. It is used again for the
// next link, so that a year's samples are allocated once.
type sampler struct {
	grid       *grid
	policy     Policy
	downLimits limits
	upLimits   limits
	from, to   int // the served intervals, counted from the grid's first day
	all        pair
	school     pair
	months     []monthSamples
	down, up   peaks
	measured   int64
	saturated  int64
	nearFull   int64
	simulated  bool
}

// pair is the samples of both directions, in octets per second.
type pair struct{ down, up []uint32 }

func (p *pair) add(down, up uint32) { p.down, p.up = append(p.down, down), append(p.up, up) }

type monthSamples struct {
	pair
	expected int64
}

// limits are a hundred times the octets per second from which on a direction is
// saturated and full.
type limits struct{ saturated, nearFull uint64 }

func limitsOf(p Policy, kbps int64) limits {
	if kbps <= 0 {
		return limits{math.MaxUint64, math.MaxUint64} // nothing is guaranteed, so nothing is full
	}
	guaranteed := uint64(kbps) * 1000 / bitsPerOctet
	return limits{guaranteed * uint64(p.SaturatedAt), guaranteed * uint64(p.NearFullAt)}
}

func (l limits) isSaturated(rate uint32) bool { return uint64(rate)*100 >= l.saturated }
func (l limits) isNearFull(rate uint32) bool  { return uint64(rate)*100 >= l.nearFull }

// peaks are the highest five minutes and the highest clock hour of a direction.
type peaks struct {
	peak           uint32
	hour           uint64 // sum of twelve averages
	peakAt, hourAt int    // intervals from the grid's first day
	found, hours   bool
}

// start makes the sampler ready for a link served on the days of p.
func (s *sampler) start(g *grid, p Period, downKbps, upKbps int64) {
	span := p.span()
	*s = sampler{
		grid: g, policy: s.policy,
		downLimits: limitsOf(s.policy, downKbps), upLimits: limitsOf(s.policy, upKbps),
		from: int(span.From.Sub(g.first) / interval), to: int(span.To.Sub(g.first) / interval),
		all:    pair{s.all.down[:0], s.all.up[:0]},
		school: pair{s.school.down[:0], s.school.up[:0]},
		months: s.months,
	}
	if len(s.months) != len(g.firsts) {
		s.months = make([]monthSamples, len(g.firsts))
	}
	for i := range s.months {
		m := &s.months[i]
		*m = monthSamples{pair: pair{m.down[:0], m.up[:0]}}
	}
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
	for i := low; i < high; i++ {
		if down, up := d.Down[i], d.Up[i]; down != measure.NoRate && up != measure.NoRate {
			s.all.add(down, up)
			s.down.see(down, base+i)
			s.up.see(up, base+i)
		}
	}
	s.seeHours(d, base, low, high)
	g := &s.grid.days[place]
	for _, w := range g.windows {
		for i := max(w.from, low); i < min(w.to, high); i++ {
			if down, up := d.Down[i], d.Up[i]; down != measure.NoRate && up != measure.NoRate {
				s.addSchool(g.monthOf(i), down, up)
			}
		}
	}
}

func (s *sampler) addSchool(month int, down, up uint32) {
	s.measured++
	s.months[month].add(down, up)
	if s.downLimits.isSaturated(down) || s.upLimits.isSaturated(up) {
		s.saturated++
		if s.downLimits.isNearFull(down) || s.upLimits.isNearFull(up) {
			s.nearFull++
		}
	}
}

func (g *gridDay) monthOf(i int) int {
	if i >= g.turn {
		return g.month + 1
	}
	return g.month
}

func (p *peaks) see(rate uint32, at int) {
	if !p.found || rate > p.peak {
		p.peak, p.peakAt, p.found = rate, at, true
	}
}

func (p *peaks) seeHour(sum uint64, at int) {
	if !p.hours || sum > p.hour {
		p.hour, p.hourAt, p.hours = sum, at, true
	}
}

// seeHours looks at the clock hours that were measured whole.
func (s *sampler) seeHours(d *measure.UtilisationDay, base, low, high int) {
	for hour := (low + intervalsAnHour - 1) / intervalsAnHour * intervalsAnHour; hour+intervalsAnHour <= high; hour += intervalsAnHour {
		var down, up uint64
		whole := true
		for i := hour; i < hour+intervalsAnHour && whole; i++ {
			whole = d.Down[i] != measure.NoRate && d.Up[i] != measure.NoRate
			down, up = down+uint64(d.Down[i]), up+uint64(d.Up[i])
		}
		if whole {
			s.down.seeHour(down, base+hour)
			s.up.seeHour(up, base+hour)
		}
	}
}

// carried makes the link's figures from what was gathered.
func (s *sampler) carried() Carried {
	var expected, known int64
	for place := range s.grid.days {
		g := &s.grid.days[place]
		base := place * intervalsADay
		for _, w := range g.windows {
			for i := max(w.from, s.from-base); i < min(w.to, s.to-base); i++ {
				expected++
				s.months[g.monthOf(i)].expected++
				if w.known {
					known++
				}
			}
		}
	}
	c := Carried{
		Coverage:  Share{int64(len(s.all.down)), int64(max(0, s.to-s.from))},
		School:    Share{s.measured, expected},
		Calendar:  Share{known, expected},
		Simulated: s.simulated,
	}
	for i := range s.months {
		m := &s.months[i]
		if m.expected > 0 {
			c.Months = append(c.Months, s.month(s.grid.firsts[i], m))
		}
		s.school.down, s.school.up = append(s.school.down, m.down...), append(s.school.up, m.up...)
	}
	enough, enoughSchool := s.policy.enough(c.Coverage), s.policy.enough(c.School)
	c.Down = s.direction(s.all.down, s.school.down, s.down, enough, enoughSchool)
	c.Up = s.direction(s.all.up, s.school.up, s.up, enough, enoughSchool)
	if enoughSchool {
		c.Saturated, c.NearFull = Share{s.saturated, s.measured}, Share{s.nearFull, s.measured}
	}
	return c
}

func (s *sampler) month(first time.Time, m *monthSamples) Month {
	made := Month{First: first, Coverage: Share{int64(len(m.down)), m.expected}}
	if s.policy.enough(made.Coverage) {
		made.Down, made.Up = p95(m.down), p95(m.up)
	}
	return made
}

func (s *sampler) direction(all, school []uint32, p peaks, enough, enoughSchool bool) Direction {
	var d Direction
	if enoughSchool {
		d.School = p95(school)
	}
	if !enough {
		return d
	}
	d.P95 = p95(all)
	if p.found {
		d.Peak, d.PeakAt = bits(uint64(p.peak)), s.at(p.peakAt)
	}
	if p.hours {
		d.Busy, d.BusyAt = Rate{int64((p.hour*bitsPerOctet + intervalsAnHour/2) / intervalsAnHour), true}, s.at(p.hourAt)
	}
	return d
}

func (s *sampler) at(place int) time.Time {
	return s.grid.first.Add(time.Duration(place) * interval)
}

// p95 is the nearest rank; the samples lose their order.
func p95(samples []uint32) Rate {
	octets, ok := measure.Select(samples, measure.P95)
	if !ok {
		return Rate{}
	}
	return bits(uint64(octets))
}

func bits(octetsPerSecond uint64) Rate {
	return Rate{BitsPerSecond: int64(octetsPerSecond * bitsPerOctet), Known: true}
}

package lab

import (
	"slices"
	"time"
)

// EchoesPerMinute is what the history sends to each link: five every five
// seconds, as the demonstration does.
const EchoesPerMinute = 60

// MostScattered is the most echoes that a minute loses outside an outage.
const MostScattered = 13

// Minute is what one minute of probing a link would have measured. It is
// simulated and must be shown as such.
type Minute struct {
	At             time.Time // its start, UTC
	Sent, Received int       // echoes
	// Round trips, in microseconds, min <= median <= p95 <= max.
	MinMicros, MedianMicros, P95Micros, MaxMicros int64
	JitterMicros                                  int64 // mean difference between neighbours
}

// loadByHour is how busy a school keeps its link at each full hour of a school
// day, in thousandths; a minute lies between two hours.
var loadByHour = [25]int64{
	0: 20, 20, 20, 20, 20, 30, 60, 200, 700, 900, 1000, 950, 600,
	13: 550, 900, 950, 850, 550, 250, 180, 160, 140, 100, 50, 20,
}

const (
	restDivisor    = 8 // a day off is that much calmer
	halfDayFrom    = 13
	halfDayDivisor = 3 // after noon on a Wednesday
)

// History returns the minutes that start at or after from and before to, as
// the link would have lived them on its base line: busier in school hours,
// with an occasional short loss, never wholly silent. The hours are those of
// from's location. Each minute depends on the seed, the link's reference and
// POP and its own time only, so pieces of a history fit together.
func History(seed uint64, link Link, from, to time.Time) []Minute {
	return AppendHistory(nil, seed, link, from, to)
}

// AppendHistory is History behind the minutes of a list, whose room it uses.
func AppendHistory(minutes []Minute, seed uint64, link Link, from, to time.Time) []Minute {
	first := from.Truncate(time.Minute)
	if first.Before(from) {
		first = first.Add(time.Minute)
	}
	if !first.Before(to) {
		return minutes
	}
	base := linkBaseline(link, seed)
	past := past{
		base:  base,
		key:   newDice(seed, "history", link.Ref).state,
		queue: newDice(seed, "queue", link.Ref).duration(5*time.Millisecond) + 500*time.Microsecond,
	}
	minutes = slices.Grow(minutes, int(to.Sub(first)/time.Minute)+1)
	var clock wallClock
	for at := first; at.Before(to); at = at.Add(time.Minute) {
		minutes = append(minutes, past.minute(at.UTC(), load(clock.local(at))))
	}
	return minutes
}

// past is what the history of one link is drawn from.
type past struct {
	base  Impairment
	key   uint64        // of the link's draws
	queue time.Duration // added to the median round trip at full load
}

// minute draws one minute in which a school keeps its link so busy, 0 to 1000.
func (p past) minute(at time.Time, load int64) Minute {
	draws := &dice{state: mix(p.key ^ uint64(at.Unix()/60))}
	spread := p.base.Jitter/4 + p.base.Jitter*time.Duration(load)/2000
	least := p.base.Delay + draws.duration(100*time.Microsecond)
	queued := p.queue * time.Duration(load*load) / 1_000_000
	median := least + spread/2 + queued*time.Duration(700+draws.below(600))/1000
	p95 := median + spread + draws.duration(2*spread)
	most := p95 + draws.duration(4*spread)
	if draws.one(60) {
		most += draws.duration(40 * time.Millisecond) // one echo behind a burst
	}
	return Minute{
		At: at, Sent: EchoesPerMinute, Received: EchoesPerMinute - p.lost(at, draws),
		MinMicros: least.Microseconds(), MedianMicros: median.Microseconds(),
		P95Micros: p95.Microseconds(), MaxMicros: most.Microseconds(),
		JitterMicros: (spread*2/3 + draws.duration(spread/3+1)).Microseconds(),
	}
}

// lost draws the echoes lost in a minute: those of the base line and, about
// once in two weeks, those of a bad spell of some minutes.
func (p past) lost(at time.Time, draws *dice) int {
	const (
		spellOneIn = 340 // hours
		longest    = 4   // minutes
	)
	var lost int
	if draws.below(million) < uint64(p.base.LossPerMillion)*EchoesPerMinute {
		lost = 1
	}
	minute := uint64(at.Unix() / 60)
	hour := &dice{state: mix(mix(p.key) ^ minute/60)}
	if !hour.one(spellOneIn) {
		return lost
	}
	begins := hour.below(60 - longest)
	ends := begins + 1 + hour.below(longest)
	if now := minute % 60; now >= begins && now < ends {
		lost += 1 + int(draws.below(MostScattered-1))
	}
	return lost
}

// wallClock reads the hours of a location at instants that follow each other, and asks
// for its distance from UTC only where that changes.
type wallClock struct {
	offset int64     // seconds
	until  time.Time // zero at first
}

// local returns the seconds since 1970 as if the location were at UTC.
func (c *wallClock) local(at time.Time) int64 {
	if !at.Before(c.until) {
		_, offset := at.Zone()
		c.offset = int64(offset)
		if _, c.until = at.ZoneBounds(); c.until.IsZero() {
			c.until = at.AddDate(1, 0, 0) // the last there is
		}
	}
	return at.Unix() + c.offset
}

// load returns how busy a school keeps its link, 0 to 1000, at a local time in seconds
// since 1970.
func load(local int64) int64 {
	return loadOf(weekdayOf(local/daySeconds), false, local%daySeconds/60)
}

// weekdayOf is that of a day since 1970, which began on a Thursday.
func weekdayOf(day int64) time.Weekday { return (time.Thursday + time.Weekday(day%7)) % 7 }

// loadOf returns how busy a school keeps its link in a minute of a local day, 0
// to 1000; rest says that the day has no school whatever its name.
func loadOf(weekday time.Weekday, rest bool, minuteOfDay int64) int64 {
	hour, minute := minuteOfDay/60, minuteOfDay%60
	load := (loadByHour[hour]*(60-minute) + loadByHour[hour+1]*minute) / 60
	switch {
	case rest || weekday == time.Saturday || weekday == time.Sunday:
		return load / restDivisor
	case weekday == time.Wednesday && hour >= halfDayFrom:
		return load / halfDayDivisor
	}
	return load
}

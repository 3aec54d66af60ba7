package lab

import "time"

// SlotLength is how long a link carries at one rate; slots are aligned to the
// Unix epoch.
const SlotLength = 5 * time.Minute

const (
	slotSeconds = int64(SlotLength / time.Second)
	slotMicros  = uint64(SlotLength / time.Microsecond)
	daySeconds  = 24 * 60 * 60
)

// Calendar tells when there is school.
type Calendar struct {
	// Zone is where the hours of the day are read.
	Zone *time.Location
	// Off reports whether a day of the zone, given as midnight UTC of its date,
	// has no school although it is no Saturday or Sunday: school and public
	// holidays. Nil: no such day.
	Off func(day time.Time) bool
}

// Octets is what a link carried in each direction, seen from the site.
type Octets struct{ Down, Up uint64 }

// Traffic is what one link carries, as a function of time alone: a school day
// after another, with a noise of its own in each five minutes, never above the
// contracted rates. Some links are nearly saturated in school hours, some are
// hardly used. It is simulated and must be shown as such. It keeps what it
// last looked up, so it is not safe for concurrent use.
type Traffic struct {
	calendar Calendar
	key      uint64 // of the link's draws
	down, up direction

	hour, offset int64 // of the zone from UTC in seconds, in that hour since the epoch
	day          int64 // local, since the epoch
	rest         bool  // whether that day is one without school
}

// direction is how one direction of a link is used.
type direction struct {
	rate uint64 // contracted, octets per second
	peak uint64 // what a full school hour asks for, thousandths of rate; may exceed 1,000
	idle uint64 // what never sleeps, thousandths of rate
}

// NewTraffic returns what a link carries. The same seed, link reference, rates
// and calendar give the same traffic on every machine.
func NewTraffic(seed uint64, link Link, calendar Calendar) *Traffic {
	draws := newDice(seed, "traffic", link.Ref)
	peak := drawPeak(draws)
	const never = -1 << 62
	return &Traffic{
		calendar: calendar,
		key:      draws.state,
		down:     direction{rate: octetsPerSecond(link.DownKbps), peak: peak, idle: 1 + peak/100},
		up:       direction{rate: octetsPerSecond(link.UpKbps), peak: 1 + peak*(80+draws.below(220))/1000, idle: 1 + peak/200},
		hour:     never, day: never,
	}
}

// drawPeak draws how much of its rate a link is asked for in a full school
// hour, in thousandths: of ten links one wants more than it has, two are well
// used, three hardly, the others in between.
func drawPeak(draws *dice) uint64 {
	switch tenth := draws.below(10); {
	case tenth < 1:
		return 1100 + draws.below(500)
	case tenth < 3:
		return 600 + draws.below(250)
	case tenth < 6:
		return 10 + draws.below(60)
	default:
		return 120 + draws.below(380)
	}
}

// octetsPerSecond converts kilobits, of 1000 bits.
func octetsPerSecond(kbps int64) uint64 { return uint64(max(kbps, 0)) * 125 }

// Carried returns what the link carried from one instant, in whole
// microseconds, to another; nothing when they are in the wrong order. What
// neighbouring spans carried adds up exactly to what the whole span carried.
// The instants lie after 1970.
func (t *Traffic) Carried(from, to time.Time) Octets {
	var sum Octets
	begin, end := from.UnixMicro(), to.UnixMicro()
	if begin >= end {
		return sum
	}
	first, last := begin/int64(slotMicros), end/int64(slotMicros)
	for slot := first; slot <= last; slot++ {
		part, least := slotMicros, uint64(0)
		if slot == first {
			least = uint64(begin) % slotMicros
		}
		if slot == last {
			part = uint64(end) % slotMicros
		}
		rate := t.slot(slot)
		sum.Down += upTo(rate.Down, part) - upTo(rate.Down, least)
		sum.Up += upTo(rate.Up, part) - upTo(rate.Up, least)
	}
	return sum
}

// upTo returns the whole octets that a slot has carried after some time.
func upTo(rate, micros uint64) uint64 { return rate * micros / million }

// Rate returns what the link carries per second during the slot that an
// instant after 1970 lies in.
func (t *Traffic) Rate(at time.Time) Octets { return t.slot(at.Unix() / slotSeconds) }

// slot returns the octets per second of a slot.
func (t *Traffic) slot(slot int64) Octets {
	load := t.load(slot * slotSeconds)
	state := mix(t.key ^ uint64(slot))
	return Octets{
		Down: t.down.carries(load, state),
		Up:   t.up.carries(load, mix(state)),
	}
}

// carries returns the octets per second at a load in thousandths; the even
// bits make the noise.
func (d direction) carries(load, evenBits uint64) uint64 {
	const (
		leastNoise, noiseSpread = 650, 700 // thousandths: ±35 %
		burstOneIn              = 24       // slots
		mostFull, fullSpread    = 990_000, 15_000
	)
	asked := (d.idle*1000 + d.peak*load) * (leastNoise + evenBits%noiseSpread) / 1000 // millionths of the rate
	if evenBits>>32%burstOneIn == 0 {
		asked *= 2
	}
	// A link asked for more than it has is nearly full, never above.
	asked = min(asked, mostFull-evenBits>>16%fullSpread)
	return d.rate * asked / million
}

// load returns how busy the school is at an instant, 0 to 1000.
func (t *Traffic) load(unix int64) uint64 {
	if hour := unix / 3600; hour != t.hour {
		_, offset := time.Unix(unix, 0).In(t.calendar.Zone).Zone()
		t.hour, t.offset = hour, int64(offset)
	}
	local := unix + t.offset
	if day := local / daySeconds; day != t.day {
		t.day = day
		t.rest = t.calendar.Off != nil && t.calendar.Off(time.Unix(day*daySeconds, 0).UTC())
	}
	return uint64(loadOf(weekdayOf(t.day), t.rest, local%daySeconds/60))
}

package measure

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// FiveMinutesADay is the number of five-minute intervals of a UTC day.
const FiveMinutesADay = 288

// NoRate stands in a UtilisationDay for an interval that was not measured: a gap,
// never a zero.
const NoRate uint32 = math.MaxUint32

// UtilisationDay is what a link carried in each five minutes of one UTC day, in
// octets per second (up to 34 Gbit/s), Down towards the site.
type UtilisationDay struct {
	Down, Up [FiveMinutesADay]uint32
}

// NewUtilisationDay returns a day of which nothing was measured.
func NewUtilisationDay() UtilisationDay {
	var d UtilisationDay
	for i := range FiveMinutesADay {
		d.Down[i], d.Up[i] = NoRate, NoRate
	}
	return d
}

// Carried is what a link carried in one interval of five minutes that starts at At,
// Down towards the site. CoveredMillis is the measured part of it, milliseconds.
type Carried struct {
	At                   time.Time
	DownOctets, UpOctets int64
	CoveredMillis        int32
}

// fiveMinutes is the length of an interval.
const fiveMinutes = 5 * time.Minute

// leastCovered is the part of an interval, in milliseconds, from which on its rate
// stands for the whole: half. Below it the interval is a gap.
const leastCovered = int64(fiveMinutes/time.Millisecond) / 2

// Rates are the octets per second in each direction over the measured part, rounded
// half up; false when too little of the interval was measured to speak for it. A rate
// that no link has is cut off just below NoRate.
func (c Carried) Rates() (down, up uint32, ok bool) {
	covered := int64(c.CoveredMillis)
	if covered < leastCovered || c.DownOctets < 0 || c.UpOctets < 0 {
		return NoRate, NoRate, false
	}
	return perSecond(c.DownOctets, covered), perSecond(c.UpOctets, covered), true
}

func perSecond(octets, millis int64) uint32 {
	whole, rest := octets/millis, octets%millis
	if whole > math.MaxUint32/1000 {
		return NoRate - 1
	}
	return uint32(min(whole*1000+(rest*2000+millis)/(2*millis), int64(NoRate)-1))
}

// Put sets the interval that c measured, if the day that starts at day has it and
// enough of it was measured.
func (d *UtilisationDay) Put(day time.Time, c Carried) {
	since := c.At.Sub(day)
	if since < 0 || since >= FiveMinutesADay*fiveMinutes {
		return
	}
	if down, up, ok := c.Rates(); ok {
		i := int(since / fiveMinutes)
		d.Down[i], d.Up[i] = down, up
	}
}

const (
	utilisationDayVersion = 1
	utilisationDayLength  = 1 + 2*4*FiveMinutesADay
)

// MarshalBinary packs the day: a version octet, then Down and Up in big-endian
// order, 2,305 octets.
func (d UtilisationDay) MarshalBinary() ([]byte, error) {
	out := make([]byte, 0, utilisationDayLength)
	out = append(out, utilisationDayVersion)
	for _, rates := range []*[FiveMinutesADay]uint32{&d.Down, &d.Up} {
		for _, rate := range rates {
			out = binary.BigEndian.AppendUint32(out, rate)
		}
	}
	return out, nil
}

// UnmarshalBinary reads what MarshalBinary wrote and refuses anything else.
func (d *UtilisationDay) UnmarshalBinary(data []byte) error {
	switch {
	case len(data) != utilisationDayLength:
		return fmt.Errorf("decode a day of utilisation: %d octets, expected %d", len(data), utilisationDayLength)
	case data[0] != utilisationDayVersion:
		return fmt.Errorf("decode a day of utilisation: version %d, expected %d", data[0], utilisationDayVersion)
	}
	data = data[1:]
	for i := range FiveMinutesADay {
		d.Down[i] = binary.BigEndian.Uint32(data[4*i:])
		d.Up[i] = binary.BigEndian.Uint32(data[4*(FiveMinutesADay+i):])
	}
	return nil
}

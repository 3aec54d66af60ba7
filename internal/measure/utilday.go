package measure

import (
	"encoding/binary"
	"fmt"
	"math"
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

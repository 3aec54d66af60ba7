package measure

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// HoursADay is the number of hours of a UTC day.
const HoursADay = 24

// Hours are the hours of one link in one UTC day.
type Hours [HoursADay]Figures

// NewHours returns a day of which nothing was planned.
func NewHours() Hours {
	var h Hours
	for i := range h {
		h[i] = undefinedFigures()
	}
	return h
}

// HoursOf sums the minutes of one link in the UTC day that starts at day; of a minute
// that several probers saw there are as many, side by side. Minutes of other days are
// left out.
func HoursOf(day time.Time, minutes []Minute) Hours {
	hours := NewHours()
	var parts [HoursADay][]Figures
	for len(minutes) > 0 {
		same := 1
		for same < len(minutes) && minutes[same].At.Equal(minutes[0].At) {
			same++
		}
		if hour := int(math.Floor(minutes[0].At.Sub(day).Hours())); hour >= 0 && hour < HoursADay {
			if parts[hour] == nil {
				parts[hour] = make([]Figures, 0, 60)
			}
			parts[hour] = append(parts[hour], Seen(minutes[:same]...))
		}
		minutes = minutes[same:]
	}
	for i, part := range parts {
		hours[i] = RollUp(part)
	}
	return hours
}

// Day sums the hours.
func (h Hours) Day() Figures { return RollUp(h[:]) }

const (
	hoursVersion = 1
	hourFields   = 9
)

// MarshalBinary packs the day: a version octet, then for each hour the echoes
// planned, and unless these are 0 those not sent, those lost, the covered time and
// the five delays plus one (0 = undefined), each an unsigned varint (Protocol Buffers'
// base 128). A day costs some 450 octets. Figures that cannot be (more received than
// sent) are refused.
func (h Hours) MarshalBinary() ([]byte, error) {
	out := make([]byte, 0, 512)
	out = append(out, hoursVersion)
	for i, f := range h {
		if f.Received < 0 || f.Received > f.Sent || f.Sent > f.Planned || f.CoveredMillis < 0 {
			return nil, fmt.Errorf("encode the hour %d: planned %d, sent %d, received %d, covered %d: expected received <= sent <= planned, none below 0",
				i, f.Planned, f.Sent, f.Received, f.CoveredMillis)
		}
		out = binary.AppendUvarint(out, uint64(f.Planned))
		if f.Planned == 0 {
			continue
		}
		for _, v := range [...]int64{f.Planned - f.Sent, f.Sent - f.Received, f.CoveredMillis} {
			out = binary.AppendUvarint(out, uint64(v))
		}
		for _, micros := range [...]int32{f.MinMicros, f.MedianMicros, f.P95Micros, f.MaxMicros, f.JitterMicros} {
			if micros < Undefined {
				return nil, fmt.Errorf("encode the hour %d: a delay of %d µs: expected 0 or more, or %d for none", i, micros, Undefined)
			}
			out = binary.AppendUvarint(out, uint64(int64(micros)+1))
		}
	}
	return out, nil
}

// UnmarshalBinary reads what MarshalBinary wrote and refuses anything else.
func (h *Hours) UnmarshalBinary(data []byte) error {
	if len(data) == 0 || data[0] != hoursVersion {
		return fmt.Errorf("decode the hours of a day: %d octets that begin with % x, expected version %d", len(data), data[:min(len(data), 1)], hoursVersion)
	}
	read := NewHours()
	rest := data[1:]
	for i := range read {
		var err error
		if rest, err = read[i].decode(rest); err != nil {
			return fmt.Errorf("decode the hours of a day: hour %d: %w", i, err)
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("decode the hours of a day: %d octets after the last hour, expected none", len(rest))
	}
	// A varint can be written longer than it needs to be; we never do.
	if again, err := read.MarshalBinary(); err != nil || !bytes.Equal(again, data) {
		return errors.New("decode the hours of a day: a number is not in its shortest form")
	}
	*h = read
	return nil
}

// decode reads one hour and returns what follows it.
func (f *Figures) decode(data []byte) (rest []byte, err error) {
	var v [hourFields]int64
	for i := range v {
		u, n := binary.Uvarint(data)
		if n <= 0 || u > math.MaxInt32 {
			return nil, fmt.Errorf("field %d of %d: expected a number up to %d", i+1, hourFields, math.MaxInt32)
		}
		v[i], data = int64(u), data[n:]
		if v[0] == 0 {
			return data, nil
		}
	}
	*f = Figures{
		Planned: v[0], Sent: v[0] - v[1], Received: v[0] - v[1] - v[2], CoveredMillis: v[3],
		MinMicros: int32(v[4] - 1), MedianMicros: int32(v[5] - 1), P95Micros: int32(v[6] - 1),
		MaxMicros: int32(v[7] - 1), JitterMicros: int32(v[8] - 1),
	}
	if f.Received < 0 {
		return nil, fmt.Errorf("%d planned, %d not sent, %d lost: expected no more than were planned", v[0], v[1], v[2])
	}
	return data, nil
}

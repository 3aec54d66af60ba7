package measure

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
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
// that several probers saw there are as many. Minutes of other days are left out.
func HoursOf(day time.Time, minutes []Minute) Hours {
	hours := NewHours()
	minutes = sideBySide(minutes)
	parts := make([]Figures, 0, 60)
	current := 0 // the hour that is gathered
	for len(minutes) > 0 {
		same := 1
		for same < len(minutes) && minutes[same].At.Equal(minutes[0].At) {
			same++
		}
		if hour, ok := hourOf(day, minutes[0].At); ok {
			if hour != current {
				hours[current], current, parts = RollUp(parts), hour, parts[:0]
			}
			parts = append(parts, Seen(minutes[:same]...))
		}
		minutes = minutes[same:]
	}
	hours[current] = RollUp(parts)
	return hours
}

// sideBySide gives minutes in order of time.
func sideBySide(minutes []Minute) []Minute {
	for i := 1; i < len(minutes); i++ {
		if minutes[i].At.Before(minutes[i-1].At) {
			minutes = slices.Clone(minutes)
			slices.SortStableFunc(minutes, func(a, b Minute) int { return a.At.Compare(b.At) })
			break
		}
	}
	return minutes
}

// DelaysOf merges the delays of one link's minutes in the UTC day that starts at day,
// whoever saw them; minutes of other days are left out.
func DelaysOf(day time.Time, minutes []Minute) *HourlyDelays {
	var delays HourlyDelays
	for _, m := range minutes {
		if hour, ok := hourOf(day, m.At); ok {
			delays[hour].Merge(m.Delays)
		}
	}
	return &delays
}

// hourOf is the hour of a day in which an instant lies; false outside the day.
func hourOf(day, at time.Time) (hour int, ok bool) {
	since := at.Sub(day)
	return int(since / time.Hour), since >= 0 && since < HoursADay*time.Hour
}

// Day sums the hours.
func (h Hours) Day() Figures { return RollUp(h[:]) }

// Versions of a packed day. Days of the first are stored, and have neither delay
// variation nor Extras.
const (
	oldestHours  = 1
	hoursVersion = 2
)

// hourFields is the number of fields of an hour, by version.
var hourFields = [...]int{oldestHours: 9, hoursVersion: 15}

// MarshalBinary packs the day: a version octet, then for each hour the echoes
// planned, and unless these are 0 those not sent, those lost, the covered time, the
// five delays plus one (0 = undefined), and since version 2 the echoes sent without
// details, duplicates, reordered replies, loss periods, the longest of them and the
// delay variation plus one, each an unsigned varint (Protocol Buffers' base 128). A day
// costs some 600 octets. Figures that cannot be (more received than sent) are refused.
func (h Hours) MarshalBinary() ([]byte, error) { return h.pack(hoursVersion) }

func (h Hours) pack(version byte) ([]byte, error) {
	out := make([]byte, 0, 768)
	out = append(out, version)
	for i, f := range h {
		fields := f.fields()
		if slices.Min(fields[:]) < 0 || f.Received < 0 || f.Detailed < 0 {
			return nil, fmt.Errorf("encode the hour %d: %+v: expected received <= sent <= planned, detailed <= sent, and no figure below 0 but %d for no delay", i, f, Undefined)
		}
		if f.Planned == 0 {
			out = append(out, 0)
			continue
		}
		for _, v := range fields[:hourFields[version]] {
			out = binary.AppendUvarint(out, uint64(v))
		}
	}
	return out, nil
}

// fields are the figures in the order of their encoding, none below 0.
func (f Figures) fields() [15]int64 {
	return [...]int64{
		f.Planned, f.Planned - f.Sent, f.Sent - f.Received, f.CoveredMillis,
		int64(f.MinMicros) + 1, int64(f.MedianMicros) + 1, int64(f.P95Micros) + 1, int64(f.MaxMicros) + 1, int64(f.JitterMicros) + 1,
		f.Sent - f.Detailed, f.Duplicates, f.Reordered, f.LossPeriods, f.LongestLoss, int64(f.PDVMicros) + 1,
	}
}

// UnmarshalBinary reads what MarshalBinary wrote, or wrote in an older version, and
// refuses anything else.
func (h *Hours) UnmarshalBinary(data []byte) error {
	if len(data) == 0 || data[0] < oldestHours || data[0] > hoursVersion {
		return fmt.Errorf("decode the hours of a day: %d octets that begin with % x, expected version %d to %d", len(data), data[:min(len(data), 1)], oldestHours, hoursVersion)
	}
	read := NewHours()
	rest := data[1:]
	for i := range read {
		var err error
		if rest, err = read[i].decode(rest, hourFields[data[0]]); err != nil {
			return fmt.Errorf("decode the hours of a day: hour %d: %w", i, err)
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("decode the hours of a day: %d octets after the last hour, expected none", len(rest))
	}
	*h = read
	return nil
}

// decode reads one hour of some fields and returns what follows it.
func (f *Figures) decode(data []byte, fields int) (rest []byte, err error) {
	var v [15]int64
	for i := range fields {
		u, n := binary.Uvarint(data)
		if n <= 0 || u > math.MaxInt32 {
			return nil, fmt.Errorf("field %d of %d: expected a number up to %d", i+1, fields, math.MaxInt32)
		}
		if n > 1 && data[n-1] == 0 { // written longer than it needs to be; we never do
			return nil, fmt.Errorf("field %d of %d: %d is not in its shortest form", i+1, fields, u)
		}
		v[i], data = int64(u), data[n:]
		if v[0] == 0 {
			return data, nil
		}
	}
	sent := v[0] - v[1]
	if fields == hourFields[oldestHours] {
		v[9] = sent
	}
	*f = Figures{
		Planned: v[0], Sent: sent, Received: sent - v[2], CoveredMillis: v[3],
		MinMicros: int32(v[4] - 1), MedianMicros: int32(v[5] - 1), P95Micros: int32(v[6] - 1),
		MaxMicros: int32(v[7] - 1), JitterMicros: int32(v[8] - 1),
		Detailed: sent - v[9], PDVMicros: int32(v[14] - 1),
		Extras: Extras{Duplicates: v[10], Reordered: v[11], LossPeriods: v[12], LongestLoss: v[13]},
	}
	if f.Received < 0 || f.Detailed < 0 {
		return nil, fmt.Errorf("%d planned, %d not sent, %d lost, %d without details: expected no more than were planned and sent", v[0], v[1], v[2], v[9])
	}
	return data, nil
}

package stamp

import (
	"math"
	"time"
)

// Timestamp is a time as a packet carries it: 32 bits of seconds, then 32 bits that
// are a fraction (NTP, RFC 5905) or nanoseconds (PTP, IEEE 1588), as the Z bit of the
// error estimate beside it tells.
type Timestamp uint64

// ntpEpoch is the Unix epoch in seconds of NTP, which begin in 1900.
const ntpEpoch = 2_208_988_800

// NTP gives a time in the NTP format, to the quarter of a nanosecond. Its seconds wrap
// in 2036.
func NTP(t time.Time) Timestamp {
	seconds := uint64(t.Unix()+ntpEpoch) << 32
	return Timestamp(seconds | uint64(t.Nanosecond())<<32/uint64(time.Second))
}

// sub is the time from earlier to t, both in one format. The difference of two NTP
// times is right across the wrap of their seconds.
func (t Timestamp) sub(earlier Timestamp, ptp bool) time.Duration {
	if ptp {
		seconds := int32(uint32(t>>32) - uint32(earlier>>32))
		return time.Duration(seconds)*time.Second + time.Duration(uint32(t)) - time.Duration(uint32(earlier))
	}
	difference := int64(t - earlier)
	seconds, fraction := difference>>32, difference&math.MaxUint32
	return time.Duration(seconds)*time.Second + time.Duration((fraction*int64(time.Second)+1<<31)>>32)
}

// ErrorEstimate says how far a clock may be from UTC (RFC 4656, 4.1.2; its Z bit,
// RFC 8186): Multiplier x 2^(Scale-32) seconds.
type ErrorEstimate struct {
	Synchronised bool  // to UTC, by an external source
	PTP          bool  // the timestamps beside it are in the PTP format
	Scale        uint8 // 0 to 63
	Multiplier   uint8 // never 0 in a valid packet
}

const (
	bitSynchronised = 1 << 15
	bitPTP          = 1 << 14
	scaleAt         = 8
	maxScale        = 63
)

// Within is the estimate as a time, rounded down to the nanosecond and at most some
// 292 years.
func (e ErrorEstimate) Within() time.Duration {
	nanos := math.Ldexp(float64(e.Multiplier)*float64(time.Second), int(e.Scale)-32)
	if nanos >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(nanos)
}

// estimate writes a clock's error, rounded up to what the format can say.
func estimate(within time.Duration, synchronised bool) ErrorEstimate {
	units := math.Ldexp(max(within, 1).Seconds(), 32)
	e := ErrorEstimate{Synchronised: synchronised}
	for ; units > math.MaxUint8; units /= 2 {
		e.Scale++
	}
	e.Multiplier = uint8(math.Ceil(units))
	return e
}

func (e ErrorEstimate) bits() uint16 {
	bits := uint16(e.Scale&maxScale)<<scaleAt | uint16(e.Multiplier)
	if e.Synchronised {
		bits |= bitSynchronised
	}
	if e.PTP {
		bits |= bitPTP
	}
	return bits
}

func errorEstimate(bits uint16) ErrorEstimate {
	return ErrorEstimate{
		Synchronised: bits&bitSynchronised != 0, PTP: bits&bitPTP != 0,
		Scale: uint8(bits>>scaleAt) & maxScale, Multiplier: uint8(bits),
	}
}

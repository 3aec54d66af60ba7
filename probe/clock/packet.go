package clock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// The header of RFC 5905, 7.3; extensions and a digest may follow it in an answer.
const (
	packetLength = 48
	modeClient   = 3
	modeServer   = 4
	version      = 4
	oldest       = 1
	leapUnknown  = 3 // the server is not synchronised
	maxStratum   = 15
	// maxDistance is beyond what an answer is worth (MAXDIST of RFC 5905 with room for
	// a server behind a slow line).
	maxDistance = 3 * time.Second
	// ntpEpoch is the Unix epoch in seconds of NTP, which begin in 1900.
	ntpEpoch = 2_208_988_800
)

// Kiss is a server's refusal, with its code (RFC 5905, 7.4): RATE asks for longer
// pauses, DENY and RSTR for no more requests.
type Kiss string

// Error names the code.
func (k Kiss) Error() string { return fmt.Sprintf("the server refuses: %s", string(k)) }

// Final reports whether the server wants to be asked no more.
func (k Kiss) Final() bool { return k == "DENY" || k == "RSTR" }

// answer is what a server's packet tells.
type answer struct {
	received, sent time.Time // by the server's clock
	rootDelay      time.Duration
	rootDispersion time.Duration
	stratum        int
}

// request is a packet that asks. Its transmit time is a mark that nobody else knows
// and not a time: the server has no use for ours.
func request(mark uint64) [packetLength]byte {
	var p [packetLength]byte
	p[0] = version<<3 | modeClient
	binary.BigEndian.PutUint64(p[40:], mark)
	return p
}

var errForeign = errors.New("not an answer to this request")

// parse reads the answer to the request with that mark. near tells the era of its
// times (RFC 5905, 6): they are taken within 68 years of it. What does not bear the
// mark is errForeign, whatever else it says.
func parse(p []byte, mark uint64, near time.Time) (answer, error) {
	if len(p) < packetLength {
		return answer{}, errForeign
	}
	if p[0]&7 != modeServer || binary.BigEndian.Uint64(p[24:]) != mark {
		return answer{}, errForeign
	}
	v, leap := int(p[0]>>3&7), p[0]>>6
	a := answer{
		stratum:        int(p[1]),
		rootDelay:      short(p[4:]),
		rootDispersion: short(p[8:]),
		received:       stamp(p[32:], near),
		sent:           stamp(p[40:], near),
	}
	switch {
	case v < oldest || v > version:
		return answer{}, fmt.Errorf("version %d, expected %d to %d", v, oldest, version)
	case a.stratum == 0:
		return answer{}, Kiss(printable(p[12:16]))
	case a.stratum > maxStratum:
		return answer{}, fmt.Errorf("stratum %d, expected 1 to %d", a.stratum, maxStratum)
	case leap == leapUnknown:
		return answer{}, errors.New("the server's own clock is not synchronised")
	case binary.BigEndian.Uint64(p[32:]) == 0 || binary.BigEndian.Uint64(p[40:]) == 0:
		return answer{}, errors.New("the answer tells no time")
	case a.sent.Before(a.received):
		return answer{}, fmt.Errorf("sent %s before it was received", a.received.Sub(a.sent))
	case a.rootDelay/2+a.rootDispersion >= maxDistance:
		return answer{}, fmt.Errorf("%s from its own source, expected less than %s", a.rootDelay/2+a.rootDispersion, maxDistance)
	}
	return a, nil
}

// short reads a time of 16 bits of seconds and 16 of their fraction.
func short(b []byte) time.Duration {
	return time.Duration(uint64(binary.BigEndian.Uint32(b)) * uint64(time.Second) >> 16)
}

// stamp reads a time of 32 bits of seconds and 32 of their fraction, in the era that
// lies within 68 years of near.
func stamp(b []byte, near time.Time) time.Time {
	seconds, fraction := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	since := int32(seconds - uint32(near.Unix()+ntpEpoch))
	return time.Unix(near.Unix()+int64(since), int64(uint64(fraction)*uint64(time.Second)>>32)).UTC()
}

// printable is a kiss code as it may stand in a log.
func printable(b []byte) string {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			out = append(out, c)
		}
	}
	return string(out)
}

package linkstate

import "fmt"

// Result is what one cycle says of one link.
type Result uint8

// The results, best first, so that the smallest one that is not None is the
// combined result of several vantage points (see Combine).
const (
	// None means no valid result: nothing was sent, or the prober is isolated.
	None Result = iota
	// OK means an answer within every quality limit.
	OK
	// Slow means answers over a quality limit.
	Slow
	// Fail means every echo lost.
	Fail
)

// Combine gives the result of a cycle seen from two vantage points: fail when
// every one that has a result lost every echo, slow when none is ok and one is
// over a quality limit, else ok. It is commutative and associative, None is
// its neutral element.
func Combine(a, b Result) Result {
	if a == None || (b != None && b < a) {
		return b
	}
	return a
}

// Status is the state of a link as it is shown.
type Status uint8

// The statuses. The zero value is Up: before its first result a link is up.
const (
	// Up means answering within the quality limits.
	Up Status = iota
	// Degraded means answering over a quality limit too often.
	Degraded
	// Down means confirmed lost.
	Down
	// Unknown means that no valid result came for too long; it says nothing
	// about the link.
	Unknown
)

var statusNames = [...]string{Up: "up", Degraded: "degraded", Down: "down", Unknown: "unknown"}

// String returns the lower-case English name used in files and logs.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// MarshalText writes the name; it fails on a value that is no status.
func (s Status) MarshalText() ([]byte, error) {
	if int(s) >= len(statusNames) {
		return nil, fmt.Errorf("write link status: %d is not a status", uint8(s))
	}
	return []byte(statusNames[s]), nil
}

// UnmarshalText reads a name written by MarshalText and refuses any other.
func (s *Status) UnmarshalText(text []byte) error {
	for i, name := range statusNames {
		if name == string(text) {
			*s = Status(i)
			return nil
		}
	}
	return fmt.Errorf("read link status: got %q, want up, degraded, down or unknown", text)
}

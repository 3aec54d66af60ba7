package probe

import (
	"fmt"
	"net/netip"
	"time"
)

// Stamp is what one session of STAMP (RFC 8762) to the reflector of a link found. It
// stands beside the echoes and decides no outage.
type Stamp struct {
	Reflector netip.AddrPort `json:"reflector"`
	Sent      int            `json:"sent"`
	Received  int            `json:"received"`
	// Loaded says that a throughput test of ours filled the link meanwhile: what was lost
	// or late is the test's doing.
	Loaded bool `json:"loaded,omitzero"`
	// Two-way delays without the reflector's own time, of those that came back,
	// microseconds: the nearest rank.
	MinMicros    int64 `json:"min_us,omitzero"`
	MedianMicros int64 `json:"median_us,omitzero"`
	MaxMicros    int64 `json:"max_us,omitzero"`
	// Uncorrected are delays that hold the reflector's own time, since it tells none.
	Uncorrected int `json:"uncorrected,omitzero"`
	// Synchronised says that both clocks follow UTC by their own account, to ErrorMicros
	// together; only then are the medians of each way known. One below zero is within it.
	Synchronised  bool  `json:"synchronised,omitzero"`
	ErrorMicros   int64 `json:"error_us,omitzero"`
	ForwardMicros int64 `json:"forward_us,omitzero"`
	BackMicros    int64 `json:"back_us,omitzero"`
	// Counted says that the reflector counts: of those lost, ForwardLost never reached it.
	Counted     bool `json:"counted,omitzero"`
	ForwardLost int  `json:"forward_lost,omitzero"`
}

// Kind is stamp.
func (*Stamp) Kind() string { return "stamp" }

// maxOfSession bounds the packets of a session.
const maxOfSession = 100_000

// Validate refuses counts that contradict each other and times out of their range.
func (s *Stamp) Validate() error {
	switch {
	case !s.Reflector.IsValid():
		return fmt.Errorf("reflector: none")
	case s.Received < 0 || s.Received > s.Sent || s.Sent > maxOfSession:
		return fmt.Errorf("%d of %d packets came back, expected 0 to all of at most %d", s.Received, s.Sent, maxOfSession)
	case s.ForwardLost < 0 || s.ForwardLost > s.Sent-s.Received || s.Uncorrected < 0 || s.Uncorrected > s.Received:
		return fmt.Errorf("%d lost on the way there and %d uncorrected, of %d sent and %d received", s.ForwardLost, s.Uncorrected, s.Sent, s.Received)
	}
	for _, micros := range []int64{s.MinMicros, s.MedianMicros, s.MaxMicros, s.ErrorMicros, s.ForwardMicros, s.BackMicros} {
		if micros < -maxPhase || micros > maxPhase {
			return fmt.Errorf("a time of %d µs, expected up to %s", micros, time.Duration(maxPhase)*time.Microsecond)
		}
	}
	return nil
}

package probe

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// Check is what one question to a service behind a link found. A failed one says that the
// service does not answer as it should, and nothing of the line.
type Check struct {
	// ID is the check's in the inventory.
	ID int64 `json:"id"`
	// Reason is why it failed, as probe/service names it; ok for one that did not.
	Reason string `json:"reason"`
	// Known is false when it says nothing of the service: the trouble was the prober's own.
	Known  bool   `json:"known"`
	Detail string `json:"detail,omitempty"` // in English, with the value found
	Peer   string `json:"peer,omitempty"`   // address and port asked last
	Status int    `json:"status,omitempty"` // HTTP
	// How long each phase took, microseconds; 0 for one that was not gone through.
	ResolveMicros   int64 `json:"resolve_us,omitempty"`
	ConnectMicros   int64 `json:"connect_us,omitempty"`
	TLSMicros       int64 `json:"tls_us,omitempty"`
	FirstByteMicros int64 `json:"first_byte_us,omitempty"`
	WholeMicros     int64 `json:"whole_us,omitempty"`
	// Certificate is what the server proved itself with; nil where it showed none.
	Certificate *Certificate `json:"certificate,omitempty"`
}

// Certificate is the part of a server's certificate that people act on.
type Certificate struct {
	Subject string    `json:"subject"`
	Issuer  string    `json:"issuer"`
	Until   time.Time `json:"until"`           // when it stops holding
	Fault   string    `json:"fault,omitempty"` // why it is not accepted; empty for a good one
}

// OK reports whether the service answered as it should.
func (c *Check) OK() bool { return c.Reason == reasonOK }

const (
	reasonOK = "ok"
	// maxCheckText bounds a text of a finding, in octets.
	maxCheckText = 512
)

// Kind is check.
func (*Check) Kind() string { return "check" }

// Validate refuses a check without its number or its reason, and values out of their range.
func (c *Check) Validate() error {
	texts := []struct{ name, text string }{{"reason", c.Reason}, {"detail", c.Detail}, {"peer", c.Peer}}
	if k := c.Certificate; k != nil {
		texts = append(texts, []struct{ name, text string }{{"subject", k.Subject}, {"issuer", k.Issuer}, {"fault", k.Fault}}...)
		if year := k.Until.Year(); year < 1 || year > 9999 {
			return fmt.Errorf("end of the certificate: year %d, expected 1 to 9999", year)
		}
	}
	for _, t := range texts {
		if len(t.text) > maxCheckText || !utf8.ValidString(t.text) {
			return fmt.Errorf("%s: %d octets, expected text of at most %d", t.name, len(t.text), maxCheckText)
		}
	}
	switch {
	case c.ID <= 0:
		return fmt.Errorf("id: %d, expected that of a check", c.ID)
	case c.Reason == "":
		return fmt.Errorf("reason: empty, expected ok or why it failed")
	case c.Status < 0 || c.Status > 999:
		return fmt.Errorf("status: %d, expected 0 to 999", c.Status)
	}
	for _, micros := range []int64{c.ResolveMicros, c.ConnectMicros, c.TLSMicros, c.FirstByteMicros, c.WholeMicros} {
		if micros < 0 || micros > maxPhase {
			return fmt.Errorf("a phase of %d µs, expected 0 to %d", micros, int64(maxPhase))
		}
	}
	return nil
}

// maxPhase bounds a phase of a check: 10 minutes, many times its timeout, in microseconds.
const maxPhase = 600_000_000

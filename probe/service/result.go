package service

import (
	"net/netip"
	"time"
)

// Reason is why a check failed, or OK.
type Reason string

// The reasons that say something of the service.
const (
	OK             Reason = "ok"
	Refused        Reason = "refused"         // nothing listens at that port
	Timeout        Reason = "timeout"         // no whole answer within the check's time
	Reset          Reason = "reset"           // the connection was cut off
	Closed         Reason = "closed"          // the connection was closed before the answer was whole
	Unreachable    Reason = "unreachable"     // no way there, says the machine or a router
	NoSuchName     Reason = "no_such_name"    // the name does not exist (NXDOMAIN)
	NoAddress      Reason = "no_address"      // the name exists without such an address
	ServerFailed   Reason = "server_failed"   // the name server answers that it cannot or will not
	WrongAnswer    Reason = "wrong_answer"    // another address than the one expected
	BadTLS         Reason = "bad_tls"         // no encrypted connection comes about
	BadCertificate Reason = "bad_certificate" // Certificate.Fault tells why
	Ending         Reason = "ending"          // the certificate ends sooner than Expect.Lasts
	WrongStatus    Reason = "wrong_status"
	WrongText      Reason = "wrong_text"
	TooManyMoves   Reason = "too_many_redirects"
	BadAnswer      Reason = "bad_answer" // not what the protocol allows, or too long
)

// The reasons that say nothing of the service.
const (
	Unresolved Reason = "unresolved" // the prober's own name server did not answer
	OwnTrouble Reason = "own"        // this machine gave no socket, or did not let it send
	Stopped    Reason = "stopped"    // the context ended first
)

// Fault is why a certificate is not accepted.
type Fault string

// The faults of a certificate.
const (
	Expired          Fault = "expired"
	NotYetValid      Fault = "not_yet_valid"
	OtherName        Fault = "other_name"
	UnknownAuthority Fault = "unknown_authority" // self-signed too
	OtherFault       Fault = "other"
)

// Certificate is what a server proved itself with.
type Certificate struct {
	Subject string // common name or, without one, the first name it is for
	Issuer  string
	From    time.Time
	// Until is when it stops holding: the earliest end in the chain that was verified,
	// or its own end where none was.
	Until time.Time
	Fault Fault // empty for a good one
}

// Timings say how long each phase took, by the monotonic clock; 0 for one that was
// not gone through or not finished. They add up to Whole when all went well.
type Timings struct {
	Moved     time.Duration // HTTP: all that was asked before the last redirect; DNS: by UDP before TCP
	Resolve   time.Duration // the name of the host
	Connect   time.Duration // TCP, with what was tried in vain before
	TLS       time.Duration
	FirstByte time.Duration // from the request to the first octet of its answer
	Rest      time.Duration // from there to the end of what is read
	Whole     time.Duration
}

// Result is what a check found.
type Result struct {
	Reason      Reason
	Detail      string         // in English, with the value found; empty when OK
	Peer        netip.AddrPort // asked last
	Timings     Timings
	Status      int    // HTTP: of the last answer
	URL         string // HTTP: asked last
	Redirects   int    // HTTP: followed
	Certificate *Certificate
	Octets      int64        // HTTP: of the page that were read, maxBody at most
	Addresses   []netip.Addr // DNS: in the order of the answer
	ByTCP       bool         // DNS: the answer was too long for UDP
	Asked       int          // DNS: questions sent by UDP
	Foreign     int          // DNS: datagrams that were no answer to any of them
}

// Known reports whether the check says something of the service at all.
func (r Result) Known() bool {
	return r.Reason != Unresolved && r.Reason != OwnTrouble && r.Reason != Stopped
}

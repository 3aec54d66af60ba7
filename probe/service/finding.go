package service

import (
	"strings"
	"time"

	"vigie/probe"
)

// Finding is a result as a prober reports it, for the check of that number.
func (r Result) Finding(id int64) *probe.Check {
	t := r.Timings
	c := &probe.Check{
		ID: id, Reason: string(r.Reason), Known: r.Known(), Detail: shorten(r.Detail), Status: r.Status,
		ResolveMicros: t.Resolve.Microseconds(), ConnectMicros: t.Connect.Microseconds(), TLSMicros: t.TLS.Microseconds(),
		FirstByteMicros: t.FirstByte.Microseconds(), WholeMicros: t.Whole.Microseconds(),
	}
	if r.Peer.IsValid() {
		c.Peer = r.Peer.String()
	}
	if k := r.Certificate; k != nil {
		c.Certificate = &probe.Certificate{
			Subject: shorten(k.Subject), Issuer: shorten(k.Issuer), Until: k.Until.UTC().Truncate(time.Second), Fault: string(k.Fault),
		}
	}
	return c
}

// longestText is what a finding has room for, in octets.
const longestText = 480

func shorten(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
	if len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "") + "…"
	}
	return text
}

package probe

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

const (
	maxText     = 255     // octets of a text of a poll: the longest ifName (RFC 2863)
	maxUptime   = 1 << 52 // microseconds, 142 years: snmpEngineTime (RFC 3411) stops at 68
	maxBoots    = 1 << 31 // snmpEngineBoots (RFC 3411)
	maxIfIndex  = 1 << 31
	maxSpeed    = 1 << 53 // bits per second: 2^32-1 Mbit/s, the largest ifHighSpeed
	pollUp      = 1       // bits of the flags of an interface
	pollCounted = 2
)

// appendPolls encodes the number of polls and each: the link, the time after the
// cycle's start and the problem; only one without problem has an answer after it.
func (b Batch) appendPolls(out []byte) ([]byte, error) {
	out = binary.AppendUvarint(out, uint64(len(b.Polls)))
	for _, p := range b.Polls {
		for _, text := range []string{p.Problem, p.Access.Name, p.Access.Alias} {
			if len(text) > maxText {
				return nil, fmt.Errorf("encode batch: a text of the poll of link %d has %d octets, at most %d are expected", p.Link, len(text), maxText)
			}
		}
		out = binary.AppendVarint(out, p.Link)
		out = binary.AppendVarint(out, p.At.Sub(b.Cycle).Microseconds())
		out = appendText(out, p.Problem)
		if p.Problem == "" {
			out = p.appendAnswer(out)
		}
	}
	return out, nil
}

func (p Poll) appendAnswer(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(p.Uptime.Microseconds()))
	out = binary.AppendUvarint(out, uint64(p.Boots))
	a := p.Access
	out = appendText(out, a.Name)
	out = appendText(out, a.Alias)
	out = append(out, bit(a.Up)*pollUp|bit(a.Counted)*pollCounted)
	for _, n := range []uint64{uint64(a.Index), uint64(a.SpeedBits), a.InOctets, a.OutOctets, uint64(a.Discontinuity)} {
		out = binary.AppendUvarint(out, n)
	}
	return out
}

func appendText(out []byte, text string) []byte {
	return append(append(out, byte(len(text))), text...)
}

func (r *reader) polls(cycle time.Time) []Poll {
	var polls []Poll
	count := r.bounded(min(maxObservations, uint64(len(r.rest))))
	for i := uint64(0); i < count && r.err == nil; i++ {
		p := Poll{Link: r.varint()}
		p.At = cycle.Add(time.Duration(r.within(maxMicros)) * time.Microsecond)
		if p.Problem = r.text(); p.Problem == "" {
			r.answer(&p)
		}
		polls = append(polls, p)
	}
	return polls
}

func (r *reader) answer(p *Poll) {
	p.Uptime = time.Duration(r.bounded(maxUptime)) * time.Microsecond
	p.Boots = int64(r.bounded(maxBoots))
	p.Access.Name, p.Access.Alias = r.text(), r.text()
	flags := r.octet()
	if r.err == nil && flags > pollUp|pollCounted {
		r.fail("flags of an interface %d, expected 0 to %d", flags, pollUp|pollCounted)
	}
	p.Access.Up, p.Access.Counted = flags&pollUp != 0, flags&pollCounted != 0
	p.Access.Index = int(r.bounded(maxIfIndex))
	p.Access.SpeedBits = int64(r.bounded(maxSpeed))
	p.Access.InOctets, p.Access.OutOctets = r.uvarint(), r.uvarint()
	p.Access.Discontinuity = uint32(r.bounded(math.MaxUint32))
}

func (r *reader) text() string { return string(r.take(int(r.octet()))) }

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

// figures lists the figures of a health in the order of the encoding.
func (h *Health) figures() [5]*Figure {
	return [5]*Figure{&h.CPU, &h.Memory, &h.Temperature, &h.Battery, &h.FailedSupplies}
}

// appendPolls encodes the number of polls and each: the link, the time after the
// cycle's start and the problem; only one without problem has an answer after it.
func (b Batch) appendPolls(out []byte) ([]byte, error) {
	out = binary.AppendUvarint(out, uint64(len(b.Polls)))
	for _, p := range b.Polls {
		if err := p.fits(); err != nil {
			return nil, fmt.Errorf("encode batch: poll of link %d: %w", p.Link, err)
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

// fits refuses what the encoding has no room for.
func (p Poll) fits() error {
	texts := []string{p.Problem, p.Access.Name, p.Access.Alias}
	for _, i := range p.Further {
		texts = append(texts, i.Name, i.Alias)
	}
	for _, text := range texts {
		if len(text) > maxText {
			return fmt.Errorf("a text of %d octets, at most %d are expected", len(text), maxText)
		}
	}
	if len(p.Further) > MaxFurther {
		return fmt.Errorf("%d further interfaces, at most %d are expected", len(p.Further), MaxFurther)
	}
	return p.Health.Validate()
}

func (p Poll) appendAnswer(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(p.Uptime.Microseconds()))
	out = binary.AppendUvarint(out, uint64(p.Boots))
	out = p.Access.append(out)
	out = p.Health.append(out)
	out = append(out, byte(len(p.Further)))
	for _, i := range p.Further {
		out = i.append(out)
	}
	return out
}

func (i Interface) append(out []byte) []byte {
	out = appendText(out, i.Name)
	out = appendText(out, i.Alias)
	out = append(out, bit(i.Up)*pollUp|bit(i.Counted)*pollCounted)
	for _, n := range []uint64{uint64(i.Index), uint64(i.SpeedBits), i.InOctets, i.OutOctets, uint64(i.Discontinuity)} {
		out = binary.AppendUvarint(out, n)
	}
	return out
}

// append encodes which figures are told, then these alone.
func (h Health) append(out []byte) []byte {
	var told byte
	for i, f := range h.figures() {
		told |= bit(f.Told) << i
	}
	out = append(out, told, byte(h.OnBattery))
	for _, f := range h.figures() {
		if f.Told {
			out = binary.AppendVarint(out, int64(f.Value))
		}
	}
	return appendText(appendText(out, h.Profile), h.RestartCause)
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
	p.Access = r.iface()
	if r.version < 3 {
		return
	}
	p.Health = r.health()
	further := r.bounded(MaxFurther)
	for i := uint64(0); i < further && r.err == nil; i++ {
		p.Further = append(p.Further, r.iface())
	}
}

func (r *reader) iface() Interface {
	i := Interface{Name: r.text(), Alias: r.text()}
	flags := r.octet()
	if r.err == nil && flags > pollUp|pollCounted {
		r.fail("flags of an interface %d, expected 0 to %d", flags, pollUp|pollCounted)
	}
	i.Up, i.Counted = flags&pollUp != 0, flags&pollCounted != 0
	i.Index = int(r.bounded(maxIfIndex))
	i.SpeedBits = int64(r.bounded(maxSpeed))
	i.InOctets, i.OutOctets = r.uvarint(), r.uvarint()
	i.Discontinuity = uint32(r.bounded(math.MaxUint32))
	return i
}

func (r *reader) health() Health {
	var h Health
	told, figures := r.octet(), h.figures()
	if told >= 1<<len(figures) {
		r.fail("figures told %d, expected 0 to %d", told, 1<<len(figures)-1)
	}
	h.OnBattery = Answer(r.octet())
	for i, f := range figures {
		if told&(1<<i) != 0 {
			*f = Tell(int32(r.within(math.MaxInt32)))
		}
	}
	h.Profile, h.RestartCause = r.text(), r.text()
	if err := h.Validate(); r.err == nil && err != nil {
		r.fail("%w", err)
	}
	return h
}

func (r *reader) text() string { return string(r.take(int(r.octet()))) }

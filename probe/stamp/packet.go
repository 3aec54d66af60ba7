package stamp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Request is a test packet of a session-sender.
type Request struct {
	Sequence  uint32
	SSID      uint16 // identifies the session (RFC 8972, 3); 0 = not used
	Timestamp Timestamp
	Error     ErrorEstimate
}

// Reply is a test packet of a session-reflector.
type Reply struct {
	Sequence  uint32    // that of the request, or the reflector's own count
	Timestamp Timestamp // T3, when the reply left
	Error     ErrorEstimate
	SSID      uint16
	Receive   Timestamp // T2, when the request came
	Sender    Request   // as it came; its SSID stands above
	TTL       uint8     // of the request when it came
}

// Sizes of a base packet, in octets.
const (
	OpenSize          = 44
	AuthenticatedSize = 112
	// least holds a sender's sequence number, timestamp and error estimate: the
	// shortest test packet of TWAMP (RFC 5357).
	least = 14
)

const (
	macSize = 16
	macAt   = 96 // and covers what stands before it
)

var (
	// ErrShort is a packet too short to be one.
	ErrShort = errors.New("packet too short")
	// ErrForged is a packet whose authentication does not agree with the key.
	ErrForged = errors.New("packet not authenticated by the key")
)

// layout is where the fields of a packet stand (RFC 8762, 4.2 and 4.3). The first
// four are the same in both directions; the sequence number stands first.
type layout struct {
	size, timestamp, estimate, ssid                               int
	receive, senderSequence, senderTimestamp, senderEstimate, ttl int
}

var (
	open = layout{
		size: OpenSize, timestamp: 4, estimate: 12, ssid: 14,
		receive: 16, senderSequence: 24, senderTimestamp: 28, senderEstimate: 36, ttl: 40,
	}
	authenticated = layout{
		size: AuthenticatedSize, timestamp: 16, estimate: 24, ssid: 26,
		receive: 32, senderSequence: 48, senderTimestamp: 64, senderEstimate: 72, ttl: 80,
	}
)

// layoutFor is the layout of packets under a key; without one they are open.
func layoutFor(key []byte) layout {
	if len(key) == 0 {
		return open
	}
	return authenticated
}

// Encode writes the base packet: open without a key, else authenticated by it.
func (r Request) Encode(key []byte) []byte {
	l := layoutFor(key)
	packet := make([]byte, l.size)
	l.putRequest(packet, r)
	l.seal(packet, key)
	return packet
}

// Encode writes the base packet: open without a key, else authenticated by it.
func (r Reply) Encode(key []byte) []byte {
	l := layoutFor(key)
	packet := make([]byte, l.size)
	l.putReply(packet, r)
	l.seal(packet, key)
	return packet
}

// ParseRequest reads the base packet of a sender. Without a key 14 octets will do,
// the rest being zero; with one it must be whole and bear the key's mark. An error is
// ErrShort or ErrForged.
func ParseRequest(packet, key []byte) (Request, error) {
	l := layoutFor(key)
	whole, err := l.whole(packet, key)
	if err != nil {
		return Request{}, fmt.Errorf("request of %d octets: %w", len(packet), err)
	}
	return l.request(whole), nil
}

// ParseReply reads the base packet of a reflector. Without a key a shorter one is read
// as if zeros followed, as TWAMP Light needs (38 and 41 octets have been seen); with
// one it must be whole and bear the key's mark. An error is ErrShort or ErrForged.
func ParseReply(packet, key []byte) (Reply, error) {
	l := layoutFor(key)
	whole, err := l.whole(packet, key)
	if err != nil {
		return Reply{}, fmt.Errorf("reply of %d octets: %w", len(packet), err)
	}
	r := Reply{
		Sequence: binary.BigEndian.Uint32(whole), SSID: binary.BigEndian.Uint16(whole[l.ssid:]),
		Timestamp: Timestamp(binary.BigEndian.Uint64(whole[l.timestamp:])),
		Error:     errorEstimate(binary.BigEndian.Uint16(whole[l.estimate:])),
		Receive:   Timestamp(binary.BigEndian.Uint64(whole[l.receive:])),
		TTL:       whole[l.ttl],
	}
	r.Sender = Request{
		Sequence:  binary.BigEndian.Uint32(whole[l.senderSequence:]),
		Timestamp: Timestamp(binary.BigEndian.Uint64(whole[l.senderTimestamp:])),
		Error:     errorEstimate(binary.BigEndian.Uint16(whole[l.senderEstimate:])),
	}
	return r, nil
}

// whole is the base packet at full length, verified.
func (l layout) whole(packet, key []byte) ([]byte, error) {
	switch {
	case len(packet) < least, len(key) > 0 && len(packet) < l.size:
		return nil, ErrShort
	case len(key) > 0 && !hmac.Equal(mark(key, packet[:macAt]), packet[macAt:l.size]):
		return nil, ErrForged
	case len(packet) < l.size:
		return append(make([]byte, 0, l.size), packet...)[:l.size], nil
	}
	return packet[:l.size], nil
}

func (l layout) request(whole []byte) Request {
	return Request{
		Sequence: binary.BigEndian.Uint32(whole), SSID: binary.BigEndian.Uint16(whole[l.ssid:]),
		Timestamp: Timestamp(binary.BigEndian.Uint64(whole[l.timestamp:])),
		Error:     errorEstimate(binary.BigEndian.Uint16(whole[l.estimate:])),
	}
}

func (l layout) putRequest(packet []byte, r Request) {
	binary.BigEndian.PutUint32(packet, r.Sequence)
	binary.BigEndian.PutUint64(packet[l.timestamp:], uint64(r.Timestamp))
	binary.BigEndian.PutUint16(packet[l.estimate:], r.Error.bits())
	binary.BigEndian.PutUint16(packet[l.ssid:], r.SSID)
}

func (l layout) putReply(packet []byte, r Reply) {
	l.putRequest(packet, Request{Sequence: r.Sequence, SSID: r.SSID, Timestamp: r.Timestamp, Error: r.Error})
	binary.BigEndian.PutUint64(packet[l.receive:], uint64(r.Receive))
	binary.BigEndian.PutUint32(packet[l.senderSequence:], r.Sender.Sequence)
	binary.BigEndian.PutUint64(packet[l.senderTimestamp:], uint64(r.Sender.Timestamp))
	binary.BigEndian.PutUint16(packet[l.senderEstimate:], r.Sender.Error.bits())
	packet[l.ttl] = r.TTL
}

// seal authenticates a base packet; without a key it does nothing.
func (l layout) seal(packet, key []byte) {
	if len(key) > 0 {
		copy(packet[macAt:l.size], mark(key, packet[:macAt]))
	}
}

// mark is HMAC-SHA-256 over the parts, cut to its first 16 octets (RFC 8762, 4.4).
func mark(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part) // never fails (hash.Hash)
	}
	return mac.Sum(nil)[:macSize]
}

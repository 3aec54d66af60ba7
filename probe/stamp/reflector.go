package stamp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Port is where reflectors listen (RFC 8762, 4.1).
const Port = 862

// ReflectorOptions says where and whom to answer.
type ReflectorOptions struct {
	Listen string // address and port, as net.ListenPacket takes them
	// Key makes the reflector answer authenticated packets only; without one it answers
	// open packets only.
	Key []byte
	// Stateful makes replies carry the reflector's own count, which tells a sender in
	// which direction packets were lost.
	Stateful bool
	Rate     int // replies a second to each source at most, 1 to MaxRate
}

// MaxRate is the highest rate that a reflector can hold a source to.
const MaxRate = 1_000_000

// Validate names the first option that cannot work.
func (o ReflectorOptions) Validate() error {
	if o.Rate < 1 || o.Rate > MaxRate {
		return fmt.Errorf("rate: %d, expected 1 to %d", o.Rate, MaxRate)
	}
	return nil
}

// ReflectorCounters is what became of the packets that came.
type ReflectorCounters struct {
	Answered  uint64 `json:"answered"`
	Malformed uint64 `json:"malformed"` // too short, or a reply
	Forged    uint64 `json:"forged"`    // not authenticated by the key
	Limited   uint64 `json:"limited"`   // over the rate of their source
	Unsent    uint64 `json:"unsent"`    // the host refused to send the reply
}

// Reflector answers test packets.
type Reflector struct {
	ReflectorOptions
	socket   *socket
	port     uint16
	start    time.Time
	limiter  *limiter
	sessions sessions
	clock    clock

	mu       sync.Mutex
	counters ReflectorCounters
}

// Listen opens a reflector's socket; Serve answers, and closes it.
func Listen(o ReflectorOptions) (*Reflector, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	packets, err := net.ListenPacket("udp", o.Listen)
	if errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("listen for STAMP: a port below 1024 needs the capability CAP_NET_BIND_SERVICE: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for STAMP: %w", err)
	}
	s, err := prepare(packets.(*net.UDPConn))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for STAMP on %s: %w", o.Listen, err), packets.Close())
	}
	r := &Reflector{ReflectorOptions: o, socket: s, start: time.Now(), limiter: newLimiter(o.Rate)}
	r.port = r.Addr().Port()
	return r, nil
}

// Addr is where the reflector listens.
func (r *Reflector) Addr() netip.AddrPort {
	return r.socket.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// Counters returns what became of the packets so far.
func (r *Reflector) Counters() ReflectorCounters {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counters
}

// Serve answers until the context ends, which is no error, and closes the socket.
func (r *Reflector) Serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = r.socket.conn.SetReadDeadline(time.Now()) }) // fails on a closed socket only
	defer stop()
	var room [maxPacket]byte
	for {
		a, n, err := r.socket.read(room[:])
		switch {
		case ctx.Err() != nil:
			return r.socket.conn.Close()
		case errors.Is(err, errTruncated):
			r.tally(err)
		case err != nil:
			return errors.Join(fmt.Errorf("read a test packet: %w", err), r.socket.conn.Close())
		default:
			r.tally(r.handle(room[:n], a))
		}
	}
}

var (
	errLimited   = errors.New("over the rate of its source")
	errReply     = errors.New("a reply, not a request")
	errTruncated = errors.New("packet longer than any of ours")
)

func (r *Reflector) tally(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.counters.Answered++
	case errors.Is(err, errLimited):
		r.counters.Limited++
	case errors.Is(err, ErrForged):
		r.counters.Forged++
	case errors.Is(err, ErrShort), errors.Is(err, errReply), errors.Is(err, errTruncated):
		r.counters.Malformed++
	default:
		r.counters.Unsent++
	}
}

// handle answers one packet, in place.
func (r *Reflector) handle(packet []byte, a arrival) error {
	if !r.limiter.allow(a.from.Addr(), a.at.Sub(r.start)) {
		return errLimited
	}
	request, err := ParseRequest(packet, r.Key)
	if err != nil {
		return err
	}
	l := layoutFor(r.Key)
	if r.reflected(l, packet, request, a) {
		return errReply
	}
	sequence := request.Sequence
	if r.Stateful {
		sequence = r.sessions.count(sessionID{a.from, a.to, request.SSID}, a.at.Sub(r.start))
	}
	estimate := r.clock.estimate(a.at)
	tos := l.answer(packet, r.Key, a, func() Reply {
		return Reply{
			// T3 is T2 and what has passed on the monotonic clock, so that setting the
			// clock in between makes no reflector's time.
			Sequence: sequence, Timestamp: NTP(a.wall.Add(time.Since(a.at))), Error: estimate, SSID: request.SSID,
			Receive: NTP(a.wall), Sender: request, TTL: a.ttl,
		}
	})
	return r.socket.write(packet, a.from, a.to, a.device, tos)
}

// reflected recognises another reflector's reply, which a forged source address would
// make go round between the two for ever. Where a request is zero, or padding, a reply
// holds a second time close to its own. Replies too short for it are told by the port.
func (r *Reflector) reflected(l layout, packet []byte, p Request, a arrival) bool {
	if len(packet) < l.receive+8 {
		return a.from.Port() == r.port
	}
	received := Timestamp(binary.BigEndian.Uint64(packet[l.receive:]))
	return received != 0 && p.Timestamp.sub(received, p.Error.PTP).Abs() < time.Minute
}

// answer turns a verified request into its reply, of the same length: what does not
// fit into a short one is left out. The reply's fields are asked for at the last
// moment. It returns the traffic class that the reply shall have.
func (l layout) answer(packet, key []byte, a arrival, fields func() Reply) (tos uint8) {
	var behind []byte
	if len(packet) > l.size {
		behind = packet[l.size:]
	}
	tos, mac := reflectExtensions(packet, behind, key, a)
	reply := fields().Encode(key)
	copy(packet, reply)
	if mac != nil {
		copy(mac.value(), mark(key, packet[:4], behind[:mac.at]))
	}
	return tos
}

// reflectExtensions sets flags and fills in what the extensions ask for. It returns
// the traffic class for the reply, and the HMAC to be made anew, if any.
func reflectExtensions(packet, behind, key []byte, a arrival) (tos uint8, mac *extension) {
	found, malformed := walk(behind)
	whole := intact(packet, behind, key, found)
	tos = a.tos &^ ecnBits
	asked := false
	for i, e := range found {
		e.octets[0] = 0
		switch {
		case !whole:
			e.octets[0] |= flagIntegrity
		case e.kind() == typeMAC:
			mac = &found[i]
		case e.kind() == typeCoS:
			back := a.fill(e.value())
			if !asked {
				tos, asked = back, true
			}
		}
		if !e.known() {
			e.octets[0] |= flagUnrecognised
		}
	}
	if malformed != nil {
		malformed.octets[0] = flagMalformed
		if !malformed.known() {
			malformed.octets[0] |= flagUnrecognised
		}
	}
	return tos, mac
}

// highest is the highest class a stranger may ask replies to have: those above are for
// the control of networks (RFC 4594: CS6 and CS7).
const highest = 47

// fill answers a class of service extension and returns the traffic class of the
// reply.
func (a arrival) fill(value []byte) (tos uint8) {
	c := readCoS(value)
	c.came, c.ecn = a.tos>>2, a.tos&ecnBits
	c.refused = !a.classed || c.back > highest
	c.put(value)
	if c.refused {
		return a.tos &^ ecnBits
	}
	return c.back << 2
}

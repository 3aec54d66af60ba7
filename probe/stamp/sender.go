package stamp

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// Options says which reflector to ask, and how.
type Options struct {
	Reflector netip.AddrPort
	Count     int           // packets; 0 = until the context ends
	Interval  time.Duration // between two packets, at least MinInterval
	Timeout   time.Duration // how long a reply counts, at most 1 minute
	Key       []byte        // authenticates packets; none = open
	Padding   int           // octets of Extra Padding (RFC 8972, 4.1), 0 to MaxPadding
	// Class asks the reflector which class of service packets arrive with (RFC 8972,
	// 4.4); they leave with DSCP, and replies are wanted with it.
	Class bool
	DSCP  uint8 // 0 to 63
	// Open, when set, calls create exactly once, on a thread and in a network namespace of
	// the caller's choice; the socket belongs to that namespace.
	Open func(create func() error) error
}

// Limits of the options. The interval spares networks that are not ours, and a packet
// with padding must fit into one of Ethernet, or it would measure fragments.
const (
	MinInterval = 10 * time.Millisecond
	MaxPadding  = 1_200
	maxTimeout  = time.Minute
	maxDSCP     = 63
)

// Validate names the first option that cannot work.
func (o Options) Validate() error {
	switch {
	case !o.Reflector.IsValid() || o.Reflector.Port() == 0:
		return fmt.Errorf("reflector: %s, expected an address and a port", o.Reflector)
	case o.Count < 0:
		return fmt.Errorf("count: %d, expected 0 or more", o.Count)
	case o.Interval < MinInterval:
		return fmt.Errorf("interval: %s, expected at least %s", o.Interval, MinInterval)
	case o.Timeout <= 0 || o.Timeout > maxTimeout:
		return fmt.Errorf("timeout: %s, expected more than 0 and at most %s", o.Timeout, maxTimeout)
	case o.Padding < 0 || o.Padding > MaxPadding:
		return fmt.Errorf("padding: %d octets, expected 0 to %d", o.Padding, MaxPadding)
	case o.DSCP > maxDSCP:
		return fmt.Errorf("DSCP: %d, expected 0 to %d", o.DSCP, maxDSCP)
	}
	return nil
}

// linger is how long the end of a session waits for a second reply to its last packet.
const linger = 100 * time.Millisecond

// sender is one session.
type sender struct {
	Options
	socket  *socket
	clock   clock
	padding []byte
	settled chan struct{} // has a token when a reply was judged

	mu     sync.Mutex
	ledger ledger
}

// Run measures until every packet's outcome is known or the context ends, and reports
// each packet, one at a time; those under way at the end of the context are not
// reported. It returns what the session has shown. The end of the context is no error.
func Run(ctx context.Context, o Options, report func(Packet, Standing)) (Standing, error) {
	if err := o.Validate(); err != nil {
		return Standing{}, err
	}
	s, err := newSender(ctx, o, report)
	if err != nil {
		return Standing{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	var readErr error
	reading.Go(func() {
		defer cancel()
		readErr = s.read(ctx)
	})
	err = s.send(ctx)
	cancel()
	// Fails on a closed socket only, from which nothing is read either.
	_ = s.socket.conn.SetReadDeadline(time.Now())
	reading.Wait()
	return s.ledger.Standing, errors.Join(err, readErr, s.socket.conn.Close())
}

func newSender(ctx context.Context, o Options, report func(Packet, Standing)) (*sender, error) {
	o.Reflector = netip.AddrPortFrom(o.Reflector.Addr().Unmap(), o.Reflector.Port())
	open := o.Open
	if open == nil {
		open = func(create func() error) error { return create() }
	}
	var conn net.Conn
	err := open(func() (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, "udp", o.Reflector.String())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("measure %s: %w", o.Reflector, err)
	}
	socket, err := prepare(conn.(*net.UDPConn))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("measure %s: %w", o.Reflector, err), conn.Close())
	}
	s := &sender{Options: o, socket: socket, padding: make([]byte, o.Padding), settled: make(chan struct{}, 1)}
	rand.Read(s.padding) // pseudorandom as RFC 8972 advises; never fails (crypto/rand)
	s.ledger = ledger{key: o.Key, ssid: newSSID(), timeout: o.Timeout, report: report}
	return s, nil
}

// newSSID is a session identifier: random, and never 0.
func newSSID() uint16 {
	var octets [2]byte
	for {
		rand.Read(octets[:])
		if ssid := binary.BigEndian.Uint16(octets[:]); ssid != 0 {
			return ssid
		}
	}
}

// send sends the packets when they are due and gives up those without answer.
func (s *sender) send(ctx context.Context) error {
	sent := 0
	due := time.Now()
	for ctx.Err() == nil {
		now := time.Now()
		more := s.Count == 0 || sent < s.Count
		if more && !now.Before(due) {
			if err := s.one(uint32(sent), now); err != nil {
				return err
			}
			sent++
			// A sender that was held up does not catch up in a burst.
			if due = due.Add(s.Interval); now.Sub(due) > s.Interval {
				due = now
			}
		}
		until, waiting := s.expire(now)
		if more = s.Count == 0 || sent < s.Count; more && (!waiting || due.Before(until)) {
			until, waiting = due, true
		}
		if !waiting {
			pause(ctx, linger, nil)
			return nil
		}
		pause(ctx, time.Until(until), s.settled)
	}
	return nil
}

// pause waits for a time, a token or the context.
func pause(ctx context.Context, wait time.Duration, token <-chan struct{}) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-token:
	}
}

func (s *sender) expire(now time.Time) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.expire(now)
	return s.ledger.wake()
}

// one sends a packet. It is entered before it leaves, since the reply may be quicker
// than we are.
func (s *sender) one(sequence uint32, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Own = s.clock.estimate(now)
	request := Request{Sequence: sequence, SSID: s.ledger.ssid, Error: s.ledger.Own}
	request.Timestamp = NTP(time.Now())
	packet := s.extend(request.Encode(s.Key))
	s.ledger.leave(time.Now(), request.Timestamp) // without the time that sealing took
	err := s.write(packet)
	if err != nil {
		// An earlier packet's ICMP error stands on the socket until somebody takes it.
		if err = s.write(packet); err == nil {
			s.ledger.Unreachable++
		}
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrPermission), errors.Is(err, net.ErrClosed):
		return fmt.Errorf("measure %s: %w", s.Reflector, err)
	}
	s.ledger.refuse()
	return nil
}

func (s *sender) write(packet []byte) error {
	_, _, err := s.socket.conn.WriteMsgUDPAddrPort(packet, control(s.Reflector.Addr(), netip.Addr{}, 0, s.DSCP<<2), netip.AddrPort{})
	return err
}

// extend adds the extensions, and their HMAC where there is more than padding.
func (s *sender) extend(packet []byte) []byte {
	size := len(packet)
	if s.Padding > 0 {
		packet = appendTLV(packet, typePadding, s.padding)
	}
	if s.Class {
		value := make([]byte, cosSize)
		classOfService{back: s.DSCP}.put(value)
		packet = appendTLV(packet, typeCoS, value)
		if len(s.Key) > 0 {
			packet = appendTLV(packet, typeMAC, mark(s.Key, packet[:4], packet[size:]))
		}
	}
	return packet
}

// read judges what comes until the context ends.
func (s *sender) read(ctx context.Context) error {
	var room [maxPacket]byte
	for {
		a, n, err := s.socket.read(room[:])
		if ctx.Err() != nil {
			return nil
		}
		s.mu.Lock()
		switch {
		case err == nil:
			s.ledger.judge(room[:n], a)
		case errors.Is(err, errTruncated):
			s.ledger.Rejected++
		case errors.As(err, new(syscall.Errno)): // an ICMP error: taken by this reading
			s.ledger.Unreachable++
		default:
			s.mu.Unlock()
			return fmt.Errorf("read a reply of %s: %w", s.Reflector, err)
		}
		s.mu.Unlock()
		select {
		case s.settled <- struct{}{}:
		default:
		}
	}
}

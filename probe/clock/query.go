package clock

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"vigie/probe"
)

// Reading is what a server said of our clock.
type Reading struct {
	// Source names the server as it was configured.
	Source string
	// At is when the answer came, with a monotonic reading.
	At time.Time
	// Offset is how far our clock was ahead of the server's; negative when behind. (RFC
	// 5905 counts the other way.)
	Offset time.Duration
	// MaxError bounds what the way there and back, and the server's own distance from
	// UTC, may have added (RFC 5905, 11.2: root distance).
	MaxError time.Duration
}

// drift is how fast a clock may leave its server, in parts per million (PHI of RFC
// 5905).
const drift = 15

// Clock is the reading as it stands at now, which carries a monotonic reading: a
// clock that was set in between is that much nearer or farther, and its error grew.
func (r Reading) Clock(now time.Time) probe.Clock {
	return r.aged(now.Sub(r.At), now.Round(0).Sub(r.At.Round(0)))
}

// aged is the reading after some time, while the clock itself went on by wall.
func (r Reading) aged(age, wall time.Duration) probe.Clock {
	set := wall - age
	return probe.Clock{Source: r.Source, Offset: r.Offset + set, MaxError: r.MaxError + age/1_000_000*drift, Synchronised: true}
}

// Port is where servers of time listen.
const Port = "123"

// Query asks a server, host or host:port, once, and waits as long as ctx allows, which
// must have a deadline. Answers to other requests are passed over. The error is a Kiss
// when the server refuses.
func Query(ctx context.Context, server string) (Reading, error) {
	reading, err := query(ctx, server)
	if err != nil {
		return Reading{}, fmt.Errorf("ask %s for the time: %w", server, err)
	}
	return reading, nil
}

func query(ctx context.Context, server string) (Reading, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return Reading{}, errors.New("no deadline")
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", Address(server))
	if err != nil {
		return Reading{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // wakes the read below
	defer stop()
	if err := conn.SetDeadline(deadline); err != nil {
		return Reading{}, err
	}
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return Reading{}, err
	}
	mark := binary.BigEndian.Uint64(random[:])
	packet := request(mark)
	sent := time.Now()
	if _, err := conn.Write(packet[:]); err != nil {
		return Reading{}, err
	}
	var buffer [1024]byte
	for {
		n, err := conn.Read(buffer[:])
		if err != nil {
			return Reading{}, err
		}
		came := time.Now()
		a, err := parse(buffer[:n], mark, came)
		if errors.Is(err, errForeign) {
			continue
		}
		if err != nil {
			return Reading{}, err
		}
		reading, err := compare(a, sent, came)
		reading.Source = server
		return reading, err
	}
}

// Address is the server with its port.
func Address(server string) string {
	if _, _, err := net.SplitHostPort(server); err == nil {
		return server
	}
	return net.JoinHostPort(server, Port)
}

// compare is the arithmetic of RFC 5905, 8. The time we waited is read from the
// monotonic clock, and both ends stand on the wall clock of the end: a clock that was
// set while the request was out gives no false offset.
func compare(a answer, sent, came time.Time) (Reading, error) {
	waited := came.Sub(sent)
	end := came.Round(0)
	begin := end.Add(-waited)
	delay := waited - a.sent.Sub(a.received)
	if delay < -time.Millisecond {
		return Reading{}, fmt.Errorf("the server kept the request %s, longer than the %s we waited", a.sent.Sub(a.received), waited)
	}
	// Halves one by one: the sum of two far offsets would not fit.
	offset := begin.Sub(a.received)/2 + end.Sub(a.sent)/2
	return Reading{At: came, Offset: offset, MaxError: (max(delay, 0)+a.rootDelay)/2 + a.rootDispersion}, nil
}

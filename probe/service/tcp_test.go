package service_test

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"vigie/probe/service"
)

// nowhere is an address of this machine where nothing listens.
func nowhere(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func TestAPortThatAcceptsIsOK(t *testing.T) {
	t.Parallel()
	at := serve(t, func(net.Conn) {})
	r := check(t, service.Prober{}, "tcp://"+at, nil)
	if r.Reason != service.OK || r.Detail != "" || r.Peer.String() != at || r.Timings.Connect <= 0 || r.Timings.Whole < r.Timings.Connect || !r.Known() {
		t.Errorf("result %+v", r)
	}
}

func TestWhatTheSystemSaysHasAReason(t *testing.T) {
	t.Parallel()
	if r := check(t, service.Prober{}, "tcp://"+nowhere(t), nil); r.Reason != service.Refused || r.Detail == "" {
		t.Errorf("a port without a listener: %+v", r)
	}
	for err, want := range map[error]service.Reason{
		syscall.EHOSTUNREACH: service.Unreachable,
		syscall.ENETUNREACH:  service.Unreachable,
		syscall.EACCES:       service.Unreachable,
		syscall.ECONNRESET:   service.Reset,
		syscall.ETIMEDOUT:    service.Timeout,
		syscall.EMFILE:       service.OwnTrouble,
		syscall.EPERM:        service.OwnTrouble,
	} {
		p := service.Prober{Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, fmt.Errorf("dial: %w", err)
		}}
		r := check(t, p, "tcp://192.0.2.1:80", nil)
		if r.Reason != want || r.Known() != (want != service.OwnTrouble) {
			t.Errorf("%v is %q, known %t, want %q", err, r.Reason, r.Known(), want)
		}
	}
}

// wait is a dialer to a host that says nothing.
func wait(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestSilenceIsATimeoutAndAnEndOfOursIsNone(t *testing.T) {
	t.Parallel()
	if r := check(t, service.Prober{Dial: wait}, "tcp://192.0.2.1:80", soon); r.Reason != service.Timeout || r.Timings.Whole < 250*time.Millisecond {
		t.Errorf("silence: %+v", r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c, err := service.Parse("tcp://192.0.2.1:80")
	if err != nil {
		t.Fatal(err)
	}
	r, err := service.Prober{Dial: wait}.Run(ctx, c)
	if err != nil || r.Reason != service.Stopped || r.Known() {
		t.Errorf("stopped: %+v, %v", r, err)
	}
}

func TestTheNextAddressIsTriedWhenOneDoesNotAnswer(t *testing.T) {
	t.Parallel()
	at := serve(t, func(net.Conn) {})
	_, port, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	known := knows(t, map[string][]string{"school.example.": {"127.0.0.9", "127.0.0.1", "::1"}, "six.example.": {"::1"}})
	silent := func(ctx context.Context, network, to string) (net.Conn, error) {
		if network == "tcp" && to == "127.0.0.9:"+port {
			return wait(ctx, network, to)
		}
		return known(ctx, network, to)
	}
	r := check(t, service.Prober{Dial: silent}, "tcp://school.example:"+port, func(c *service.Check) { c.Timeout = 1500 * time.Millisecond })
	if r.Reason != service.OK || r.Peer.String() != at || r.Timings.Resolve <= 0 || r.Timings.Connect < 200*time.Millisecond {
		t.Errorf("result %+v", r)
	}
	r = check(t, service.Prober{Dial: known}, "tcp://six.example:"+port, func(c *service.Check) { c.Family = service.IPv4 })
	if r.Reason != service.NoSuchName {
		t.Errorf("a name without IPv4, asked by IPv4: %+v", r)
	}
	r = check(t, service.Prober{Dial: known}, "tcp://[::1]:"+port, func(c *service.Check) { c.Family = service.IPv4 })
	if r.Reason != service.NoAddress {
		t.Errorf("an IPv6 address, asked by IPv4: %+v", r)
	}
	r = check(t, service.Prober{Dial: known}, "tcp://nothing.example:"+port, nil)
	if r.Reason != service.NoSuchName || !r.Known() {
		t.Errorf("a name that does not exist: %+v", r)
	}
}

func TestANameServerOfOursThatIsDeadSaysNothingOfTheService(t *testing.T) {
	t.Parallel()
	p := service.Prober{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}}
	if r := check(t, p, "tcp://school.example:443", nil); r.Reason != service.Unresolved || r.Known() {
		t.Errorf("result %+v", r)
	}
}

package service

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Prober runs checks. The zero value does so from here, with the machine's own
// authorities. It may be used by several at once.
type Prober struct {
	// Dial opens a connection, as net.Dialer.DialContext does, to an address that is
	// never a name. The name server of this machine is asked through it too.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Roots are the authorities that certificates are traced to; nil = the machine's.
	Roots *x509.CertPool
}

// maxAddresses bounds how many addresses of a name are tried.
const maxAddresses = 4

// run is one check under way.
type run struct {
	Prober
	Check
	result Result
}

// Run checks once. The error is that of a check that cannot work (Check.Validate);
// whatever happens on the network is in the result.
func (p Prober) Run(ctx context.Context, c Check) (Result, error) {
	if err := c.Validate(); err != nil {
		return Result{}, err
	}
	if p.Dial == nil {
		p.Dial = new(net.Dialer).DialContext
	}
	within, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	r := &run{Prober: p, Check: c, result: Result{Reason: OK}}
	begun := time.Now()
	var err error
	switch c.Kind {
	case TCP:
		err = r.tcp(within)
	case DNS:
		err = r.dns(within)
	case HTTP:
		err = r.http(within)
	}
	r.result.Timings.Whole = time.Since(begun)
	if err != nil {
		r.result.Reason, r.result.Detail = classify(err, BadAnswer)
		if ctx.Err() != nil {
			r.result.Reason = Stopped
		}
	}
	return r.result, nil
}

func (r *run) tcp(ctx context.Context) error {
	conn, err := r.connect(ctx, "tcp", hostPort{r.Host, r.Port})
	if err != nil {
		return err
	}
	_ = conn.Close() // it was accepted: that is all that was asked
	return nil
}

// connect opens a connection to the first address of a host that takes one.
func (r *run) connect(ctx context.Context, network string, to hostPort) (net.Conn, error) {
	addresses, err := r.resolve(ctx, to.host)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	for i, address := range addresses {
		var conn net.Conn
		r.result.Peer = netip.AddrPortFrom(address, to.port)
		conn, err = r.dialFor(ctx, network, share(ctx, len(addresses)-i))
		if err == nil {
			r.result.Timings.Connect = time.Since(begun)
			return conn, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	reason, detail := classify(err, OwnTrouble)
	return nil, &failure{reason, detail}
}

// share is what one of the addresses that are left may take of the time that is left.
func share(ctx context.Context, left int) time.Duration {
	end, _ := ctx.Deadline() // Run has set one
	return time.Until(end) / time.Duration(left)
}

func (r *run) dialFor(ctx context.Context, network string, limit time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return r.Dial(ctx, network, r.result.Peer.String())
}

// resolve gives the addresses of a host to try, IPv4 before IPv6.
func (r *run) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		if !r.suits(address) {
			return nil, failed(NoAddress, "%s is no IPv%d address", host, r.Family)
		}
		return []netip.Addr{address.Unmap()}, nil
	}
	network := map[Family]string{Either: "ip", IPv4: "ip4", IPv6: "ip6"}[r.Family]
	begun := time.Now()
	// The library's own resolver, for it asks through the caller's sockets.
	resolver := net.Resolver{PreferGo: true, Dial: r.Dial}
	found, err := resolver.LookupNetIP(ctx, network, host)
	r.result.Timings.Resolve = time.Since(begun)
	if err != nil {
		return nil, resolved(host, err)
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortStableFunc(found, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	return found[:min(len(found), maxAddresses)], nil
}

func (r *run) suits(address netip.Addr) bool {
	return r.Family == Either || address.Unmap().Is4() == (r.Family == IPv4)
}

// interruptible makes the end of a context end what waits on a connection; the
// function returned undoes it.
func interruptible(ctx context.Context, conn net.Conn) func() bool {
	return context.AfterFunc(ctx, func() {
		// A connection that takes no deadline is closed, which ends the wait as well.
		if conn.SetDeadline(time.Unix(1, 0)) != nil {
			_ = conn.Close()
		}
	})
}

// encrypt makes the handshake with a server and verifies it before anything is asked.
func (r *run) encrypt(ctx context.Context, conn net.Conn, host string) (*tls.Conn, error) {
	var refusal error
	client := tls.Client(conn, &tls.Config{
		ServerName: host,
		NextProtos: []string{"http/1.1"},
		MinVersion: tls.VersionTLS12,
		// Verified below, where the certificate is known when it is refused, too.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			r.result.Certificate, refusal = examine(state.PeerCertificates, host, trust{r.Roots, r.Expect.Certificate}, time.Now())
			return refusal
		},
	})
	begun := time.Now()
	err := client.HandshakeContext(ctx)
	r.result.Timings.TLS = time.Since(begun)
	switch {
	case refusal != nil:
		return nil, refusal
	case err != nil && errors.Is(err, context.DeadlineExceeded):
		return nil, failed(Timeout, "the handshake did not end in time")
	case err != nil:
		return nil, handshaken(err)
	}
	return client, nil
}

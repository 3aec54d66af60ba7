package outpost

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"time"

	"vigie/configs"
	"vigie/internal/prober"
	"vigie/probe"
	"vigie/probe/path"
	"vigie/probe/service"
	"vigie/probe/snmp"
	"vigie/probe/stamp"
)

const (
	// pollTimeout is how long a router's answer is waited for, and pollRetries how
	// often a request is sent again: a busy router answers late, and never twice.
	pollTimeout = 2 * time.Second
	pollRetries = 1
	// A hop is asked once a second, so often in a trace: more at what may be an outage, for
	// the loss of each hop.
	referenceRounds, suspectRounds = 3, 5
	// A session to a reflector has so many packets, so far apart.
	stampPackets, stampGap = 10, 100 * time.Millisecond
)

// Equip gives a prober the engines with which it looks at routers and services; their
// sockets are placed by o.Open. Certificates are traced to roots, nil = the machine's.
func Equip(o *prober.Options, roots *x509.CertPool) error {
	folder, err := configs.SNMPProfiles()
	if err != nil {
		return err
	}
	profiles, err := o.SNMP.ReadProfiles(folder)
	if err != nil {
		return err
	}
	poller, err := snmp.New(snmp.Options{
		Timeout: pollTimeout, Retries: pollRetries, InFlight: prober.PollsInFlight, Open: o.Open, Profiles: profiles,
	})
	if err != nil {
		return err
	}
	o.Profiles = profiles
	o.Poll = func(ctx context.Context, r snmp.Router) probe.Poll {
		if r.Credential == (snmp.Credential{}) {
			return probe.Poll{Link: r.Link, At: time.Now().UTC().Truncate(time.Microsecond), Problem: snmp.ProblemUnset}
		}
		return poller.Poll(ctx, r)
	}
	o.Walk = poller.Walk
	o.Trace = func(ctx context.Context, to netip.Addr, method path.Method, cause probe.TraceCause) (*probe.Trace, error) {
		rounds := referenceRounds
		if cause == probe.TraceSuspect {
			rounds = suspectRounds
		}
		return path.Find(ctx, path.Options{Host: to, Method: method, Rounds: rounds, Interval: path.MinInterval, Timeout: time.Second, Open: o.Open}, cause)
	}
	key, err := StampKey(o.StampKeyFile)
	if err != nil {
		return err
	}
	o.Stamp = func(ctx context.Context, to netip.AddrPort) (*probe.Stamp, error) {
		return stamp.Measure(ctx, stamp.Options{
			Reflector: to, Count: stampPackets, Interval: stampGap, Timeout: time.Second, Key: key, Open: o.Open,
		})
	}
	o.Ask = service.Prober{Dial: DialThrough(o.Open), Roots: roots}.Run
	return nil
}

// DialThrough opens connections with sockets that open makes, in its network namespace;
// nil = where the program runs. Addresses are never names, so that no connection is made
// on another thread.
func DialThrough(open func(create func() error) error) func(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	if open == nil {
		return dialer.DialContext
	}
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		failed := open(func() error {
			conn, err = dialer.DialContext(ctx, network, address)
			return err
		})
		return conn, failed
	}
}

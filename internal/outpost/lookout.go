package outpost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/icmp"
	"vigie/probe/path"
	"vigie/probe/ping"
	"vigie/probe/snmp"
)

// resolveTime bounds how long the names of a question are looked up.
const resolveTime = 5 * time.Second

// Lookout does what the core asks for now, beside the prober's own work.
type Lookout struct {
	// Open places sockets, see icmp.Options.
	Open func(create func() error) error
	// Poll asks a router, Routers are those that the prober polls.
	Poll    func(context.Context, snmp.Router) probe.Poll
	Routers func() []snmp.Router
}

// Answer answers one question. It takes no longer than the question allows.
func (l Lookout) Answer(ctx context.Context, q Question) (Answer, error) {
	if err := q.Validate(); err != nil {
		return Answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, q.Takes()+time.Second)
	defer cancel()
	if q.Kind == Poll {
		return l.poll(ctx, q.Link)
	}
	var a Answer
	for _, host := range q.Hosts {
		address, err := Resolve(ctx, host)
		if err != nil {
			return Answer{}, err
		}
		a.Addresses = append(a.Addresses, address)
	}
	var err error
	if q.Kind == Trace {
		o := path.Options{Host: a.Addresses[0], Method: q.Method, Rounds: q.Count, Interval: q.Interval, Timeout: q.Timeout, Open: l.Open}
		a.Method, err = path.Run(ctx, o, func(p path.Probe) { a.Probes = append(a.Probes, p) })
	} else {
		a.Rejects = make([]ping.Rejects, len(a.Addresses)+1)
		o := ping.Options{Hosts: a.Addresses, Count: q.Count, Interval: q.Interval, Timeout: q.Timeout, Open: l.Open}
		o.Rejected = func(host int, why icmp.Rejection) {
			if host == ping.Elsewhere {
				host = len(a.Addresses)
			}
			a.Rejects[host].Count(why)
		}
		err = ping.Run(ctx, o, func(e ping.Echo) { a.Echoes = append(a.Echoes, e) })
	}
	if err != nil {
		return Answer{}, err
	}
	return a, nil
}

func (l Lookout) poll(ctx context.Context, link int64) (Answer, error) {
	for _, r := range l.Routers() {
		if r.Link == link {
			found := l.Poll(ctx, r)
			return Answer{Poll: &found}, nil
		}
	}
	return Answer{}, errNoRouter
}

// Resolve gives the address of a name, IPv4 before IPv6.
func Resolve(ctx context.Context, name string) (netip.Addr, error) {
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Unmap(), nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	var unknown *net.DNSError
	if errors.As(err, &unknown) && unknown.IsNotFound {
		return netip.Addr{}, fmt.Errorf("%q has no address: expected an address such as 192.0.2.1, or a name that resolves", name)
	}
	if err != nil {
		return netip.Addr{}, fmt.Errorf("resolve %q: %w", name, err)
	}
	for _, address := range found {
		if address = address.Unmap(); address.Is4() {
			return address, nil
		}
	}
	return found[0], nil
}

// routersOf keeps the routers of the present plan.
type routersOf struct {
	mu   sync.Mutex
	list []snmp.Router
}

func (r *routersOf) set(list []snmp.Router) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = list
}

func (r *routersOf) get() []snmp.Router {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"vigie/probe/ping"
)

type pingCommand struct {
	Hosts    []string      `arg:"" name:"host" help:"Names or addresses, IPv4 or IPv6. A name with both is measured by IPv4."`
	Count    int           `help:"Echoes to each host. Default: until Ctrl+C on a terminal, else 10." placeholder:"N"`
	Interval time.Duration `help:"Between two echoes to a host, at least 200ms." default:"1s"`
	Timeout  time.Duration `help:"How long an answer counts; the live table is late by as much." default:"1s"`
	Format   string        `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (pingCommand) Help() string {
	return `Sends ICMP echoes to any hosts and shows loss and delay, without a database or an
instance. Loss is of the echoes sent; median and p95 take a lost echo as one that
never comes back; jitter is the mean difference between consecutive answers
(RFC 3393). The status is 1 when a host never answered.

The program needs the capability CAP_NET_RAW, or its group in the sysctl
net.ipv4.ping_group_range.

Examples:
  vigie ping 192.0.2.1 192.0.2.9                   a live table, until Ctrl+C
  vigie ping router.college.example --count 60     a minute of it
  vigie ping 192.0.2.1 --count 5 --format json     figures for a program`
}

// defaultCount is how many echoes a host gets where nobody watches.
const defaultCount = 10

// Run measures, shows what comes in, and ends with the summary.
func (c pingCommand) Run(s surroundings) error {
	live := c.Format == "table" && watched(s.out)
	if c.Count < 0 {
		return &usageError{fmt.Sprintf("--count: %d, expected 1 or more", c.Count)}
	}
	if c.Count == 0 && !live {
		c.Count = defaultCount
	}
	o := ping.Options{Count: c.Count, Interval: c.Interval, Timeout: c.Timeout}
	for _, name := range c.Hosts {
		address, err := resolve(s.ctx, name)
		if err != nil {
			return err
		}
		o.Hosts = append(o.Hosts, address)
	}
	if err := o.Validate(); err != nil {
		return &usageError{err.Error()}
	}
	sheet := newDelaySheet(s.print, c.Hosts, o.Hosts)
	drawn := drawing{live: live, every: o.Interval, table: sheet.table}
	err := drawn.during(s, func(ctx context.Context, lock *sync.Mutex) error {
		return ping.Run(ctx, o, func(e ping.Echo) {
			lock.Lock()
			defer lock.Unlock()
			sheet.add(e)
		})
	})
	if err != nil {
		return err
	}
	if err := sheet.write(s.out, c.Format); err != nil {
		return err
	}
	return sheet.sayWhoIsSilent(s)
}

// sayWhoIsSilent fails when a host never answered, and names it.
func (p *delaySheet) sayWhoIsSilent(s surroundings) error {
	silent := p.silent()
	if len(silent) == 0 {
		return nil
	}
	fmt.Fprintln(s.talk, "vigie: "+s.print.T("ping.silent", strings.Join(silent, ", ")))
	return errSaid
}

// watched reports whether results are written to a terminal.
func watched(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && terminal(file) != nil
}

// resolve gives the address of a name, IPv4 before IPv6.
func resolve(ctx context.Context, name string) (netip.Addr, error) {
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Unmap(), nil
	}
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

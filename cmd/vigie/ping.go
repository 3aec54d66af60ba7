package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"vigie/internal/outpost"
	"vigie/probe/icmp"
	"vigie/probe/ping"
)

type pingCommand struct {
	Hosts    []string      `arg:"" name:"host" help:"Names or addresses, IPv4 or IPv6. A name with both is measured by IPv4."`
	Count    int           `help:"Echoes to each host. Default: until Ctrl+C on a terminal, else 10." placeholder:"N"`
	Interval time.Duration `help:"Between two echoes to a host, at least 200ms." default:"1s"`
	Timeout  time.Duration `help:"How long an answer counts; the live table is late by as much." default:"1s"`
	From     string        `help:"Measure from a prober, by its name: at most 16 hosts and 100 echoes. Asks the running instance." placeholder:"PROBER"`
	Format   string        `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (pingCommand) Help() string {
	return `Sends ICMP echoes to any hosts and shows loss and delay, without a database or an
instance. Loss is of the echoes sent; median and p95 take a lost echo as one that
never comes back; jitter is the mean difference between consecutive answers
(RFC 3393). Replies that came twice, after the timeout, without our mark or in
another form answer nothing, and are counted apart; after the last timeout nobody
listens any more. The status is 1 when a host never answered.

The program needs the capability CAP_NET_RAW, or its group in the sysctl
net.ipv4.ping_group_range.

Examples:
  vigie ping 192.0.2.1 192.0.2.9                   a live table, until Ctrl+C
  vigie ping router.college.example --count 60     a minute of it
  vigie ping 192.0.2.1 --count 5 --format json     figures for a program
  vigie ping 192.0.2.1 --from lyon --count 5       as the prober lyon sees it`
}

// defaultCount is how many echoes a host gets where nobody watches.
const defaultCount = 10

// Run measures, shows what comes in, and ends with the summary.
func (c pingCommand) Run(s surroundings) error {
	live := c.Format == "table" && watched(s.out) && c.From == ""
	if c.Count < 0 {
		return &usageError{fmt.Sprintf("--count: %d, expected 1 or more", c.Count)}
	}
	if c.Count == 0 && !live {
		c.Count = defaultCount
	}
	if c.From != "" {
		return c.fromProber(s)
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
		o.Rejected = func(host int, why icmp.Rejection) {
			lock.Lock()
			defer lock.Unlock()
			sheet.reject(host, why)
		}
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

// fromProber has a prober measure, and shows what it found.
func (c pingCommand) fromProber(s surroundings) error {
	a, err := s.askProber(c.From, outpost.Question{Kind: outpost.Ping, Hosts: c.Hosts, Count: c.Count, Interval: c.Interval, Timeout: c.Timeout})
	if err != nil {
		return err
	}
	sheet := newDelaySheet(s.print, c.Hosts, a.Addresses)
	for _, e := range a.Echoes {
		sheet.add(e)
	}
	sheet.takeRejects(a.Rejects)
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

// resolve gives the address of a name, as a prober does.
func resolve(ctx context.Context, name string) (netip.Addr, error) { return outpost.Resolve(ctx, name) }

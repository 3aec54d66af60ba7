package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"vigie/internal/outpost"
	"vigie/probe/path"
)

type traceCommand struct {
	Host     string        `arg:"" help:"Name or address, IPv4 or IPv6. A name with both is traced by IPv4."`
	Method   string        `help:"What is sent. Default: icmp where this machine allows it, else udp." enum:",icmp,udp" default:"" placeholder:"icmp|udp"`
	Count    int           `help:"Rounds. Default: until Ctrl+C on a terminal, else 10." placeholder:"N"`
	Interval time.Duration `help:"Between two rounds, at least 1s: routers answer no more often." default:"1s"`
	Timeout  time.Duration `help:"How long an answer counts, at most 5s." default:"1s"`
	From     string        `help:"Trace from a prober, by its name, at most 100 rounds. Asks the running instance." placeholder:"PROBER"`
	Format   string        `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (traceCommand) Help() string {
	return `Finds the routers on the way to a host, with the loss and the delay of their answers:
up to where does the way still go? Needs no database, and for udp no right either.
Figures are those of vigie ping. The status is 1 when the host never answered.

Routers limit how often they say where a packet ended, and some never do. A router
that answers little and passes everything on loses nothing: only loss that goes on to
the last line is loss of the line. Of udp each packet may take another way where
routers spread their load; those of icmp take one.

Examples:
  vigie trace 192.0.2.1                          a live table, until Ctrl+C
  vigie trace router.example --count 60          a minute of it
  vigie trace 192.0.2.1 --method udp --count 3
  vigie trace 192.0.2.1 --count 5 --format json  figures for a program
  vigie trace 192.0.2.1 --from lyon --count 5    as the prober lyon sees it`
}

// Run traces, shows what comes in, and ends with the summary.
func (c traceCommand) Run(s surroundings) error {
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
	address, err := resolve(s.ctx, c.Host)
	if err != nil {
		return err
	}
	o := path.Options{Host: address, Method: path.Method(c.Method), Rounds: c.Count, Interval: c.Interval, Timeout: c.Timeout}
	if err := o.Validate(); err != nil {
		return &usageError{err.Error()}
	}
	sheet := newTraceSheet(s.print, c.Host, address)
	drawn := drawing{live: live, every: o.Interval, table: sheet.table}
	err = drawn.during(s, func(ctx context.Context, lock *sync.Mutex) error {
		method, err := path.Run(ctx, o, func(p path.Probe) {
			lock.Lock()
			defer lock.Unlock()
			sheet.add(p)
		})
		sheet.method = method
		return err
	})
	if err != nil {
		return err
	}
	return c.show(s, sheet)
}

// fromProber has a prober trace, and shows what it found.
func (c traceCommand) fromProber(s surroundings) error {
	a, err := s.askProber(c.From, outpost.Question{
		Kind: outpost.Trace, Hosts: []string{c.Host}, Method: path.Method(c.Method), Count: c.Count, Interval: c.Interval, Timeout: c.Timeout,
	})
	if err != nil {
		return err
	}
	if len(a.Addresses) != 1 {
		return fmt.Errorf("answer of prober %s: %d addresses, expected one", c.From, len(a.Addresses))
	}
	sheet := newTraceSheet(s.print, c.Host, a.Addresses[0])
	sheet.method = a.Method
	for _, p := range a.Probes {
		sheet.add(p)
	}
	return c.show(s, sheet)
}

// show writes the summary, and fails when the host never answered.
func (c traceCommand) show(s surroundings, sheet *traceSheet) error {
	if err := sheet.write(s.out, c.Format); err != nil {
		return err
	}
	if !sheet.reached() {
		fmt.Fprintln(s.talk, "vigie: "+s.print.T("ping.silent", c.Host))
		return errSaid
	}
	return nil
}

package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"vigie/probe/stamp"
)

type stampCommand struct {
	Hosts    []string      `arg:"" optional:"" name:"host" help:"Reflectors: names or addresses, IPv4 or IPv6, with :PORT where it is not 862."`
	Count    int           `help:"Packets to each host. Default: until Ctrl+C on a terminal, else 10." placeholder:"N"`
	Interval time.Duration `help:"Between two packets to a host, at least 10ms." default:"1s"`
	Timeout  time.Duration `help:"How long a reply counts; the live table is late by as much." default:"1s"`
	KeyFile  string        `help:"File with a key in hexadecimal: packets are authenticated, none else is believed." placeholder:"FILE"`
	Padding  int           `help:"Octets of padding, 0 to 1200, to measure longer packets." placeholder:"N"`
	DSCP     *uint8        `name:"dscp" help:"Class of service to send with, 0 to 63; says with which one packets arrived." placeholder:"N"`
	Format   string        `help:"Form of the result." enum:"table,json,csv" default:"table"`

	Reflect  bool   `help:"Be a reflector, until Ctrl+C."`
	Listen   string `help:"Where the reflector listens, as ADDRESS:PORT or :PORT." default:":862"`
	Stateful bool   `help:"The reflector counts its replies, so that a sender sees on which way packets were lost."`
	Rate     int    `help:"Replies a second to each source at most." default:"200"`
}

// Help gives examples.
func (stampCommand) Help() string {
	return `Measures loss and two-way delay by STAMP (RFC 8762) or TWAMP Light, to reflectors that
routers have built in, or to another Vigie. The time that the reflector itself needs
is taken out. Loss, median, p95 and jitter are those of vigie ping. Below the table
stands what else was seen: replies that came twice, late or in another order, on which
way packets were lost, how far the clocks may be wrong (no figure here needs them
right). The status is 1 when a host never answered.

With --reflect it answers others, with no more octets than came. With a key it answers
nobody without it. A port below 1024 needs root or CAP_NET_BIND_SERVICE.

Examples:
  vigie stamp 192.0.2.1                             a live table, until Ctrl+C
  vigie stamp router.example:20001 --count 60       a minute, to another port
  vigie stamp 192.0.2.1 --dscp 46 --count 5         does the class for voice arrive?
  vigie stamp 192.0.2.1 --count 5 --format json     figures for a program
  vigie stamp --reflect --stateful                  a reflector on port 862
  openssl rand -hex 32 > stamp.key                  a key for both ends
  vigie stamp --reflect --key-file stamp.key
  vigie stamp 192.0.2.1 --key-file stamp.key`
}

// Run measures, or reflects.
func (c stampCommand) Run(s surroundings) error {
	switch {
	case c.Reflect && len(c.Hosts) > 0:
		return &usageError{"--reflect answers others: expected no host"}
	case !c.Reflect && len(c.Hosts) == 0:
		return &usageError{"expected a host to measure, or --reflect"}
	}
	key, err := readKey(c.KeyFile)
	if err != nil {
		return err
	}
	if c.Reflect {
		return c.reflect(s, key)
	}
	return c.measure(s, key)
}

func (c stampCommand) measure(s surroundings, key []byte) error {
	live := c.Format == "table" && watched(s.out)
	if c.Count == 0 && !live {
		c.Count = defaultCount
	}
	sessions, err := c.sessions(s.ctx, key)
	if err != nil {
		return err
	}
	sheet := newStampSheet(s.print, c.Hosts, sessions)
	drawn := drawing{live: live, every: c.Interval, table: sheet.table}
	err = drawn.during(s, func(ctx context.Context, lock *sync.Mutex) error {
		return measureAll(ctx, sessions, sheet, lock)
	})
	if err != nil {
		return err
	}
	if err := sheet.write(s.out, c.Format); err != nil {
		return err
	}
	return sheet.sayWhoIsSilent(s)
}

// sessions are the measurements asked for, one for each host.
func (c stampCommand) sessions(ctx context.Context, key []byte) ([]stamp.Options, error) {
	all := make([]stamp.Options, len(c.Hosts))
	for i, name := range c.Hosts {
		reflector, err := resolveReflector(ctx, name)
		if err != nil {
			return nil, err
		}
		all[i] = stamp.Options{Reflector: reflector, Count: c.Count, Interval: c.Interval, Timeout: c.Timeout, Key: key, Padding: c.Padding}
		if c.DSCP != nil {
			all[i].Class, all[i].DSCP = true, *c.DSCP
		}
		if err := all[i].Validate(); err != nil {
			return nil, &usageError{err.Error()}
		}
	}
	return all, nil
}

// measureAll runs the sessions side by side; an error ends all of them.
func measureAll(ctx context.Context, sessions []stamp.Options, sheet *stampSheet, lock *sync.Mutex) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(sessions))
	var running sync.WaitGroup
	for i, session := range sessions {
		running.Go(func() {
			standing, err := stamp.Run(ctx, session, func(p stamp.Packet, standing stamp.Standing) {
				lock.Lock()
				defer lock.Unlock()
				sheet.add(i, p, standing)
			})
			if err != nil {
				errs[i] = err
				cancel()
				return
			}
			lock.Lock()
			defer lock.Unlock()
			sheet.standings[i] = standing
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

func (c stampCommand) reflect(s surroundings, key []byte) error {
	o := stamp.ReflectorOptions{Listen: c.Listen, Key: key, Stateful: c.Stateful, Rate: c.Rate}
	if err := o.Validate(); err != nil {
		return &usageError{err.Error()}
	}
	r, err := stamp.Listen(o)
	if err != nil {
		return err
	}
	if len(key) > 0 {
		fmt.Fprintln(s.talk, s.print.T("stamp.listening-sealed", r.Addr().String()))
	} else {
		fmt.Fprintln(s.talk, s.print.T("stamp.listening", r.Addr().String()))
	}
	if err := r.Serve(s.ctx); err != nil {
		return err
	}
	return writeReflected(s, r.Counters(), c.Format)
}

// resolveReflector gives the address of a reflector's name, with the port of STAMP
// where it names none.
func resolveReflector(ctx context.Context, name string) (netip.AddrPort, error) {
	host, port := name, uint64(stamp.Port)
	if given, text, err := net.SplitHostPort(name); err == nil {
		host = given
		if port, err = strconv.ParseUint(text, 10, 16); err != nil || port == 0 {
			return netip.AddrPort{}, &usageError{fmt.Sprintf("%s: port %q, expected 1 to 65535", name, text)}
		}
	}
	address, err := resolve(ctx, strings.Trim(host, "[]"))
	return netip.AddrPortFrom(address, uint16(port)), err
}

// The length of a key in octets. A shorter one can be guessed; HMAC-SHA-256 hashes a
// longer one down (RFC 2104).
const (
	shortestKey = 16
	longestKey  = 64
)

// readKey reads a key file; without a name there is no key. An error names the file
// and never the key.
func readKey(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) < shortestKey || len(key) > longestKey {
		return nil, fmt.Errorf("%s: not a key, expected %d to %d hexadecimal digits, as of openssl rand -hex 32", file, 2*shortestKey, 2*longestKey)
	}
	return key, nil
}

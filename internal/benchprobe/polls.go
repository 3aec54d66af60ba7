//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"sync"
	"time"

	"github.com/gosnmp/gosnmp"

	"vigie/configs"
	"vigie/internal/figure"
	"vigie/probe"
	"vigie/probe/snmp"
)

// polling is what a poller is asked to do.
type polling struct {
	Port    uint16
	Routers int
	// Rounds is how often each is polled; the first meets it.
	Rounds int
	// Whole asks for the health and four interfaces, else for ten objects.
	Whole bool
	// Plain has the library ask for the ten objects by itself, with a connection each.
	Plain bool
}

// polled is what that came to.
type polled struct {
	Polls  int
	PeakMB float64
}

// together is how many routers are asked at a time.
const together = 50

// routerAt is the address of a router, one of 127.0.0.0/8.
func routerAt(i int) netip.Addr {
	n := uint32(127<<24 + 1 + i)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func (l polling) measure() (polled, error) {
	ask, err := l.asker()
	if err != nil {
		return polled{}, err
	}
	work := make(chan int)
	failed := make(chan error, together)
	var asking sync.WaitGroup
	for range together {
		asking.Go(func() {
			for i := range work {
				if err := ask(i); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	for range l.Rounds {
		for i := range l.Routers {
			work <- i
		}
	}
	close(work)
	asking.Wait()
	select {
	case err := <-failed:
		return polled{}, fmt.Errorf("a poll failed: %w", err)
	default:
	}
	peak, err := peakMB()
	return polled{l.Rounds * l.Routers, peak}, err
}

// asker returns what polls a router.
func (l polling) asker() (func(i int) error, error) {
	if l.Plain {
		return l.plain, nil
	}
	o := snmp.Options{Timeout: 2 * time.Second, Retries: 1, InFlight: together}
	if l.Whole {
		folder, err := configs.SNMPProfiles()
		if err != nil {
			return nil, err
		}
		if o.Profiles, err = snmp.ReadProfiles(folder); err != nil {
			return nil, err
		}
	}
	poller, err := snmp.New(o)
	if err != nil {
		return nil, err
	}
	return func(i int) error {
		r := snmp.Router{
			Link: int64(i), Ref: fmt.Sprintf("BRE-%d", i), Addr: netip.AddrPortFrom(routerAt(i), l.Port), Interface: names[0],
			Credential: snmp.Credential{Version: snmp.V2c, Community: community},
		}
		if l.Whole {
			r.Further = [probe.MaxFurther]string(names[1:])
		}
		poll := poller.Poll(context.Background(), r)
		switch {
		case poll.Problem != "":
			return fmt.Errorf("router %d: %s", i, poll.Problem)
		case poll.Access.Name != names[0] || l.Whole && (len(poll.Further) != len(names)-1 || !poll.Health.CPU.Told || !poll.Health.Temperature.Told):
			return fmt.Errorf("router %d: told %+v", i, poll)
		}
		return nil
	}, nil
}

// plain polls as the library's own example does: connect, get, close.
func (l polling) plain(i int) error {
	g := &gosnmp.GoSNMP{
		Target: routerAt(i).String(), Port: l.Port, Version: gosnmp.Version2c, Community: community, Timeout: 2 * time.Second, Retries: 1,
	}
	if err := g.Connect(); err != nil {
		return err
	}
	defer g.Conn.Close()
	const ifX = ".1.3.6.1.2.1.31.1.1.1"
	_, err := g.Get([]string{
		".1.3.6.1.2.1.1.3.0", ".1.3.6.1.6.3.10.2.1.2.0", ".1.3.6.1.6.3.10.2.1.3.0", ".1.3.6.1.2.1.2.2.1.8.1",
		ifX + ".1.1", ifX + ".6.1", ifX + ".10.1", ifX + ".15.1", ifX + ".18.1", ifX + ".19.1",
	})
	return err
}

// run polls in a process of its own and returns what it came to and the CPU time of the
// process in microseconds.
func (l polling) run() (p polled, cpu float64, err error) {
	text, err := json.Marshal(l)
	if err != nil {
		return polled{}, 0, err
	}
	c := command("polls", string(text))
	out, err := c.Output()
	if err != nil {
		return polled{}, 0, fmt.Errorf("measure %s: %w", text, err)
	}
	err = json.Unmarshal(out, &p)
	return p, micros(c), err
}

// polls measures the poller against an agent in a process of its own.
func polls(peers) error {
	agent := command("agent")
	port, err := started(agent)
	if err != nil {
		return err
	}
	defer func() {
		_ = agent.Process.Kill() // it ends no other way
		_ = agent.Wait()
	}()
	const routers, rounds = 1000, 6
	var whole, ours, theirs []float64
	for range runs {
		for _, one := range []struct {
			plain bool
			into  *[]float64
		}{{false, &ours}, {true, &theirs}} {
			l := polling{Port: port, Routers: routers, Rounds: rounds + 1, Plain: one.plain}
			_, all, err := l.run()
			if err != nil {
				return err
			}
			l.Rounds = 1 // the start, and meeting them
			_, met, err := l.run()
			if err != nil {
				return err
			}
			*one.into = append(*one.into, (all-met)/(routers*rounds))
			if !one.plain {
				whole = append(whole, all/(routers*(rounds+1)))
			}
		}
	}
	lines.AtMost("snmp_poll_cpu", figure.Median(whole), "us/poll", 110)
	lines.Ratio("snmp_poll_cpu_to_gosnmp", ours, theirs, 1)
	return manyPolls(port)
}

// manyPolls measures a whole region each minute, and a country's memory.
func manyPolls(port uint16) error {
	const rounds = 5
	_, once, err := polling{Port: port, Routers: 1500, Rounds: 1, Whole: true}.run()
	if err != nil {
		return err
	}
	_, again, err := polling{Port: port, Routers: 1500, Rounds: 1 + rounds, Whole: true}.run()
	if err != nil {
		return err
	}
	lines.AtMost("snmp_1500_core", 100*(again-once)/rounds/60e6, "%", 5) // of a core, each a minute
	p, _, err := polling{Port: port, Routers: 60_000, Rounds: 1, Whole: true}.run()
	if err != nil {
		return err
	}
	lines.AtMost("snmp_60000_memory", p.PeakMB, "MB", 200)
	return nil
}

// started starts an agent and returns its port.
func started(agent *exec.Cmd) (port uint16, err error) {
	from, err := agent.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := agent.Start(); err != nil {
		return 0, err
	}
	if _, err := fmt.Fscanln(from, &port); err != nil {
		return 0, fmt.Errorf("read the agent's port: %w", err)
	}
	return port, nil
}

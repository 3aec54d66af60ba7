//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vigie/internal/figure"
)

// runs is how often each of the programs compared runs, in turn.
const runs = 3

// peers are the programs to compare with; empty where one is not there.
type peers struct{ floor, fping string }

// echoes runs a load in a process of its own and returns what it came to and the CPU
// time of the process in microseconds an echo.
func echoes(l load) (f figures, cpu float64, err error) {
	text, err := json.Marshal(l)
	if err != nil {
		return figures{}, 0, err
	}
	c := command("echoes", string(text))
	out, err := c.Output()
	if err != nil {
		return figures{}, 0, fmt.Errorf("measure %s: %w", text, err)
	}
	if err := json.Unmarshal(out, &f); err != nil {
		return figures{}, 0, fmt.Errorf("measure %s: %w", text, err)
	}
	return f, micros(c) / float64(f.Sent+f.Unmeasured), nil
}

// micros is the CPU time that a program took.
func micros(c *exec.Cmd) float64 {
	return float64((c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Microseconds())
}

// bare runs the floor and returns its CPU time an echo: as many echoes as the load, in
// batches of as many as fall into a tick of 10 ms, or of 64 flat out.
func (p peers) bare(l load) ([]float64, error) {
	if p.floor == "" {
		return nil, nil
	}
	batch, total := 64, l.Targets*l.Echoes*l.Rounds
	if l.PerSecond > 0 {
		batch = l.PerSecond / 100
	}
	c := exec.Command(p.floor, strconv.Itoa(l.Targets), strconv.Itoa(total), strconv.Itoa(batch), "rt", strconv.Itoa(l.PerSecond))
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run the floor: %w\n%s", err, out)
	}
	return []float64{micros(c) / float64(total)}, nil
}

// burstless runs fping over as many targets, spread as the load is, and returns its
// CPU time an echo.
func (p peers) burstless(l load) ([]float64, error) {
	if p.fping == "" {
		return nil, nil
	}
	var list strings.Builder
	addr := netip.MustParseAddr("127.0.0.1")
	for range l.Targets {
		fmt.Fprintln(&list, addr)
		addr = addr.Next()
	}
	count := l.Echoes * l.Rounds
	c := exec.Command(p.fping, "-q", "-C", strconv.Itoa(count), "-p", strconv.Itoa(1000*l.Targets/l.PerSecond),
		"-i", strconv.FormatFloat(1000/float64(l.PerSecond), 'f', 3, 64))
	c.Stdin = strings.NewReader(list.String())
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run fping: %w\n%s", err, out[max(0, len(out)-200):])
	}
	return []float64{micros(c) / float64(l.Targets*count)}, nil
}

// series is what the runs of one load came to.
type series struct {
	ours, floor, fping []float64 // CPU time an echo, microseconds
	lost, unmeasured   int       // of all runs
	echoes             int
	core, megabytes    []float64
	perSecond          []float64 // echoes, by the clock
	allocations        []float64
}

// compare runs a load and what does the same, in turn.
func compare(p peers, l load) (s series, err error) {
	for range runs {
		floor, err := p.bare(l)
		if err != nil {
			return s, err
		}
		f, cpu, err := echoes(l)
		if err != nil {
			return s, err
		}
		fping, err := p.burstless(l)
		if err != nil {
			return s, err
		}
		s.floor, s.ours, s.fping = append(s.floor, floor...), append(s.ours, cpu), append(s.fping, fping...)
		s.lost, s.unmeasured, s.echoes = s.lost+f.Lost, s.unmeasured+f.Unmeasured, s.echoes+f.Sent+f.Unmeasured
		s.perSecond = append(s.perSecond, float64(f.Sent)/f.Seconds)
		s.core = append(s.core, cpu*float64(f.Sent)/1e6/f.Seconds)
		s.megabytes, s.allocations = append(s.megabytes, f.PeakMB), append(s.allocations, f.Allocations)
	}
	return s, nil
}

// honest prints the loss that is none, there being a loopback only, and what the
// engine itself left out: on a machine whose cores are taken it comes too late.
func (s series) honest(name string) {
	lines.AtMost(name+"_false_loss", float64(s.lost), "echoes", 0)
	lines.AtMost(name+"_unmeasured", 100*float64(s.unmeasured)/float64(s.echoes), "%", 0)
}

func flatOut(p peers) error {
	p.fping = ""
	s, err := compare(p, load{Targets: 5000, Echoes: 1, Rounds: 30})
	if err != nil {
		return err
	}
	lines.Ratio("echo_flat_out_cpu_to_floor", s.ours, s.floor, 1.15)
	// Those of the runtime itself are a few in 10,000 echoes.
	lines.AtMost("echo_allocations", figure.Median(s.allocations), "1/echo", 0.001)
	return oneCore()
}

// oneCore lets an engine have one CPU only.
func oneCore() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return fmt.Errorf("read the CPUs allowed: %w", err)
	}
	for cpu := range len(all) * 64 {
		if all.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return fmt.Errorf("keep to one CPU: %w", err)
	}
	s, err := compare(peers{}, load{Targets: 20_000, Echoes: 1, Rounds: 10})
	if err == nil {
		// By the time the core was ours, and by the clock, while others may have had it too.
		lines.AtLeast("echo_one_core_rate", 1e6/figure.Median(s.ours), "echo/CPU-s", 100_000)
		lines.AtLeast("echo_one_core_rate_by_the_clock", figure.Median(s.perSecond), "echo/s", 100_000)
		s.honest("echo_one_core")
	}
	if back := unix.SchedSetaffinity(0, &all); back != nil {
		return fmt.Errorf("leave the one CPU: %w", back)
	}
	return err
}

func spread(p peers) error {
	s, err := compare(p, load{Targets: 5000, PerSecond: 5000, Echoes: 2, Rounds: 2})
	if err != nil {
		return err
	}
	lines.Ratio("echo_5000_cpu_to_floor", s.ours, s.floor, 1.4)
	lines.Ratio("echo_5000_cpu_to_fping", s.ours, s.fping, 0.35)
	s.honest("echo_5000")
	return nil
}

// usual compares with one pinger of pro-bing for each target. There are as many as it
// still answers for in time.
func usual(peers) error {
	l := load{Targets: 500, PerSecond: 500, Echoes: 2, Rounds: 2}
	var ours, theirs []float64
	for range runs {
		_, cpu, err := echoes(l)
		if err != nil {
			return err
		}
		text, err := json.Marshal(l)
		if err != nil {
			return err
		}
		c := command("pingers", string(text))
		if err := c.Run(); err != nil {
			return fmt.Errorf("run pro-bing: %w", err)
		}
		ours, theirs = append(ours, cpu), append(theirs, micros(c)/float64(l.Targets*l.Echoes*l.Rounds))
	}
	lines.Ratio("echo_500_cpu_to_probing", ours, theirs, 0.35)
	return nil
}

func large(p peers) error {
	p.fping = "" // it has no numbers for so many
	s, err := compare(p, load{Targets: 20_000, PerSecond: 10_000, Echoes: 1, Rounds: 2})
	if err != nil {
		return err
	}
	lines.Ratio("echo_20000_cpu_to_floor", s.ours, s.floor, 1.3)
	lines.AtMost("echo_20000_memory", figure.Median(s.megabytes), "MB", 16)
	s.honest("echo_20000")
	return nil
}

func largest(peers) error {
	s, err := compare(peers{}, load{Targets: 60_000, PerSecond: 30_000, Echoes: 1, Rounds: 2})
	if err != nil {
		return err
	}
	lines.AtMost("echo_60000_core", figure.Median(s.core), "core", 0.33)
	s.honest("echo_60000")
	return nil
}

// busy measures round trips while every core has something else to do. The true ones
// take some microseconds here, so what is told is nearly all error.
func busy(peers) error {
	for range runtime.NumCPU() {
		other := command("busy")
		if err := other.Start(); err != nil {
			return err
		}
		defer func() {
			_ = other.Process.Kill() // it ends no other way
			_ = other.Wait()
		}()
	}
	f, _, err := echoes(load{Targets: 5000, PerSecond: 5000, Echoes: 2, Rounds: 3})
	if err != nil {
		return err
	}
	lines.AtMost("echo_busy_rtt_p99", f.P99, "us", 30)
	lines.AtMost("echo_busy_rtt_p999", f.P999, "us", 60)
	lines.AtMost("echo_busy_false_loss", float64(f.Lost), "echoes", 0)
	lines.AtMost("echo_busy_unmeasured", 100*float64(f.Unmeasured)/float64(f.Sent+f.Unmeasured), "%", 1)
	return nil
}

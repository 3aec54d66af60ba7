//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"vigie/internal/figure"
)

func main() {
	floor := flag.String("floor", "", "C source of the bare loop that the figures are compared with")
	flag.Parse()
	if err := run(*floor, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "benchprobe:", err)
		os.Exit(1)
	}
}

// run does what the first argument says; without one it measures everything. The
// other words are how the program calls itself.
func run(floor string, args []string) error {
	if len(args) == 0 {
		return enter(floor)
	}
	switch args[0] {
	case "inside":
		return inside(floor)
	case "echoes":
		var l load
		if err := json.Unmarshal([]byte(args[1]), &l); err != nil {
			return fmt.Errorf("read the load: %w", err)
		}
		return tell(l.measure())
	case "pingers":
		var l load
		if err := json.Unmarshal([]byte(args[1]), &l); err != nil {
			return fmt.Errorf("read the load: %w", err)
		}
		return l.pingers()
	case "busy":
		for sum := sha256.Sum256(nil); ; { // until it is killed
			sum = sha256.Sum256(sum[:])
		}
	case "agent":
		return serveAgent()
	case "polls":
		var l polling
		if err := json.Unmarshal([]byte(args[1]), &l); err != nil {
			return fmt.Errorf("read the polls: %w", err)
		}
		return tell(l.measure())
	}
	return fmt.Errorf("%q: expected no argument", args[0])
}

// tell writes what a process measured for the one that started it.
func tell(figures any, err error) error {
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(figures)
}

// enter runs the program again in a network namespace of its own.
func enter(floor string) error {
	again := command("--floor", floor, "inside")
	again.Stdout = os.Stdout
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		again.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		again.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		again.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	return again.Run()
}

// command is this program with other arguments.
func command(args ...string) *exec.Cmd {
	c := exec.Command("/proc/self/exe", args...)
	c.Stderr = os.Stderr
	return c
}

// inside measures everything; it runs in the namespace.
func inside(floor string) error {
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("bring the loopback up: %w", err)
	}
	if err := keepStamping(); err != nil {
		return fmt.Errorf("have the kernel stamp: %w", err)
	}
	dir, err := os.MkdirTemp("", "benchprobe")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := peers{}
	if floor != "" {
		p.floor = filepath.Join(dir, "floor")
		if out, err := exec.Command("gcc", "-O2", "-o", p.floor, floor).CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", floor, err, out)
		}
	}
	if p.fping, err = exec.LookPath("fping"); err != nil {
		p.fping = "" // its figure is absent
	}
	for _, measure := range []func(peers) error{flatOut, spread, usual, large, largest, busy, polls} {
		if err := measure(p); err != nil {
			return err
		}
	}
	return nil
}

// keepStamping holds a socket that asks for stamps, for as long as the program runs.
// The kernel begins to stamp a moment after the first of a host asks, on a busy machine
// more than a second, and ends with the last. Of UDP, it costs echoes nothing.
func keepStamping() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPING_NEW,
		unix.SOF_TIMESTAMPING_SOFTWARE|unix.SOF_TIMESTAMPING_RX_SOFTWARE)
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// lines prints what was measured, with what bounds it and what was tried.
var lines = figure.Printer{Out: os.Stdout, Short: os.Stderr, Bounds: []figure.Bound{
	{Begins: "echo_flat_out", Told: "nearly all of it is the kernel's work for a packet on a loopback. Tried: bursts of 1 to 64 (64 is best), the stamp of the way out left out (a seventh less, but then a delay holds our own lag), more raw sockets (each costs every packet half a microsecond)"},
	{Begins: "echo_one_core", Told: "as flat out; by the clock whatever else runs on the core counts too"},
	{Begins: "echo_5000", Told: "waking costs more than an echo. Tried: ticks of 5 to 20 ms, Go's timers (they wake two more threads each tick), nanosleep on a locked thread (twice the CPU), now a timerfd in the poller"},
	{Begins: "echo_20000", Told: "as for 5,000 targets, and the memory is rounds kept for the most there ever were"},
	{Begins: "echo_busy", Told: "how soon the scheduler lets the program read: the kernel's stamps make the delays independent of it, what was not sent in time is left out"},
	{Begins: "snmp_", Told: "the library's encoding and its buffer of 64 kB for each poll in flight. Tried: kept sockets (65 kB a target), one socket for all (an answer is then told by its number alone)"},
}}

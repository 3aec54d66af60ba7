package prober_test

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vigie/probe"
)

// inside returns a function that runs others on a thread in a network namespace
// of its own, with nothing but a loopback.
func inside(t *testing.T) func(func() error) error {
	t.Helper()
	work, made := make(chan func()), make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = loopbackUp()
		}
		made <- err
		for f := range work {
			f()
		}
	}()
	t.Cleanup(func() { close(work) })
	switch err := <-made; {
	case errors.Is(err, unix.EPERM):
		t.Skip("needs CAP_SYS_ADMIN to make a network namespace")
	case err != nil:
		t.Fatalf("make a network namespace: %v", err)
	}
	return func(f func() error) error {
		failed := make(chan error)
		work <- func() { failed <- f() }
		return <-failed
	}
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

func TestACutAndARecoveryAreSeenAndAMissingRouteIsNoLoss(t *testing.T) {
	t.Parallel()
	run := inside(t)
	c := &core{}
	o := options(c)
	o.Open = run
	nowhere := probe.Target{ID: 9, Kind: probe.Canary, Addr: netip.MustParseAddr("192.0.2.1")}
	start(t, o, link(1), nowhere)
	_, at := c.until(t, 0, func(b probe.Batch) bool { return received(b)[target{probe.Link, 1}] == 5 })
	silence(t, run, "1")
	lost := func(b probe.Batch) bool {
		return len(b.Observations) == 1 && b.Observations[0].Sent() == 5 && b.Observations[0].Received() == 0
	}
	cut, at := c.until(t, at+1, lost)
	if cut.Planned != 2 || cut.Quality.Unsent != 5 {
		t.Errorf("got %d planned, %d unsent; want 2 and the 5 of the target without route", cut.Planned, cut.Quality.Unsent)
	}
	silence(t, run, "0")
	c.until(t, at+1, func(b probe.Batch) bool { return received(b)[target{probe.Link, 1}] == 5 })
}

// silence has the namespace answer no echo ("1"), or all ("0").
func silence(t *testing.T, run func(func() error) error, value string) {
	t.Helper()
	err := run(func() error { return os.WriteFile("/proc/sys/net/ipv4/icmp_echo_ignore_all", []byte(value), 0) })
	if err != nil {
		t.Fatal(err)
	}
}

// A look's echoes are part of no round: the batches hold the same rounds as ever.
func TestALinkThatFallsSilentIsLookedAtUntilItAnswers(t *testing.T) {
	t.Parallel()
	run := inside(t)
	c := &core{}
	o := options(c)
	o.Open = run
	start(t, o, link(1)) // with a canary it would be our own uplink that is silent
	_, at := c.until(t, 0, full)
	silence(t, run, "1")
	cut, at := c.until(t, at+1, func(b probe.Batch) bool {
		got := received(b)
		return full(b) && got[target{probe.Link, 1}] == 0
	})
	silence(t, run, "0")
	told, _ := c.until(t, at+1, func(b probe.Batch) bool { return len(b.Reports) > 0 })
	if len(told.Reports) != 1 || told.Reports[0].Link != 1 {
		t.Fatalf("got %+v, want one report of link 1", told.Reports)
	}
	look, ok := told.Reports[0].Finding.(*probe.Look)
	if !ok || look.End != probe.LookRecovered || look.Lost() == 0 || look.Sent() < look.Lost()+20 || look.Sent() > 100 {
		t.Errorf("got %+v, want echoes lost, then 20 answered", told.Reports[0].Finding)
	}
	if since := cut.Cycle.Sub(look.From); since.Abs() > 3*quick.Cycle || look.RoundLost == 0 {
		t.Errorf("%d lost since %s, want some in a cycle about %s", look.RoundLost, look.From, cut.Cycle)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.batches {
		for _, observation := range b.Observations {
			if observation.Sent() > quick.Echoes || len(b.Observations) > 1 {
				t.Errorf("cycle %s: %d rounds, one of %d echoes", b.Cycle, len(b.Observations), observation.Sent())
			}
		}
	}
}

// No other test runs meanwhile: this one finds the engine's descriptor by its
// number and puts a file without any message in its place.
func TestAnEngineThatFailsIsReplaced(t *testing.T) {
	var opened []int
	c := &core{}
	o := options(c)
	o.Open = func(create func() error) error {
		fd, err := unix.Dup(0)
		if err != nil {
			return err
		}
		if err := unix.Close(fd); err != nil {
			return err
		}
		opened = append(opened, fd)
		return create()
	}
	p := start(t, o, link(1))
	engine := "/proc/self/fd/" + strconv.Itoa(opened[0])
	if name, err := os.Readlink(engine); err != nil || !strings.HasPrefix(name, "socket:") {
		t.Fatalf("%s is %s, %v; want the socket", engine, name, err)
	}
	_, at := c.until(t, 0, full)
	null, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(null)
	if err := unix.Dup3(null, opened[0], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	before, _ := c.until(t, at, full)
	after, _ := c.until(t, at+1, full)
	if after.Seq <= before.Seq || !after.Cycle.After(before.Cycle) {
		t.Errorf("got %d of %s after %d of %s", after.Seq, after.Cycle, before.Seq, before.Cycle)
	}
	p.Stop()
	if len(opened) != 2 {
		t.Errorf("opened %d engines, want 2", len(opened))
	}
}

// A cycle of half a second at forty echoes a second has room for four rounds: for two
// canaries and two of six links.
func TestWhatACycleHasNoRoomForTakesTurnsAndIsNoLoss(t *testing.T) {
	t.Parallel()
	c := &core{}
	o := options(c)
	o.Rate = 40
	targets := []probe.Target{link(1), link(2), link(3), link(4), link(5), link(6), canary(1), canary(2)}
	start(t, o, targets...)
	seen := map[target]bool{}
	_, at := c.until(t, 0, full)
	for range 6 {
		var b probe.Batch
		b, at = c.until(t, at+1, func(b probe.Batch) bool { return b.Last })
		if b.Planned != 4 || b.Quality.Overrun != 4 || len(b.Observations) > 4 {
			t.Errorf("%d planned, %d left out, %d measured; want 4 of each", b.Planned, b.Quality.Overrun, len(b.Observations))
		}
		got := received(b)
		for key := range got {
			seen[key] = true
		}
		for _, id := range []int64{1, 2} {
			if _, ok := got[target{probe.Canary, id}]; !ok {
				t.Errorf("cycle %s: canary %d is left out", b.Cycle, id)
			}
		}
	}
	if len(seen) != len(targets) {
		t.Errorf("%d of %d targets had a turn in six cycles: %v", len(seen), len(targets), seen)
	}
}

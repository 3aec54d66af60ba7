package throughput

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"vigie/probe"
)

// Port is where iperf3 listens unless it is told otherwise.
const Port = 5201

const (
	// connectWithin bounds how long the far end is waited for.
	connectWithin = 3 * time.Second
	// slack is what a test may take beside its duration: connecting, and the exchange of
	// figures at both ends over a line that is full.
	slack = 10 * time.Second
	// dieWithin is how long the program is given to end by itself.
	dieWithin = time.Second
	// maxOutput bounds what is kept of the program's words.
	maxOutput = 8 << 20
)

// Iperf3 tests with an iperf3 server by the program that is installed here.
type Iperf3 struct {
	Addr netip.AddrPort
	// Start calls a function that starts the program, where its sockets shall be; nil
	// for where this program runs.
	Start func(start func() error) error
}

// Method is iperf3.
func (Iperf3) Method() probe.ThroughputMethod { return probe.ByIperf3 }

// Server is the address of the far end.
func (c Iperf3) Server() string { return c.Addr.String() }

// arguments are those of the program for one flow.
func (c Iperf3) arguments(d Direction, b Bounds) []string {
	each := b.BitsPerSecond / int64(b.Streams)
	// A block a fiftieth of a second long, so that the limit holds from one to the next.
	block := min(max(each/8/50, 4<<10), 128<<10)
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	args := []string{
		"--client", c.Addr.Addr().Unmap().String(), "--port", strconv.Itoa(int(c.Addr.Port())), "--json",
		"--time", number(int64(b.Duration / time.Second)), "--omit", number(int64(b.SlowStart / time.Second)),
		"--parallel", strconv.Itoa(b.Streams), "--bitrate", number(each), "--length", number(block),
		"--connect-timeout", number(connectWithin.Milliseconds()),
	}
	if d == Reverse {
		args = append(args, "--reverse")
	}
	return args
}

// Flow measures one direction. The slow start is left out in whole seconds.
func (c Iperf3) Flow(ctx context.Context, d Direction, b Bounds, progress func(Progress)) (probe.Flow, error) {
	if err := b.Validate(); err != nil {
		return probe.Flow{}, err
	}
	b = b.fitted()
	b.SlowStart = b.SlowStart.Truncate(time.Second)
	ctx, cancel := context.WithTimeoutCause(ctx, b.SlowStart+b.Duration+slack, failed(probe.BadAnswer, "iperf3 did not end in time"))
	defer cancel()
	var out, problems limited
	program := exec.CommandContext(ctx, "iperf3", c.arguments(d, b)...)
	program.Stdout, program.Stderr = &out, &problems
	// It tells the far end, which else would wait for it.
	program.Cancel = func() error { return program.Process.Signal(os.Interrupt) }
	program.WaitDelay = dieWithin
	start := func(start func() error) error { return start() }
	if c.Start != nil {
		start = c.Start
	}
	if err := start(program.Start); errors.Is(err, exec.ErrNotFound) {
		return probe.Flow{}, failed(probe.NoProgram, "iperf3 is not installed")
	} else if err != nil {
		return probe.Flow{}, failed(probe.NoProgram, "%v", err)
	}
	beside := watchMachine()
	defer beside.stop()
	stop := ticking(d, progress)
	err := program.Wait()
	stop()
	if ctx.Err() != nil {
		return probe.Flow{}, ended(ctx)
	}
	flow, problem := ParseIperf3(out.kept.Bytes(), d, b)
	var failure *Failure
	if err != nil && errors.As(problem, &failure) && failure.Reason == probe.BadAnswer {
		// No JSON that can be read: what it said otherwise tells more.
		return probe.Flow{}, failed(probe.BadAnswer, "iperf3: %v: %s", err, strings.TrimSpace(problems.kept.String()+" "+failure.Detail))
	}
	if problem == nil {
		beside.tell(&flow)
	}
	return flow, problem
}

// ticking tells progress every second until the function returned is called.
func ticking(d Direction, progress func(Progress)) (stop func()) {
	if progress == nil {
		return func() {}
	}
	begun, end, done := time.Now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				progress(Progress{Direction: d, Since: time.Since(begun)})
			}
		}
	}()
	return func() { close(end); <-done }
}

// limited keeps the first octets that are written. The buffer is no part of its methods:
// io.Copy would read into it past the limit.
type limited struct{ kept bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	l.kept.Write(p[:min(len(p), maxOutput-l.kept.Len())]) // a buffer never fails to take (bytes.Buffer)
	return len(p), nil
}

// Installed says which iperf3 would run here; the error names what to install.
func Installed() (string, error) {
	name, err := exec.LookPath("iperf3")
	if err != nil {
		return "", fmt.Errorf("iperf3 is not installed: apt-get install iperf3, or test by HTTP: %w", err)
	}
	return name, nil
}

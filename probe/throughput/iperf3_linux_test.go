package throughput

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"vigie/probe"
)

// server starts an iperf3 server on this machine, or skips the test where there is none.
func server(t *testing.T) netip.AddrPort {
	t.Helper()
	if _, err := Installed(); err != nil {
		t.Skip(err)
	}
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().(*net.TCPAddr).AddrPort()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	program := exec.CommandContext(t.Context(), "iperf3", "--server", "--forceflush", "--bind", "127.0.0.1", "--port", strconv.Itoa(int(addr.Port())))
	said, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = program.Wait() // it was killed
	})
	// It says when it listens. A connection made to find out would be a test to it.
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listening") {
			go func() {
				for lines.Scan() { // its pipe must not fill
				}
			}()
			return addr
		}
	}
	t.Fatalf("the server ended before it listened: %v", lines.Err())
	return netip.AddrPort{}
}

func TestTheProgramTestsBothWays(t *testing.T) {
	t.Parallel()
	client := Iperf3{Addr: server(t)}
	for _, d := range []Direction{Forward, Reverse} {
		told := 0
		f, err := client.Flow(t.Context(), d, Bounds{Duration: 2 * time.Second, SlowStart: time.Second, Streams: 2, BitsPerSecond: 40e6, Octets: 40e6}, func(Progress) { told++ })
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		if f.BitsPerSecond < 36e6 || f.BitsPerSecond > 44e6 || f.Streams != 2 || f.SkippedMillis != 1000 || f.Octets > 40e6 || told == 0 {
			t.Errorf("%s: got %+v, progress told %d times", d, f, told)
		}
	}
}

func TestTheProgramEndsWithItsContext(t *testing.T) {
	t.Parallel()
	client := Iperf3{Addr: server(t)}
	ctx, cancel := context.WithCancelCause(t.Context())
	begun := time.Now()
	_, err := client.Flow(ctx, Forward, usual, func(Progress) { cancel(&Failure{Reason: probe.CanaryDelay}) })
	var f *Failure
	if !errors.As(err, &f) || f.Reason != probe.CanaryDelay {
		t.Errorf("got %v, want %s", err, probe.CanaryDelay)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("ended after %s, want soon after a second", took)
	}
	// The server is free again, once it has noticed.
	again := func() error {
		_, err := client.Flow(t.Context(), Forward, Bounds{Duration: 2 * time.Second, Streams: 1, BitsPerSecond: 1e6, Octets: 1e6}, nil)
		return err
	}
	err = again()
	for end := time.Now().Add(10 * time.Second); errors.As(err, &f) && f.Reason == probe.ServerBusy && time.Now().Before(end); err = again() {
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAFarEndWithoutServerIsSaid(t *testing.T) {
	t.Parallel()
	if _, err := Installed(); err != nil {
		t.Skip(err)
	}
	_, err := Iperf3{Addr: netip.MustParseAddrPort("127.0.0.1:1")}.Flow(t.Context(), Forward, usual, nil)
	var f *Failure
	if !errors.As(err, &f) || f.Reason != probe.NoServer {
		t.Errorf("got %v, want %s", err, probe.NoServer)
	}
}

//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"syscall"
	"time"

	"vigie/internal/app"
)

// coreOrder says what the core under load has to be.
type coreOrder struct {
	Dir     string
	Links   int
	Profile string // directory; empty = none
}

// coreReady is what it says once it is there.
type coreReady struct {
	Pages string // host:port
}

// coreConfiguration is that of a core that looks at no link itself: its own prober
// stands at a school, others come in by the port.
func coreConfiguration() app.Configuration {
	c := app.DefaultConfiguration()
	c.Listen, c.Probers.Listen, c.Probers.SecondPercent = "127.0.0.1:0", "127.0.0.1:0", 0
	c.Prober.Name, c.Prober.Site = "core", "s-00000"
	c.Prober.Cycle, c.Prober.Echoes = loadCycle, loadEchoes
	return c
}

// serveCore is the process of the core: it takes the inventory, and serves until it is
// told to end.
func serveCore(ctx context.Context, o coreOrder) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	c := coreConfiguration()
	i, err := app.OpenInstance(ctx, app.OpenOptions{Dir: o.Dir, Cycle: c.Prober.Cycle, Log: log})
	if err != nil {
		return err
	}
	answer, err := i.Import(ctx, app.ImportRequest{Files: fleet(o.Links)})
	if err == nil && answer.Problems != nil {
		err = fmt.Errorf("the fleet is refused: %v", *answer.Problems)
	}
	if err := errors.Join(err, i.Close(ctx)); err != nil {
		return err
	}
	server, err := app.Start(ctx, app.Options{
		Dir: o.Dir, Configuration: c, Say: func(string) {}, Progress: func(int, string) {}, Log: log,
	})
	if err != nil {
		return err
	}
	if err := tell(coreReady{server.Address()}); err != nil {
		return err
	}
	profiled := profileOnSignal(o.Profile)
	select {
	case <-ctx.Done():
	case err = <-server.Failed():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return errors.Join(err, profiled(), server.Stop(stopping))
}

// profileOnSignal begins a profile when SIGUSR1 comes; the function ends it.
func profileOnSignal(dir string) (end func() error) {
	if dir == "" {
		return func() error { return nil }
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	began := make(chan error, 1)
	go func() {
		<-asked
		f, err := os.Create(filepath.Join(dir, "core.cpu"))
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		began <- err
	}()
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(dir, "core.heap"))
		if err != nil {
			return err
		}
		err = errors.Join(pprof.WriteHeapProfile(heap), heap.Close())
		select {
		case failed := <-began:
			return errors.Join(err, failed)
		default:
			return err
		}
	}
}

// tell writes a line for the process that started this one.
func tell(v any) error { return json.NewEncoder(os.Stdout).Encode(v) }

// child is this program doing something else in a process of its own.
type child struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	said *bufio.Scanner
}

// begin starts a child that does what word says; the order is read by it.
func begin(word string, order any) (*child, error) {
	text, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command("/proc/self/exe", word)}
	c.cmd.Stderr = os.Stderr
	// A group of its own: the interrupt of a terminal reaches the parent, which ends the
	// children in order.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.said = bufio.NewScanner(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	_, err = c.in.Write(append(text, '\n'))
	return c, err
}

// hear waits for the next line of a child.
func (c *child) hear(into any) error {
	if !c.said.Scan() {
		return fmt.Errorf("process %d ended before it had answered: %w", c.cmd.Process.Pid, errors.Join(c.said.Err(), io.ErrUnexpectedEOF))
	}
	return json.Unmarshal(c.said.Bytes(), into)
}

// end tells a child to end: its orders are closed. It returns when it has.
func (c *child) end() error {
	err := c.in.Close()
	for c.said.Scan() { // Wait closes the pipe that it may still be writing to
	}
	return errors.Join(err, c.cmd.Wait())
}

// obey reads the order of a child; the context ends when the parent closes it, or dies.
func obey[T any](ctx context.Context, do func(context.Context, T) error) error {
	var order T
	in := bufio.NewReader(os.Stdin)
	text, err := in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	if err := json.Unmarshal(text, &order); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = in.ReadByte() // nothing comes but the end
		cancel()
	}()
	return do(ctx, order)
}

//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// inside says that the program stands in a mount namespace of its own, which ends with it.
const inside = "VIGIE_CHAOS_INSIDE"

// errViolated ends a run that found a promise broken; what and where was said.
var errViolated = errors.New("a promise was broken")

func main() {
	var o options
	flag.Uint64Var(&o.seed, "seed", 0, "what the faults are drawn from; 0 = the clock")
	flag.IntVar(&o.rounds, "rounds", 200, "how many faults")
	flag.StringVar(&o.only, "only", "", "this fault alone")
	flag.IntVar(&o.jobs, "jobs", 2, "installations beside each other")
	flag.StringVar(&o.vigie, "vigie", "bin/vigie", "the program that is broken")
	flag.Parse()
	os.Exit(enter(o))
}

// enter runs the program in a mount namespace of its own, so that no mount outlives it.
// The processes in it end with it: those of PostgreSQL in order.
func enter(o options) int {
	if os.Getenv(inside) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return status(os.Stderr, run(ctx, o, os.Stdout, os.Stderr))
	}
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "chaos: needs root, for network namespaces and small file systems: nothing was run")
		return 1
	}
	self, err := os.Executable()
	if err != nil {
		return status(os.Stderr, err)
	}
	again := exec.Command(self, os.Args[1:]...)
	again.Env = append(os.Environ(), inside+"=1")
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	// Its own process group: Ctrl+C reaches it once, through us.
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS, Setpgid: true}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := again.Start(); err != nil {
		return status(os.Stderr, fmt.Errorf("make a mount namespace: %w", err))
	}
	go func() {
		for s := range signals {
			_ = again.Process.Signal(s) // it may have ended
		}
	}()
	var exit *exec.ExitError
	switch err := again.Wait(); {
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1)
	case err != nil:
		return status(os.Stderr, err)
	}
	return 0
}

func status(talk io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(talk, "chaos:", err)
	return 1
}

// options say what is to be broken.
type options struct {
	seed   uint64
	rounds int
	only   string
	jobs   int
	vigie  string
}

func (o *options) validate() error {
	if o.rounds < 1 || o.jobs < 1 {
		return fmt.Errorf("--rounds %d, --jobs %d: expected at least 1", o.rounds, o.jobs)
	}
	if o.only != "" && named(o.only) == nil {
		return fmt.Errorf("--only %q: expected one of %s", o.only, names())
	}
	path, err := exec.LookPath(o.vigie)
	if err == nil {
		o.vigie, err = filepath.Abs(path)
	}
	if err != nil {
		return fmt.Errorf("--vigie %s: %w", o.vigie, err)
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano())
	}
	return nil
}

// run does all rounds. The table goes to out, what happens meanwhile to talk.
func run(ctx context.Context, o options, out, talk io.Writer) error {
	if err := o.validate(); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to ourselves: %w", err)
	}
	dir, err := os.MkdirTemp("", "vigie-chaos-")
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o711); err != nil { // the account of PostgreSQL passes through
		return err
	}
	c := newCampaign(o, dir, talk)
	err = c.run(ctx)
	if tellErr := c.table.write(out); err == nil {
		err = tellErr
	}
	switch {
	case c.violated():
		return errors.Join(err, errViolated)
	case err != nil:
		return fmt.Errorf("%w (see %s)", err, dir)
	}
	return os.RemoveAll(dir)
}

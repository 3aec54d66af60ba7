//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vigie/internal/lab"
)

// fault is one way to break an installation: do does it, at a moment of its own choosing,
// and heals it.
type fault struct {
	name   string
	weight int // how often of all
	cores  int // of the installation that it needs
	within time.Duration
	// ends says that programs may end by themselves under it.
	ends bool
	do   func(context.Context, *installation, *rand.Rand) error
}

// longAway is the one fault that lasts for minutes, in an installation of its own.
const longAway = "postgres-away-10m"

var faults = []fault{
	{name: "kill-prober", weight: 30, do: killProber},
	{name: "kill-core", weight: 28, do: killCore},
	{name: "kill-postgres", weight: 28, do: killPostgres},
	{name: "kill-two", weight: 30, do: killTwo},
	{name: "postgres-stopped", weight: 9, do: postgresStopped},
	{name: "postgres-away", weight: 8, do: postgresAway},
	{name: "disk-full-prober", weight: 9, ends: true, do: diskFullProber},
	{name: "disk-full-core", weight: 9, ends: true, do: diskFullCore},
	{name: "stream-lost", weight: 9, do: streamLost},
	{name: "clock-hour", weight: 8, do: clockHour},
	{name: "net-cut", weight: 9, do: netCut},
	{name: "net-slow", weight: 6, do: netSlow},
	{name: "net-doubling", weight: 7, do: netDoubling},
	{name: "two-cores", weight: 9, cores: 2, ends: true, do: twoCores},
	{name: longAway, weight: 1, within: 6 * time.Minute, do: postgresAwayLong},
}

func named(name string) *fault {
	for n := range faults {
		if faults[n].name == name {
			return &faults[n]
		}
	}
	return nil
}

func names() string {
	var list []string
	for _, f := range faults {
		list = append(list, f.name)
	}
	return strings.Join(list, ", ")
}

// between waits for a random time, so that a fault meets any moment of a cycle.
func between(ctx context.Context, chance *rand.Rand, least, most time.Duration) {
	pause(ctx, least+time.Duration(chance.Int64N(int64(most-least))))
}

func (i *installation) anyProber(chance *rand.Rand) string {
	return elsewhere[chance.IntN(len(elsewhere))]
}

func killProber(ctx context.Context, i *installation, chance *rand.Rand) error {
	name := i.anyProber(chance)
	if chance.IntN(3) == 0 { // it dies with batches that the core has not
		i.relays[name].refuse(true)
		defer i.relays[name].refuse(false)
		between(ctx, chance, time.Second, 3*time.Second)
	}
	for range 1 + chance.IntN(3) {
		between(ctx, chance, 0, 2*time.Second)
		i.probers[name].kill()
	}
	return nil
}

func killCore(ctx context.Context, i *installation, chance *rand.Rand) error {
	for range 1 + chance.IntN(2) {
		between(ctx, chance, 0, 3*time.Second)
		i.cores[0].kill()
	}
	return nil
}

func killPostgres(ctx context.Context, i *installation, chance *rand.Rand) error {
	for range 1 + chance.IntN(3) {
		between(ctx, chance, 0, 2*time.Second)
		if err := i.killPostmaster(); err != nil {
			return err
		}
	}
	return nil
}

// killTwo kills any two together, or nearly so.
func killTwo(ctx context.Context, i *installation, chance *rand.Rand) error {
	victims := []func() error{
		func() error { i.probers["lyon"].kill(); return nil },
		func() error { i.probers["lille"].kill(); return nil },
		func() error { i.cores[0].kill(); return nil },
		i.killPostmaster,
	}
	between(ctx, chance, 0, 2*time.Second)
	for _, n := range chance.Perm(len(victims))[:2] {
		if err := victims[n](); err != nil {
			return err
		}
		between(ctx, chance, 0, 50*time.Millisecond)
	}
	return nil
}

// postmaster is the process of the database's server, 0 when none is said to run.
func (i *installation) postmaster() (int, error) {
	content, err := os.ReadFile(filepath.Join(i.postgresDir(), "data", "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0, nil //nolint:nilerr // it is being written
	}
	// A number of a process long gone may be another's by now.
	if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err != nil || cwd != filepath.Join(i.postgresDir(), "data") {
		return 0, nil //nolint:nilerr // gone
	}
	return pid, nil
}

func (i *installation) killPostmaster() error {
	pid, err := i.postmaster()
	if err != nil || pid == 0 {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// postgresStopped has every process of the database stand still, as on a host that hangs.
func postgresStopped(ctx context.Context, i *installation, chance *rand.Rand) error {
	between(ctx, chance, 0, time.Second)
	stopped, err := i.servers()
	if err != nil {
		return err
	}
	for _, pid := range stopped {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // it may have ended
	}
	between(ctx, chance, 4*time.Second, 9*time.Second)
	for _, pid := range stopped {
		_ = syscall.Kill(pid, syscall.SIGCONT) // likewise
	}
	return nil
}

// servers are the processes of the database.
func (i *installation) servers() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil && cwd == filepath.Join(i.postgresDir(), "data") {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids) // the server before those that it starts
	return pids, nil
}

func postgresAway(ctx context.Context, i *installation, chance *rand.Rand) error {
	between(ctx, chance, 0, time.Second)
	return i.awayFor(ctx, 4*time.Second+time.Duration(chance.Int64N(int64(6*time.Second))))
}

func postgresAwayLong(ctx context.Context, i *installation, _ *rand.Rand) error {
	i.late = true
	return i.awayFor(ctx, 10*time.Minute)
}

// awayFor kills the database and keeps it from starting.
func (i *installation) awayFor(ctx context.Context, d time.Duration) error {
	data := filepath.Join(i.postgresDir(), "data")
	if err := os.Rename(data, data+"-away"); err != nil {
		return err
	}
	back := func() error { return os.Rename(data+"-away", data) }
	content, err := os.ReadFile(filepath.Join(data+"-away", "postmaster.pid"))
	if err == nil {
		if pid, err := strconv.Atoi(strings.SplitN(string(content), "\n", 2)[0]); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
	}
	pause(ctx, d)
	return back()
}

// fill takes the room that is left in a file system, and gives it back.
func fill(ctx context.Context, dir string, during time.Duration) (err error) {
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(name)) }()
	block := make([]byte, 64<<10)
	for end := time.Now().Add(during); time.Now().Before(end) && ctx.Err() == nil; {
		for size := len(block); size > 0; {
			if _, err = f.Write(block[:size]); err != nil {
				size /= 2
			}
		}
		pause(ctx, 50*time.Millisecond) // what was freed meanwhile is taken again
	}
	if err != nil && !errors.Is(err, unix.ENOSPC) {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func diskFullProber(ctx context.Context, i *installation, chance *rand.Rand) error {
	name := i.anyProber(chance)
	if chance.IntN(2) == 0 { // it is killed meanwhile
		kill := time.AfterFunc(2*time.Second+time.Duration(chance.Int64N(int64(2*time.Second))), i.probers[name].kill)
		defer kill.Stop()
	}
	return fill(ctx, i.proberDir(name), 5*time.Second+time.Duration(chance.Int64N(int64(3*time.Second))))
}

func diskFullCore(ctx context.Context, i *installation, chance *rand.Rand) error {
	if chance.IntN(2) == 0 {
		kill := time.AfterFunc(2*time.Second+time.Duration(chance.Int64N(int64(2*time.Second))), i.cores[0].kill)
		defer kill.Stop()
	}
	return fill(ctx, i.coreDir(0), 5*time.Second+time.Duration(chance.Int64N(int64(3*time.Second))))
}

// streamLost removes the stream of a prober: under its feet, or while it does not run.
func streamLost(ctx context.Context, i *installation, chance *rand.Rand) error {
	name := i.anyProber(chance)
	between(ctx, chance, 0, time.Second)
	if chance.IntN(2) == 0 {
		i.relays[name].refuse(true) // what it took since is lost with it
		defer i.relays[name].refuse(false)
		between(ctx, chance, time.Second, 3*time.Second)
	}
	stream := filepath.Join(i.proberDir(name), "stream")
	if chance.IntN(2) == 0 {
		i.probers[name].down(unix.SIGKILL)
		err := os.RemoveAll(stream)
		i.probers[name].up()
		return err
	}
	if err := os.RemoveAll(stream); err != nil {
		return err
	}
	between(ctx, chance, 2*time.Second, 4*time.Second)
	return nil
}

// clockHour has a prober live by a clock that is an hour wrong.
func clockHour(ctx context.Context, i *installation, chance *rand.Rand) error {
	u := i.probers[i.anyProber(chance)]
	shift := time.Hour
	if chance.IntN(2) == 0 {
		shift = -shift
	}
	u.down(unix.SIGTERM)
	u.upAt(shift)
	between(ctx, chance, 5*time.Second, 9*time.Second)
	u.down(unix.SIGKILL)
	u.up()
	return nil
}

// netCut has the way of a prober carry nothing, without a word to either end.
func netCut(ctx context.Context, i *installation, chance *rand.Rand) error {
	return i.impair(ctx, chance, lab.Impairment{Cut: true}, 4*time.Second, 12*time.Second)
}

func netSlow(ctx context.Context, i *installation, chance *rand.Rand) error {
	return i.impair(ctx, chance, lab.Impairment{
		Delay: time.Second, Jitter: 400 * time.Millisecond, LossPerMillion: 50_000, DownBits: 64_000, UpBits: 64_000,
	}, 8*time.Second, 14*time.Second)
}

// netDoubling has packets arrive twice, and batches be handed over twice: the core takes
// them, and its answer is lost.
func netDoubling(ctx context.Context, i *installation, chance *rand.Rand) error {
	name := i.anyProber(chance)
	if err := i.network.Set(ways[name], lab.Impairment{Delay: 4 * time.Millisecond, Jitter: 4 * time.Millisecond, DoublesPerMillion: 500_000}); err != nil {
		return err
	}
	for range 3 {
		i.relays[name].forget(time.Second + time.Duration(chance.Int64N(int64(time.Second))))
		between(ctx, chance, time.Second, 3*time.Second)
	}
	return i.network.Set(ways[name], lab.Impairment{})
}

func (i *installation) impair(ctx context.Context, chance *rand.Rand, how lab.Impairment, least, most time.Duration) error {
	way := ways[i.anyProber(chance)]
	if err := i.network.Set(way, how); err != nil {
		return err
	}
	between(ctx, chance, least, most)
	return i.network.Set(way, lab.Impairment{})
}

// unfit says why a fault cannot be done on this machine, "" when it can.
func (f *fault) unfit() string {
	if f.name == "clock-hour" && !clockShifts {
		return "this processor's vDSO is not known here"
	}
	return ""
}

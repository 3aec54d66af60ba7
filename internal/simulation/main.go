package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	seed := flag.Uint64("seed", 1, "seed of the first round; the next ones follow")
	rounds := flag.Int("rounds", 3000, "how many rounds are played")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 {
		fmt.Fprintln(os.Stderr, "simulation: expected no argument, and at least one round")
		os.Exit(2)
	}
	if !run(ctx, os.Stdout, os.Stderr, *seed, *rounds) {
		stop()
		os.Exit(1)
	}
}

// progressEvery spaces the lines of progress.
const progressEvery = 5 * time.Second

// run plays rounds on every processor, prints a table of them, and reports whether none
// failed.
func run(ctx context.Context, table, progress io.Writer, seed uint64, rounds int) bool {
	began := time.Now()
	next, done := make(chan uint64), make(chan outcome)
	var players sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		players.Go(func() {
			for seed := range next {
				o, err := play(seed, nil, model)
				if err != nil {
					o = outcome{seed: seed, broken: []string{err.Error()}}
				}
				done <- o
			}
		})
	}
	go func() {
		defer close(next)
		for i := range uint64(rounds) {
			select {
			case next <- seed + i:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		players.Wait()
		close(done)
	}()
	var s summary
	told := began
	for o := range done {
		s.add(o)
		if now := time.Now(); now.Sub(told) >= progressEvery {
			told = now
			fmt.Fprintf(progress, "simulation: %d of %d rounds in %s, %d failed\n", s.rounds, rounds, now.Sub(began).Round(time.Second), len(s.failed))
		}
	}
	s.write(table, time.Since(began))
	if len(s.failed) > 0 {
		slices.SortFunc(s.failed, func(a, b outcome) int { return int(a.seed) - int(b.seed) })
		for _, o := range s.failed {
			fmt.Fprintln(table, o.tell())
		}
		least := shrink(s.failed[0], func(faults []injected) (outcome, bool) { return replayed(s.failed[0].seed, faults) })
		fmt.Fprintf(table, "\nthe first of them with the fewest faults (%d of %d):\n%s\n", len(least.struck), len(s.failed[0].struck), strings.Join(least.trace, "\n"))
	}
	return len(s.failed) == 0 && s.rounds == rounds
}

// summary adds up rounds.
type summary struct {
	rounds  int
	faults  map[mishap]int
	counts  counts
	failed  []outcome
	virtual time.Duration
}

func (s *summary) add(o outcome) {
	if s.faults == nil {
		s.faults = map[mishap]int{}
	}
	s.rounds++
	for _, i := range o.struck {
		s.faults[i.what]++
	}
	s.counts.add(o.counts)
	s.virtual += o.lasted
	if len(o.broken) > 0 {
		s.failed = append(s.failed, o)
	}
}

func (s *summary) write(out io.Writer, took time.Duration) {
	line := func(name string, n int) { fmt.Fprintf(out, "%-44s %10d\n", name, n) }
	line("rounds", s.rounds)
	line("hours simulated", int(s.virtual.Hours()))
	line("seconds taken", int(took.Seconds()))
	c := s.counts
	line("batches taken by a stream", c.Taken)
	line("batches applied", c.Applied)
	line("batches lost with a stream", c.Lost)
	line("batches that came again", c.Redelivered)
	line("cycles of a prober planned", c.Planned)
	line("of them stored", c.Stored)
	line("of them in a gap", c.Missing)
	line("gaps recorded", c.Gaps)
	line("cycles decided", c.Cycles)
	line("transitions", c.Transitions)
	line("tickets", c.Tickets)
	line("letters that left", c.Letters)
	line("copies of them, under the same Message-ID", c.Copies)
	total := 0
	for _, n := range s.faults {
		total += n
	}
	line("faults", total)
	for _, f := range slices.Sorted(maps.Keys(s.faults)) {
		line("  "+string(f), s.faults[f])
	}
	line("rounds with a violation", len(s.failed))
}

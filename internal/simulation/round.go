package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"vigie/internal/inventory"
)

// outcome is what a round showed.
type outcome struct {
	seed   uint64
	broken []string // violations
	struck []injected
	counts counts
	trace  []string
	lasted time.Duration // in the time of the round
}

// play runs the round of a seed; with a script no other faults than its own.
func play(seed uint64, script map[int]mishap, open opener) (outcome, error) {
	w, err := newWorld(seed, script, open)
	if err != nil {
		return outcome{}, err
	}
	w.play()
	w.check()
	return outcome{seed, w.broken, w.faults.struck, w.counts, w.trace, w.now.Sub(w.start)}, nil
}

// play lets everything happen, until nothing is on its way any more.
func (w *world) play() {
	for _, c := range w.cores {
		c.later(w.soon(), c.begin)
	}
	for _, p := range w.probers {
		if p.home == nil {
			p.later(w.soon(), p.begin)
		}
	}
	w.after(time.Second, w.second)
	w.until(w.start.Add(time.Duration(len(w.ground)-healthy) * cycleLength))
	w.heal()
	w.until(w.now.Add(healthy * cycleLength))
	for _, p := range w.probers {
		p.ended = true
	}
	w.until(w.now.Add(2 * time.Minute))
}

// healthy is how many cycles of a round are without faults, at its end.
const healthy = 30

func newWorld(seed uint64, script map[int]mishap, open opener) (*world, error) {
	r := rand.New(rand.NewPCG(seed, 0))
	rates := []float64{0.0005, 0.002, 0.005, 0.015}
	w := &world{
		rand:   rand.New(rand.NewPCG(seed, 1)),
		faults: &faults{seed: seed, rate: rates[r.IntN(len(rates))], script: script},
		start:  time.Date(2026, 3, 1, 23, 56, 20, 0, time.UTC),
		policy: policy(),
		mail:   mailbox{refused: map[string]bool{}},
		log:    slog.New(slog.DiscardHandler),
	}
	w.now = w.start
	var err error
	if w.db, w.index, err = open(); err != nil {
		return nil, err
	}
	w.outside = r.IntN(3) == 0
	names := []string{"a", "b", "c"}[:1+r.IntN(3)]
	room := []int{6, 20, 1000}[r.IntN(3)]
	atCore := []int{12, 1000}[r.IntN(2)]
	w.cores = []*core{{world: w, name: "core 1", consuming: map[*vantage]int{}}}
	if w.outside {
		w.cores = append(w.cores, &core{world: w, name: "core 2", consuming: map[*vantage]int{}})
	}
	for i, name := range names {
		var home *core
		if i == 0 && !w.outside {
			home = w.cores[0]
		}
		p := w.newVantage(name, home, 1+r.IntN(2), room, atCore)
		if home != nil {
			home.local = p
		}
		w.probers = append(w.probers, p)
	}
	w.ground = draw(r, 60+r.IntN(60)+healthy, names)
	w.note("seed %d: probers %v, the first %s, %d messages in a spool", seed, names, map[bool]string{true: "elsewhere", false: "the core's own"}[w.outside], room)
	return w, nil
}

// heal ends all faults.
func (w *world) heal() {
	w.note("everything heals")
	w.faults.healing = true
	w.away = w.now
	for _, p := range w.probers {
		p.cut, p.full = w.now, w.now
		p.rightClock()
	}
}

// opener opens the database of a round, with the inventory that it holds.
type opener func() (database, *inventory.Index, error)

// model opens one in memory.
func model() (database, *inventory.Index, error) {
	x := inventory.NewIndex(snapshot())
	return newMemory(x, modes()), x, nil
}

// tell is a violation on one line, with how to see it again.
func (o outcome) tell() string {
	return fmt.Sprintf("seed %d: %s; again: go run ./internal/simulation --seed %d --rounds 1", o.seed, o.broken[0], o.seed)
}

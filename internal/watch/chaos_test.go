package watch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/incident"
	"vigie/internal/store"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
)

// quickPolicy is a policy with cycles of 5 s and delays that a test of ten
// minutes lives through.
func quickPolicy() watch.Policy {
	p := incident.DefaultPolicy()
	p.Link.Cycle, p.Link.UnknownAfter = 5*time.Second, 15*time.Second
	p.OpenDelay, p.OpenDelayMass, p.OpenDelayDegraded = 30*time.Second, 20*time.Second, 60*time.Second
	p.MassWindow, p.MassJoin, p.SiteWindow, p.OperatorWindow = 20*time.Second, 100*time.Second, 10*time.Second, 50*time.Second
	p.ResolveAfter, p.ReopenWithin = 60*time.Second, 200*time.Second
	p.FlapWindow, p.FlapExit, p.MaintenanceGrace = 600*time.Second, 100*time.Second, 50*time.Second
	return watch.Policy{Incident: p, Ticket: ticket.DefaultPolicy(), PollEvery: 10 * time.Second}
}

var someLinks = []access{
	{name: "L1", operator: "X", pop: "P1", sites: []string{"S1"}},
	{name: "L2", operator: "X", pop: "P1", sites: []string{"S2"}},
	{name: "L3", operator: "X", pop: "P1", sites: []string{"S3", "S4"}},
	{name: "L4", operator: "X", pop: "P2", sites: []string{"S5"}},
	{name: "L5", operator: "Y", pop: "P3", sites: []string{"S5"}},
	{name: "L6", operator: "Y", pop: "P3", sites: []string{"S6"}},
}

var errDied = errors.New("the process died")

// dying is the real store, with a process around it that dies now and then:
// before a transaction, at its very end, or after its commit and before anyone
// knows.
type dying struct {
	watch.Store
	when func() string
}

func (d dying) InTx(ctx context.Context, do func(context.Context, watch.Tx) error) error {
	switch d.when() {
	case "before":
		return errDied
	case "at the end":
		return d.Store.InTx(ctx, func(ctx context.Context, tx watch.Tx) error {
			if err := do(ctx, tx); err != nil {
				return err
			}
			return errDied
		})
	case "after":
		if err := d.Store.InTx(ctx, do); err != nil {
			return err
		}
		return errDied
	}
	return d.Store.InTx(ctx, do)
}

// event is one thing that reaches the live chain: a batch, or the time to decide.
type event struct {
	batch   *probe.Batch
	cycle   time.Time
	backlog bool
	now     time.Time
}

// history draws what two probers see for some minutes around midnight: links that
// fail alone, by POP and by site, quality breaches, isolation, batches that come
// late or were given up, and cycles decided behind time.
func history(w *world, r *rand.Rand) []event {
	var events, late []event
	down := map[string]int{} // cycles left, by what fails
	start := time.Date(2026, 3, 1, 23, 56, 20, 0, time.UTC)
	routers := newRouters(w, start)
	for i := range 110 {
		cycle := start.Add(time.Duration(i) * w.cycle())
		now := cycle.Add(w.cycle() + time.Second)
		for _, what := range []string{"link 0", "link 1", "link 3", "link 4", "pop P1", "pop P3", "site S5", "slow", "cut a", "cut b", "off a", "off b"} {
			if down[what]--; down[what] < 0 && r.IntN(60) == 0 {
				down[what] = 1 + r.IntN(30)
			}
		}
		see := func(link int) result {
			l := someLinks[link]
			switch {
			case down[fmt.Sprint("link ", link)] > 0 || down["pop "+l.pop] > 0 || down["site "+l.sites[0]] > 0:
				return "fail"
			case down["slow"] > 0 && link == 5:
				return "slow"
			case r.IntN(30) == 0:
				return "none"
			}
			return "ok"
		}
		for _, prober := range []string{"a", "b"} {
			if down["off "+prober] > 0 {
				continue
			}
			b := w.batch(prober, cycle, down["cut "+prober] > 0, see)
			for o := range b.Observations {
				if rtt := &b.Observations[o].RTTMicros[0]; *rtt != probe.Lost {
					*rtt += r.Int32N(5000)
				}
			}
			if i%2 == 0 {
				b.Polls = routers.poll(cycle.Add(2*time.Second), func(link int) bool { return see(link) != "ok" }, func(link int) bool {
					return down["site S5"] > 0 && link >= 3 // without power
				})
			}
			e := event{batch: &b, cycle: cycle, now: now}
			switch {
			case r.IntN(25) == 0: // given up: its number is missing
			case len(late) > 0 || r.IntN(25) == 0:
				late = append(late, e) // and everything behind it
			default:
				events = append(events, e)
			}
		}
		events = append(events, event{cycle: cycle, backlog: r.IntN(15) == 0, now: now})
		if len(late) > 0 && r.IntN(4) == 0 {
			events, late = append(events, late...), nil
		}
	}
	return append(events, late...)
}

// live sends a history through the live chain. When a step fails the process is
// gone: the next one begins with what was not acknowledged, and now and then with
// what was.
func live(t *testing.T, w *world, events []event, when func() string, again func(n int) (int, bool)) (applied []probe.Batch) {
	t.Helper()
	die := func() {
		s, err := store.NewWatch(w.db)
		if err != nil {
			t.Fatal(err)
		}
		w.service = watch.New(dying{s, when}, w.policy)
	}
	die()
	try := func(do func() error) {
		for attempt := 0; ; attempt++ {
			err := do()
			if err == nil {
				return
			}
			if !errors.Is(err, errDied) || attempt == 100 {
				t.Fatal(err)
			}
			die()
		}
	}
	summarise := func(now time.Time) {
		for more := true; more; {
			try(func() (err error) {
				more, err = w.service.Summarise(t.Context(), now)
				return err
			})
		}
	}
	step := func(e event) {
		if e.batch != nil {
			try(func() error { return w.service.Apply(t.Context(), *e.batch, e.now) })
			return
		}
		try(func() error {
			_, err := w.service.Decide(t.Context(), e.cycle, e.backlog, e.now)
			return err
		})
		summarise(e.now)
	}
	for i, e := range events {
		step(e)
		if e.batch != nil {
			applied = append(applied, *e.batch)
		}
		for n, ok := again(i + 1); ok; n, ok = again(i + 1) {
			step(events[n])
		}
	}
	summarise(events[len(events)-1].now.Add(time.Hour))
	return applied
}

// said is everything the database says of a history, but for numbers that a
// transaction rolled back may use up.
func (w *world) said(t testing.TB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range []string{
		"prober", "batch", "gap", "minute", "engine", "link_state", "transition", "incident", "incident_link", "outage", "ticket", "ticket_link",
		"router_poll", "utilisation",
		"ticket_memory", "ticket_period", "message", "journal_entry",
	} {
		all[table] = w.ask(t, `SELECT line FROM (SELECT (to_jsonb(x) - '{id,last_seen}'::text[])::text AS line FROM `+table+` x) AS l ORDER BY line`)
	}
	all["jobs"] = w.ask(t, `SELECT kind, args::text FROM river_job ORDER BY 1, 2`)
	return all
}

func TestAnyDeathLeavesWhatAnUndisturbedRunLeaves(t *testing.T) {
	t.Parallel()
	never := func() string { return "" }
	once := func(int) (int, bool) { return 0, false }
	kinds := make(chan string, 1000)
	t.Run("histories", func(t *testing.T) {
		for seed := range uint64(12) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				calm, wild := newWorld(t, quickPolicy(), someLinks), newWorld(t, quickPolicy(), someLinks)
				for _, w := range []*world{calm, wild} { // their numbers depend on what was rolled back
					w.ask(t, `INSERT INTO prober (name) VALUES ('a'), ('b')`)
				}
				events := history(calm, rand.New(rand.NewPCG(seed, 1)))
				applied := live(t, calm, events, never, once)
				calm.checkWhole(t)
				calm.compareMinutes(t, closed(applied, events))

				chance := rand.New(rand.NewPCG(seed, 2))
				deaths := 0
				live(t, wild, events, func() string {
					if chance.IntN(8) > 0 {
						return ""
					}
					deaths++
					return []string{"before", "at the end", "after"}[chance.IntN(3)]
				}, func(n int) (int, bool) { return chance.IntN(n), chance.IntN(5) == 0 })
				if diff := cmp.Diff(calm.said(t), wild.said(t)); diff != "" || deaths == 0 {
					t.Errorf("after %d deaths (-undisturbed +disturbed):\n%s", deaths, diff)
				}
				for _, kind := range calm.ask(t, `SELECT kind FROM ticket`) {
					kinds <- kind
				}
			})
		}
	})
	close(kinds)
	seen := map[string]int{}
	for kind := range kinds {
		seen[kind]++
	}
	t.Logf("tickets: %v", seen)
	for _, kind := range []string{"link", "mass", "site", "degraded", "flapping"} {
		if seen[kind] == 0 {
			t.Errorf("the histories made no ticket of kind %s: %v", kind, seen)
		}
	}
}

// closed leaves out the batches of the minute that is not over.
func closed(batches []probe.Batch, events []event) []probe.Batch {
	var last time.Time
	for _, e := range events {
		if e.batch == nil {
			last = e.cycle
		}
	}
	var kept []probe.Batch
	for _, b := range batches {
		if b.Cycle.Before(last.Add(b.CycleLength).Truncate(time.Minute)) {
			kept = append(kept, b)
		}
	}
	return kept
}

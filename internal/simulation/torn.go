package main

import (
	"context"
	"errors"
	"time"

	"vigie/internal/desk"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/measure"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
)

// database is the one that the cores work on: the model, or the real one.
type database interface {
	watch(f func(context.Context, watch.Tx) error) error
	desk(f func(context.Context, desk.Tx) error) error
	// lastSeq is the number of the last batch of a prober that was applied.
	lastSeq(prober string) uint64
	// ordered are all jobs that transactions ordered, in their order.
	ordered() []job
}

func (m *memory) watch(f func(context.Context, watch.Tx) error) error {
	return m.transact(func() error { return f(context.Background(), watchTx{talk: talk{m}}) })
}

func (m *memory) desk(f func(context.Context, desk.Tx) error) error {
	return m.transact(func() error { return f(context.Background(), deskTx{talk{m}}) })
}

func (m *memory) ordered() []job { return m.jobs }

// committed is what one transaction changed: enough to do the same again undisturbed.
type committed struct {
	now     time.Time
	batch   *probe.Batch     // that it applied
	cycle   time.Time        // that it decided
	written bool             // it wrote a minute
	letter  *ticket.Decision // of the desk
	entries []journal.Entry  // with it
}

var (
	errBroken = errors.New("the connection to the database broke")
	errTorn   = errors.New("serialization failure")
)

// torn runs a transaction of a core, which may be torn at each of its steps. What it
// committed is noted.
func torn[Tx any](c *core, open func(func(context.Context, Tx) error) error, f func(context.Context, Tx) error, wrap func(Tx, *steps) Tx) error {
	var done steps
	last := none
	once := func() error {
		done = steps{core: c}
		return open(func(ctx context.Context, tx Tx) error {
			if err := f(ctx, wrap(tx, &done)); err != nil {
				return err
			}
			switch last = c.hazard(dbKillAtEnd, dbKillAfter, dbUnknown, dbAway, dbAgain); {
			case done.broken:
				return errBroken
			case last == dbKillAtEnd:
				c.kill()
			case last == dbAway:
				return errAway
			case last == dbAgain:
				return errTorn
			}
			return nil
		})
	}
	if c.now.Before(c.away) {
		return errAway
	}
	if c.hazard(killCore) == killCore {
		c.kill()
	}
	err := once()
	for errors.Is(err, errTorn) {
		err = once()
	}
	if err != nil {
		return err
	}
	if done.batch != nil || !done.cycle.IsZero() || done.written || done.letter != nil {
		done.now = c.now
		c.history = append(c.history, done.committed)
	}
	switch last {
	case dbKillAfter:
		c.kill()
	case dbUnknown:
		return errAway
	}
	return nil
}

// steps goes through the statements of one transaction.
type steps struct {
	*core
	committed
	broken bool // nothing of it will be committed
}

// step is one statement: it may break the connection, which ends the transaction whatever
// comes of it, or be the last thing that the process does.
func (s *steps) step() error {
	if s.broken {
		return errBroken
	}
	switch s.strike(0.3, killCore, dbBroken) {
	case killCore:
		s.kill()
	case dbBroken:
		s.broken = true
		return errBroken
	}
	return nil
}

// watchStore is watch.Store of a core.
type watchStore struct{ *core }

func (s watchStore) InTx(_ context.Context, f func(context.Context, watch.Tx) error) error {
	return torn(s.core, s.db.watch, f, func(tx watch.Tx, t *steps) watch.Tx { return tornWatch{tx, t} })
}

// deskStore is desk.Store of a core.
type deskStore struct{ *core }

func (s deskStore) InTx(_ context.Context, f func(context.Context, desk.Tx) error) error {
	return torn(s.core, s.db.desk, f, func(tx desk.Tx, t *steps) desk.Tx { return tornDesk{tx, t} })
}

// tornWatch is a transaction of the live chain that may break at each statement.
type tornWatch struct {
	watch.Tx
	*steps
}

func (t tornWatch) Decided(ctx context.Context) (time.Time, error) {
	if err := t.step(); err != nil {
		return time.Time{}, err
	}
	return t.Tx.Decided(ctx)
}

func (t tornWatch) SaveBatch(ctx context.Context, b probe.Batch, late bool, now time.Time) (watch.Mark, bool, error) {
	if err := t.step(); err != nil {
		return watch.Mark{}, false, err
	}
	former, fresh, err := t.Tx.SaveBatch(ctx, b, late, now)
	if fresh {
		t.batch = &b
	} else {
		t.counts.Redelivered++
	}
	return former, fresh, err
}

func (t tornWatch) Timely(ctx context.Context, cycle time.Time) ([]probe.Batch, error) {
	if err := t.step(); err != nil {
		return nil, err
	}
	return t.Tx.Timely(ctx, cycle)
}

func (t tornWatch) Batches(ctx context.Context, prober string, from, to time.Time) ([]probe.Batch, error) {
	if err := t.step(); err != nil {
		return nil, err
	}
	return t.Tx.Batches(ctx, prober, from, to)
}

func (t tornWatch) Around(ctx context.Context, at time.Time) (before, after time.Time, err error) {
	if err := t.step(); err != nil {
		return time.Time{}, time.Time{}, err
	}
	return t.Tx.Around(ctx, at)
}

func (t tornWatch) SaveQuality(ctx context.Context, b probe.Batch, now time.Time) error {
	if err := t.step(); err != nil {
		return err
	}
	return t.Tx.SaveQuality(ctx, b, now)
}

func (t tornWatch) State(ctx context.Context) (incident.State, error) {
	if err := t.step(); err != nil {
		return incident.State{}, err
	}
	return t.Tx.State(ctx)
}

func (t tornWatch) SaveState(ctx context.Context, prev incident.State, d incident.Decision) error {
	if err := t.step(); err != nil {
		return err
	}
	t.cycle = d.State.Engine.Cycle
	return t.Tx.SaveState(ctx, prev, d)
}

func (t tornWatch) DueMinutes(ctx context.Context, prober string, from, to, since time.Time) error {
	if err := t.step(); err != nil {
		return err
	}
	return t.Tx.DueMinutes(ctx, prober, from, to, since)
}

func (t tornWatch) TakeDue(ctx context.Context, now time.Time) (prober string, minute time.Time, found bool, err error) {
	if err := t.step(); err != nil {
		return "", time.Time{}, false, err
	}
	prober, minute, found, err = t.Tx.TakeDue(ctx, now)
	t.written = t.written || found
	return prober, minute, found, err
}

func (t tornWatch) SaveCanaries(ctx context.Context, prober string, cycle time.Time, rounds []probe.Observation) error {
	if err := t.step(); err != nil {
		return err
	}
	return t.Tx.SaveCanaries(ctx, prober, cycle, rounds)
}

func (t tornWatch) SaveReports(ctx context.Context, prober string, reports []probe.Report) error {
	if err := t.step(); err != nil {
		return err
	}
	return t.Tx.SaveReports(ctx, prober, reports)
}

func (t tornWatch) SaveMinutes(ctx context.Context, prober string, minutes []measure.Minute) error {
	if err := t.step(); err != nil {
		return err
	}
	return t.Tx.SaveMinutes(ctx, prober, minutes)
}

func (t tornWatch) AddGap(ctx context.Context, g watch.Gap) error {
	if err := t.step(); err != nil {
		return err
	}
	return t.Tx.AddGap(ctx, g)
}

func (t tornWatch) FillGap(ctx context.Context, g watch.Gap) error {
	if err := t.step(); err != nil {
		return err
	}
	return t.Tx.FillGap(ctx, g)
}

func (t tornWatch) Inventory(ctx context.Context) (*inventory.Index, error) {
	if err := t.step(); err != nil {
		return nil, err
	}
	return t.Tx.Inventory(ctx)
}

func (t tornWatch) Modes(ctx context.Context) (ticket.Modes, error) {
	if err := t.step(); err != nil {
		return ticket.Modes{}, err
	}
	return t.Tx.Modes(ctx)
}

func (t tornWatch) Ticket(ctx context.Context, id int64) (ticket.Ticket, error) {
	if err := t.step(); err != nil {
		return ticket.Ticket{}, err
	}
	return t.Tx.Ticket(ctx, id)
}

func (t tornWatch) SaveDecision(ctx context.Context, d ticket.Decision) error {
	if err := t.step(); err != nil {
		return err
	}
	return t.Tx.SaveDecision(ctx, d)
}

func (t tornWatch) Journal(ctx context.Context, entries ...journal.Entry) error {
	if err := t.step(); err != nil {
		return err
	}
	return t.Tx.Journal(ctx, entries...)
}

// tornDesk is a transaction of the desk that may break at each statement.
type tornDesk struct {
	desk.Tx
	*steps
}

func (t tornDesk) Ticket(ctx context.Context, id int64) (ticket.Ticket, error) {
	if err := t.step(); err != nil {
		return ticket.Ticket{}, err
	}
	return t.Tx.Ticket(ctx, id)
}

func (t tornDesk) Modes(ctx context.Context) (ticket.Modes, error) {
	if err := t.step(); err != nil {
		return ticket.Modes{}, err
	}
	return t.Tx.Modes(ctx)
}

func (t tornDesk) Inventory(ctx context.Context) (*inventory.Index, error) {
	if err := t.step(); err != nil {
		return nil, err
	}
	return t.Tx.Inventory(ctx)
}

func (t tornDesk) SaveDecision(ctx context.Context, d ticket.Decision) error {
	if err := t.step(); err != nil {
		return err
	}
	t.letter = &d
	return t.Tx.SaveDecision(ctx, d)
}

func (t tornDesk) Journal(ctx context.Context, entries ...journal.Entry) error {
	if err := t.step(); err != nil {
		return err
	}
	t.entries = append(t.entries, entries...)
	return t.Tx.Journal(ctx, entries...)
}

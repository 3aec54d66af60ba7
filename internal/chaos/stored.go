//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/probe"
)

// stored is what stands in the database of an installation, at one moment.
type stored struct {
	decided     time.Time                      // the last cycle
	last        map[string]uint64              // number of the last batch applied, by prober
	batches     map[string]map[uint64]applied  // by prober and number
	gaps        map[string][]gap               // by prober, in order
	minutes     map[string]map[minuteOf]counts // by prober
	transitions map[string][]transition        // by link, in order
	links       map[int64]string               // references
	letters     map[string]letter              // by Message-ID
	due         int                            // minutes to be written still
	doubled     []string                       // links under two open tickets
}

// applied is a batch in the database.
type applied struct {
	probe.Batch
	late     bool
	received time.Time
}

// shifted says that the batch was measured by a clock that is wrong by an hour.
func (a applied) shifted() bool {
	return a.received.Sub(a.Cycle).Abs() > 45*time.Minute
}

type gap struct {
	from, to time.Time
	reason   string
}

func (g gap) holds(at time.Time) bool { return !at.Before(g.from) && at.Before(g.to) }

type minuteOf struct {
	link int64
	at   time.Time
}

type counts struct{ planned, sent, received int }

type transition struct {
	at, since     time.Time
	before, after string
}

type letter struct {
	ticket int64
	kind   string
	state  string
}

// totals are what the table counts.
type totals struct {
	taken, applied, transitions int
	gaps                        time.Duration
}

// connect reaches the database, which may be away.
func (i *installation) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return pgx.Connect(ctx, i.dsn)
}

// load reads everything in one snapshot.
func (i *installation) load(ctx context.Context) (_ *stored, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := i.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback(context.WithoutCancel(ctx))) }()
	s := &stored{
		last: map[string]uint64{}, batches: map[string]map[uint64]applied{}, gaps: map[string][]gap{}, minutes: map[string]map[minuteOf]counts{},
		transitions: map[string][]transition{}, links: map[int64]string{}, letters: map[string]letter{},
	}
	for _, read := range []func(context.Context, pgx.Tx) error{
		s.readEngine, s.readBatches, s.readGaps, s.readMinutes, s.readTransitions, s.readLetters,
	} {
		if err := read(ctx, tx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *stored) readEngine(ctx context.Context, tx pgx.Tx) error {
	var decided *time.Time
	if err := tx.QueryRow(ctx, `SELECT decided FROM engine`).Scan(&decided); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("read the engine: %w", err)
	}
	if decided != nil {
		s.decided = decided.UTC()
	}
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM minute_due`).Scan(&s.due); err != nil {
		return fmt.Errorf("count the minutes due: %w", err)
	}
	var name, ref string
	var seq, id int64
	if err := each(ctx, tx, `SELECT name, last_seq FROM prober`, func() { s.last[name] = uint64(seq) }, &name, &seq); err != nil {
		return err
	}
	return each(ctx, tx, `SELECT id, ref FROM link`, func() { s.links[id] = ref }, &id, &ref)
}

func (s *stored) readBatches(ctx context.Context, tx pgx.Tx) error {
	var name string
	var body []byte
	var late bool
	var received time.Time
	var broken error
	err := each(ctx, tx, `SELECT p.name, b.body, b.late, b.received FROM batch b JOIN prober p ON p.id = b.prober ORDER BY b.prober, b.seq`, func() {
		a := applied{late: late, received: received}
		broken = errors.Join(broken, a.UnmarshalBinary(body))
		if s.batches[name] == nil {
			s.batches[name] = map[uint64]applied{}
		}
		s.batches[name][a.Seq] = a
	}, &name, &body, &late, &received)
	return errors.Join(err, broken)
}

func (s *stored) readGaps(ctx context.Context, tx pgx.Tx) error {
	var name string
	var g gap
	return each(ctx, tx, `SELECT p.name, from_at, to_at, reason FROM gap JOIN prober p ON p.id = gap.prober ORDER BY p.id, from_at`, func() {
		s.gaps[name] = append(s.gaps[name], g)
	}, &name, &g.from, &g.to, &g.reason)
}

func (s *stored) readMinutes(ctx context.Context, tx pgx.Tx) error {
	var name string
	var m minuteOf
	var c counts
	return each(ctx, tx, `SELECT p.name, link_id, at, planned, sent, received FROM minute JOIN prober p ON p.id = minute.prober`, func() {
		if s.minutes[name] == nil {
			s.minutes[name] = map[minuteOf]counts{}
		}
		s.minutes[name][minuteOf{m.link, m.at.UTC()}] = c
	}, &name, &m.link, &m.at, &c.planned, &c.sent, &c.received)
}

func (s *stored) readTransitions(ctx context.Context, tx pgx.Tx) error {
	var link int64
	var t transition
	return each(ctx, tx, `SELECT link_id, at, since, before, after FROM transition ORDER BY link_id, at, id`, func() {
		s.transitions[s.links[link]] = append(s.transitions[s.links[link]], t)
	}, &link, &t.at, &t.since, &t.before, &t.after)
}

func (s *stored) readLetters(ctx context.Context, tx pgx.Tx) error {
	var id, ref string
	var l letter
	err := each(ctx, tx, `SELECT message_id, ticket_id, kind, state FROM message`, func() { s.letters[id] = l }, &id, &l.ticket, &l.kind, &l.state)
	if err != nil {
		return err
	}
	return each(ctx, tx, `SELECT link.ref FROM ticket_link l JOIN ticket t ON t.id = l.ticket_id JOIN link ON link.id = l.link_id
		WHERE t.status = 'open' GROUP BY link.ref HAVING count(*) > 1`, func() { s.doubled = append(s.doubled, ref) }, &ref)
}

// each calls f for each row, scanned into places.
func each(ctx context.Context, tx pgx.Tx, sql string, f func(), places ...any) error {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, places, func() error { f(); return nil })
	return err
}

// transitionCount is how many changes of state are stored.
func (s *stored) transitionCount() int {
	n := 0
	for _, list := range s.transitions {
		n += len(list)
	}
	return n
}

// gapTime is how much time stands in gaps.
func (s *stored) gapTime() time.Duration {
	var sum time.Duration
	for _, list := range s.gaps {
		for _, g := range list {
			sum += g.to.Sub(g.from)
		}
	}
	return sum
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"vigie/internal/desk"
	"vigie/internal/incident"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/measure"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
)

// postgres is the real database of a round.
type postgres struct {
	t     testing.TB
	db    *store.DB
	chain *store.Watch
	talk  *store.Desk
	index *inventory.Index
}

func newPostgres(t testing.TB) *postgres {
	t.Helper()
	p := &postgres{t: t, db: storetest.New(t)}
	rows := snapshot()
	saving := func(intake.Current) (intake.Saving, error) { return intake.Saving{Rows: rows}, nil }
	if err := store.NewIntake(p.db).ChangeInventory(t.Context(), saving); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`SET synchronous_commit = off`, `UPDATE operator SET sending_mode = 'automatic'`} {
		if _, err := p.db.Pool().Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	all, err := store.NewInventory(p.db).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.index = inventory.NewIndex(all)
	if p.chain, err = store.NewWatch(p.db); err != nil {
		t.Fatal(err)
	}
	if p.talk, err = store.NewDesk(p.db); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *postgres) watch(f func(context.Context, watch.Tx) error) error {
	return p.chain.InTx(context.Background(), f)
}

func (p *postgres) desk(f func(context.Context, desk.Tx) error) error {
	return p.talk.InTx(context.Background(), f)
}

func (p *postgres) lastSeq(prober string) uint64 {
	seq, err := p.chain.LastSeq(context.Background(), prober)
	if err != nil {
		p.t.Error(err)
	}
	return seq
}

// rows asks something and scans each row.
func (p *postgres) rows(sql string, into []any, each func()) {
	p.t.Helper()
	rows, err := p.db.Pool().Query(context.Background(), sql)
	if err == nil {
		_, err = pgx.ForEachRow(rows, into, func() error { each(); return nil })
	}
	if err != nil {
		p.t.Errorf("%s: %v", sql, err)
	}
}

func (p *postgres) ordered() (all []job) {
	var kind string
	var args []byte
	var at time.Time
	p.rows(`SELECT kind, args::text, scheduled_at FROM river_job ORDER BY id`, []any{&kind, &args, &at}, func() {
		var j job
		var err error
		if kind == (ticket.Send{}).Kind() {
			j.Send = new(ticket.Send)
			err = json.Unmarshal(args, j.Send)
		} else {
			j.Remind, j.At = new(ticket.Remind), at.UTC()
			err = json.Unmarshal(args, j.Remind)
		}
		if err != nil {
			p.t.Error(err)
		}
		all = append(all, j)
	})
	return all
}

// contents reads everything into the form of the model.
func (p *postgres) contents() *memory {
	m := newMemory(p.index, modes())
	m.jobs = p.ordered()
	err := p.watch(func(ctx context.Context, tx watch.Tx) error {
		var err error
		if m.decided, err = tx.Decided(ctx); err != nil {
			return err
		}
		s, err := tx.State(ctx)
		m.engine = s.Engine
		for _, l := range s.Links {
			m.links[l.ID] = l
		}
		var ids []int64
		var id int64
		p.rows(`SELECT id FROM ticket`, []any{&id}, func() { ids = append(ids, id) })
		for _, id := range ids {
			if m.tickets[id], err = tx.Ticket(ctx, id); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		p.t.Error(err)
	}
	p.readChain(m)
	p.readDecided(m)
	return m
}

func (p *postgres) readChain(m *memory) {
	var b batchRow
	var body []byte
	p.rows(`SELECT name, late, body FROM batch JOIN prober ON prober.id = batch.prober`, []any{&b.Prober, &b.Late, &body}, func() {
		if err := b.Batch.UnmarshalBinary(body); err != nil {
			p.t.Error(err)
		}
		m.batches = append(m.batches, b)
		b.Batch.Observations = nil
	})
	var row proberRow
	var planned int
	p.rows(`SELECT name, last_seq, (SELECT coalesce(sum(rounds), 0) FROM prober_quality q WHERE q.prober = p.id) FROM prober p`,
		[]any{&row.Name, &row.LastSeq, &planned}, func() {
			m.probers = append(m.probers, row)
			m.rounds[row.Name] = planned
		})
	var of canaryKey
	var canary canaryRow
	p.rows(`SELECT name, canary, at, sent, received FROM canary_round c JOIN prober ON prober.id = c.prober`,
		[]any{&of.prober, &of.canary, &canary.At, &canary.Sent, &canary.Received}, func() {
			canary.At = canary.At.UTC()
			m.canaries[of] = canary
		})
	var report reportRow
	p.rows(`SELECT prober, link_id, at FROM finding WHERE kind = 'look'`, []any{&report.Prober, &report.Link, &report.At}, func() {
		report.At, report.Finding = report.At.UTC(), new(probe.Look)
		m.reports = append(m.reports, report)
	})
	var g watch.Gap
	p.rows(`SELECT name, from_at, to_at, reason FROM gap JOIN prober ON prober.id = gap.prober`, []any{&g.Prober, &g.From, &g.To, &g.Reason}, func() {
		g.From, g.To = g.From.UTC(), g.To.UTC()
		m.gaps = append(m.gaps, g)
	})
	var minute measure.Minute
	var prober string
	p.rows(`SELECT name, link_id, at, planned, sent, received, coalesce(min_micros, -1), coalesce(median_micros, -1), coalesce(p95_micros, -1),
			coalesce(max_micros, -1), coalesce(jitter_micros, -1), loss_periods, longest_loss FROM minute JOIN prober ON prober.id = minute.prober`,
		[]any{
			&prober, &minute.Link, &minute.At, &minute.Planned, &minute.Sent, &minute.Received, &minute.MinMicros, &minute.MedianMicros, &minute.P95Micros,
			&minute.MaxMicros, &minute.JitterMicros, &minute.LossPeriods, &minute.LongestLoss,
		}, func() {
			m.minutes[minuteKey{prober, minute.Link, minute.At.Unix()}] = minute
		})
}

func (p *postgres) readDecided(m *memory) {
	var i incidentRow
	var state, reason []byte
	var closed, ended *time.Time
	p.rows(`SELECT state, closed_at, ended_at, coalesce(into_id, 0), coalesce(reason, ''),
			coalesce((SELECT array_agg(link_id ORDER BY link_id) FROM incident_link l WHERE l.incident_id = i.id), '{}') FROM incident i`,
		[]any{&state, &closed, &ended, &i.Into, &reason, &i.Members}, func() {
			row := incidentRow{Into: i.Into, Reason: incident.Reason(reason), Members: slices.Clone(i.Members), ClosedAt: at(closed), EndedAt: at(ended)}
			if err := json.Unmarshal(state, &row.Incident); err != nil {
				p.t.Error(err)
			}
			m.incidents[row.Incident.ID] = row
		})
	var t watch.DecidedTransition
	var before, after string
	p.rows(`SELECT link_id, at, since, before, after FROM transition ORDER BY at, id`, []any{&t.Link, &t.At, &t.Since, &before, &after}, func() {
		t.At, t.Since = t.At.UTC(), t.Since.UTC()
		if err := t.From.UnmarshalText([]byte(before)); err != nil {
			p.t.Error(err)
		}
		if err := t.To.UnmarshalText([]byte(after)); err != nil {
			p.t.Error(err)
		}
		m.seen = append(m.seen, t)
	})
	var o incident.Outage
	var to *time.Time
	p.rows(`SELECT link_id, from_at, to_at, coalesce(incident_id, 0) FROM outage`, []any{&o.Link, &o.From, &to, &o.Incident}, func() {
		o.From, o.To = o.From.UTC(), at(to)
		m.outages[outageKey{o.Link, o.From.UnixMicro()}] = o
	})
	var r journal.Record
	var hash []byte
	p.rows(`SELECT chain_kind, chain_id, seq, at, action, body, hash FROM journal_entry ORDER BY seq`,
		[]any{&r.Chain.Kind, &r.Chain.ID, &r.Seq, &r.At, &r.Action, &r.Body, &hash}, func() {
			r.At = r.At.UTC()
			copy(r.Hash[:], hash)
			r.Body = slices.Clone(r.Body)
			m.chains[r.Chain] = append(m.chains[r.Chain], r)
		})
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// The rounds believe the model of the database as far as this test holds it to the real one:
// the same faults leave the same contents, and nothing else happens on the way.
func TestTheModelOfTheDatabaseDoesWhatPostgreSQLDoes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			real := newPostgres(t)
			modelled := newMemory(real.index, modes())
			traces := make([][]string, 0, 2)
			for _, db := range []database{real, modelled} {
				w, err := newWorld(1000+seed, nil, func() (database, *inventory.Index, error) { return db, real.index, nil })
				if err != nil {
					t.Fatal(err)
				}
				w.play()
				traces = append(traces, w.trace)
			}
			if diff := cmp.Diff(traces[0], traces[1]); diff != "" {
				t.Errorf("what happened (-postgres +model):\n%s", diff)
			}
			if diff := cmp.Diff(real.contents().told(), modelled.told()); diff != "" {
				t.Errorf("what is stored (-postgres +model):\n%s", diff)
			}
		})
	}
}

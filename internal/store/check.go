package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/checkstate"
	"vigie/internal/watch"
)

var (
	sqlCheckStates = query("check_state.some", `SELECT check_id, state FROM check_state WHERE check_id = ANY (@ids::bigint[])`)
	sqlCheckSave   = query("check_state.save", `
		INSERT INTO check_state (check_id, status, since, asked_at, certificate_until, state)
		SELECT id, status, since, asked, until, state
		FROM unnest(@ids::bigint[], @statuses::text[], @since::timestamptz[], @asked::timestamptz[], @until::timestamptz[], @states::jsonb[])
			AS row (id, status, since, asked, until, state)
		ON CONFLICT (check_id) DO UPDATE SET status = excluded.status, since = excluded.since, asked_at = excluded.asked_at,
			certificate_until = excluded.certificate_until, state = excluded.state`)
	sqlCheckTransition = query("check_transition.insert", `
		INSERT INTO check_transition (check_id, since, at, status, reason, detail)
		VALUES (@id, @since, @at, @status, @reason, @detail) ON CONFLICT DO NOTHING`)
	sqlCheckHour = query("check_hour.add", `
		INSERT INTO check_hour AS h (check_id, at, asked, failed, resolve_micros, connect_micros, tls_micros, first_micros, whole_micros, whole_max, simulated)
		SELECT id, at, asked, failed, resolve, connect, tls, first, whole, longest, @simulated
		FROM unnest(@ids::bigint[], @starts::timestamptz[], @asked::int[], @failed::int[], @resolve::bigint[], @connect::bigint[], @tls::bigint[],
			@first::bigint[], @whole::bigint[], @longest::bigint[]) AS row (id, at, asked, failed, resolve, connect, tls, first, whole, longest)
		ON CONFLICT (check_id, at) DO UPDATE SET asked = h.asked + excluded.asked, failed = h.failed + excluded.failed,
			resolve_micros = h.resolve_micros + excluded.resolve_micros, connect_micros = h.connect_micros + excluded.connect_micros,
			tls_micros = h.tls_micros + excluded.tls_micros, first_micros = h.first_micros + excluded.first_micros,
			whole_micros = h.whole_micros + excluded.whole_micros, whole_max = greatest(h.whole_max, excluded.whole_max)`)
	sqlCheckHourDrop       = query("check_hour.drop", `DELETE FROM check_hour WHERE at < @before`)
	sqlCheckTransitionDrop = query("check_transition.drop", `DELETE FROM check_transition WHERE at < @before`)
)

type checkStateRow struct {
	CheckID int64
	State   []byte
}

func (r checkStateRow) state() (checkstate.State, error) {
	var s checkstate.State
	if err := json.Unmarshal(r.State, &s); err != nil {
		return s, fmt.Errorf("state of check %d: %w", r.CheckID, err)
	}
	return s, nil
}

// Checks returns the states of some checks.
func (t watchTx) Checks(ctx context.Context, ids []int64) (map[int64]checkstate.State, error) {
	rows, err := many(ctx, t.tx, sqlCheckStates, pgx.NamedArgs{"ids": ids}, same[checkStateRow])
	if err != nil {
		return nil, fmt.Errorf("load the states of checks: %w", err)
	}
	return checkStates(rows)
}

func checkStates(rows []checkStateRow) (map[int64]checkstate.State, error) {
	out := make(map[int64]checkstate.State, len(rows))
	for _, row := range rows {
		state, err := row.state()
		if err != nil {
			return nil, err
		}
		out[row.CheckID] = state
	}
	return out, nil
}

// SaveChecks replaces states, keeps transitions and adds to hours.
func (t watchTx) SaveChecks(ctx context.Context, changed []watch.CheckChange) error {
	w := writer{batch: &pgx.Batch{}}
	var states checkColumns
	var hours hourColumns
	for _, c := range changed {
		states.add(c, w.json(c.State))
		for _, h := range c.Hours {
			hours.add(c.ID, h)
		}
	}
	w.queue(sqlCheckSave, states.args())
	if len(hours.ids) > 0 {
		w.queue(sqlCheckHour, hours.args(t.simulated))
	}
	for _, c := range changed {
		for _, tr := range c.Transitions {
			w.queue(sqlCheckTransition, pgx.NamedArgs{
				"id": c.ID, "since": tr.Since, "at": tr.At, "status": string(tr.Status), "reason": tr.Reason, "detail": tr.Detail,
			})
		}
	}
	if w.err != nil {
		return fmt.Errorf("write the states of checks: %w", w.err)
	}
	if err := t.tx.SendBatch(ctx, w.batch).Close(); err != nil {
		return fmt.Errorf("save the states of %d checks: %w", len(changed), err)
	}
	return nil
}

// checkColumns are states column by column, as one statement takes them.
type checkColumns struct {
	ids                 []int64
	statuses            []string
	since, asked, until []*time.Time
	states              []json.RawMessage
}

func (s *checkColumns) add(c watch.CheckChange, raw []byte) {
	var until time.Time
	if c.State.Last != nil && c.State.Last.Certificate != nil {
		until = c.State.Last.Certificate.Until
	}
	s.ids, s.statuses = append(s.ids, c.ID), append(s.statuses, string(c.State.Status))
	s.since, s.asked = append(s.since, nullable(c.State.Since)), append(s.asked, nullable(c.State.Asked))
	s.until, s.states = append(s.until, nullable(until)), append(s.states, raw)
}

func (s *checkColumns) args() pgx.NamedArgs {
	return pgx.NamedArgs{"ids": s.ids, "statuses": s.statuses, "since": s.since, "asked": s.asked, "until": s.until, "states": s.states}
}

// hourColumns are hours column by column.
type hourColumns struct {
	ids                                          []int64
	starts                                       []time.Time
	asked, failed                                []int32
	resolve, connect, tls, first, whole, longest []int64
}

func (s *hourColumns) add(id int64, h watch.CheckHour) {
	s.ids, s.starts = append(s.ids, id), append(s.starts, h.At)
	s.asked, s.failed = append(s.asked, int32(h.Asked)), append(s.failed, int32(h.Failed))
	s.resolve, s.connect, s.tls = append(s.resolve, h.Resolve), append(s.connect, h.Connect), append(s.tls, h.TLS)
	s.first, s.whole, s.longest = append(s.first, h.FirstByte), append(s.whole, h.Whole), append(s.longest, h.Longest)
}

func (s *hourColumns) args(simulated bool) pgx.NamedArgs {
	return pgx.NamedArgs{
		"ids": s.ids, "starts": s.starts, "asked": s.asked, "failed": s.failed, "resolve": s.resolve, "connect": s.connect, "tls": s.tls,
		"first": s.first, "whole": s.whole, "longest": s.longest, "simulated": simulated,
	}
}

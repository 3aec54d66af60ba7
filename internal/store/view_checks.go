package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/checkstate"
	"vigie/internal/view"
)

var (
	sqlViewFailing    = query("view.failing", `SELECT check_id, state FROM check_state WHERE status = 'failing'`)
	sqlViewCheckHours = query("view.check_hours", `
		SELECT check_id, sum(asked)::bigint AS asked, sum(failed)::bigint AS failed, sum(resolve_micros)::bigint AS resolve, sum(connect_micros)::bigint AS connect,
			sum(tls_micros)::bigint AS tls, sum(first_micros)::bigint AS first, sum(whole_micros)::bigint AS whole, max(whole_max) AS longest
		FROM check_hour WHERE check_id = ANY (@ids::bigint[]) AND at > @since GROUP BY check_id`)
	sqlViewCheckTransitions = query("view.check_transitions", `
		SELECT check_id, since, at, status, reason, detail FROM check_transition
		WHERE check_id = ANY (@ids::bigint[]) ORDER BY at DESC, check_id LIMIT @most`)
)

// Checks gives the states of some checks.
func (v *View) Checks(ctx context.Context, ids []int64) (states map[int64]checkstate.State, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		rows, err := many(ctx, tx, sqlCheckStates, pgx.NamedArgs{"ids": ids}, same[checkStateRow])
		if err == nil {
			states, err = checkStates(rows)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the states of checks: %w", err)
	}
	return states, nil
}

type viewCheckHourRow struct {
	CheckID, Asked, Failed                       int64
	Resolve, Connect, TLS, First, Whole, Longest int64
}

// hours are the means over the questions that did not fail.
func (r viewCheckHourRow) hours() view.CheckHours {
	good := max(1, r.Asked-r.Failed)
	return view.CheckHours{
		Asked: int(r.Asked), Failed: int(r.Failed), Resolve: r.Resolve / good, Connect: r.Connect / good, TLS: r.TLS / good,
		FirstByte: r.First / good, Whole: r.Whole / good, Longest: r.Longest,
	}
}

// CheckHours gives the sums of some checks since a time.
func (v *View) CheckHours(ctx context.Context, ids []int64, since time.Time) (map[int64]view.CheckHours, error) {
	out := map[int64]view.CheckHours{}
	err := v.read(ctx, func(tx pgx.Tx) error {
		rows, err := many(ctx, tx, sqlViewCheckHours, pgx.NamedArgs{"ids": ids, "since": since}, same[viewCheckHourRow])
		for _, row := range rows {
			out[row.CheckID] = row.hours()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the hours of checks: %w", err)
	}
	return out, nil
}

type checkTransitionRow struct {
	CheckID                int64
	Since, At              time.Time
	Status, Reason, Detail string
}

func (r checkTransitionRow) transition() view.CheckTransition {
	return view.CheckTransition{
		Check: r.CheckID, Since: r.Since.UTC(), At: r.At.UTC(), Status: checkstate.Status(r.Status), Reason: r.Reason, Detail: r.Detail,
	}
}

// CheckTransitions gives the changes of some checks, the latest first.
func (v *View) CheckTransitions(ctx context.Context, ids []int64, most int) (list []view.CheckTransition, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		list, err = many(ctx, tx, sqlViewCheckTransitions, pgx.NamedArgs{"ids": ids, "most": most}, checkTransitionRow.transition)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the changes of checks: %w", err)
	}
	return list, nil
}

package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/fault"
)

// A day is compared with its rows before they are dropped: so long, days, before that
// there is time to pack it again.
const checkAhead = 1

var (
	sqlPackingCheckDue = query("packing.check_due", `
		SELECT day FROM packing
		WHERE packed = changes AND checked <> packed AND NOT dropped AND day < @before ORDER BY day LIMIT 1`)
	sqlPackingCheckLock = query("packing.check_lock", `
		SELECT packed, checked_through FROM packing
		WHERE day = @day AND packed = changes AND checked <> packed AND NOT dropped FOR UPDATE`)
	sqlPackingCheckThrough = query("packing.check_through", `
		UPDATE packing SET checked_through = @through WHERE day = @day`)
	sqlPackingChecked = query("packing.checked", `
		UPDATE packing SET checked = @packed, checked_through = 0 WHERE day = @day`)
	// What differs is packed again, as if its rows had changed.
	sqlPackingAgain = query("packing.again", `
		UPDATE packing SET changes = changes + 1, checked_through = 0 WHERE day = @day`)
	sqlPackedHours = query("packing.hours_stored", `
		SELECT h.link_id, h.body, h.delays, h.simulated,
			coalesce((d.planned, d.sent, d.received, d.covered_millis::bigint) = (f.planned, f.sent, f.received, f.covered), false)
		FROM unnest(@links::bigint[], @planned::bigint[], @sent::bigint[], @received::bigint[], @covered::bigint[]) AS f (link, planned, sent, received, covered)
		JOIN link_hours h ON h.link_id = f.link AND h.day = @day
		LEFT JOIN link_day d ON d.link_id = f.link AND d.day = @day`)
	sqlPackedCarried = query("packing.carried_stored", `
		SELECT link_id, body, simulated FROM utilisation_day WHERE link_id = ANY (@links::bigint[]) AND day = @day`)
)

// check compares packed days that are old enough with their rows, the oldest first, until
// stop. A day that differs is an error, and due to be packed again; its rows stay.
func (p *Packing) check(ctx context.Context, now, stop time.Time) (again time.Duration, err error) {
	before := p.keep.Rows.Before(now.UTC().Truncate(24*time.Hour)).AddDate(0, 0, checkAhead)
	for {
		var day time.Time
		err := p.db.pool.QueryRow(ctx, sqlPackingCheckDue, pgx.NamedArgs{"before": before}).Scan(&day)
		if errors.Is(err, pgx.ErrNoRows) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("look for a packed day to compare: %w", classify(err))
		}
		var differs error
		err = p.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			differs, err = checkNext(ctx, tx, day)
			return err
		})
		switch {
		case err != nil:
			return 0, fmt.Errorf("compare the packed day %s with its rows: %w", day.Format(time.DateOnly), err)
		case differs != nil:
			return 0, fmt.Errorf("the packed day %s is not what its rows say, and will be packed again: %w", day.Format(time.DateOnly), differs)
		case time.Now().After(stop):
			return time.Second, nil
		}
	}
}

// checkNext compares some links of a day behind those that are compared already.
func checkNext(ctx context.Context, tx pgx.Tx, day time.Time) (differs, err error) {
	var state, through int64
	err = tx.QueryRow(ctx, sqlPackingCheckLock, pgx.NamedArgs{"day": day}).Scan(&state, &through)
	if errors.Is(err, pgx.ErrNoRows) { // it changed meanwhile
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	links, err := scalars[int64](ctx, tx, sqlPackingLinks, pgx.NamedArgs{"through": through, "limit": packedAtOnce})
	if err != nil {
		return nil, err
	}
	c := packChecker{minutes: map[int64]packedMinutes{}, figures: map[int64]packedCarried{}}
	if err := eachPacked(ctx, tx, day, links, c); err != nil {
		return nil, err
	}
	if differs, err = c.compare(ctx, tx, day); err != nil {
		return nil, err
	}
	switch {
	case differs != nil:
		_, err = tx.Exec(ctx, sqlPackingAgain, pgx.NamedArgs{"day": day})
	case len(links) < packedAtOnce:
		_, err = tx.Exec(ctx, sqlPackingChecked, pgx.NamedArgs{"day": day, "packed": state})
	default:
		_, err = tx.Exec(ctx, sqlPackingCheckThrough, pgx.NamedArgs{"day": day, "through": links[len(links)-1]})
	}
	return differs, err
}

// packChecker holds what rows pack to, by link, until it is found stored so.
type packChecker struct {
	minutes map[int64]packedMinutes
	figures map[int64]packedCarried
}

func (c packChecker) measured(m packedMinutes) error {
	c.minutes[m.link] = m
	return nil
}

func (c packChecker) carried(p packedCarried) error {
	c.figures[p.link] = p
	return nil
}

// compare says what is not stored as it packs.
func (c packChecker) compare(ctx context.Context, tx pgx.Tx, day time.Time) (differs, err error) {
	var links []int64
	var columns [4][]int64
	for link, m := range c.minutes {
		links = append(links, link)
		for i, v := range [...]int64{m.day.Planned, m.day.Sent, m.day.Received, m.day.CoveredMillis} {
			columns[i] = append(columns[i], v)
		}
	}
	rows, err := tx.Query(ctx, sqlPackedHours, pgx.NamedArgs{
		"day": day, "links": links, "planned": columns[0], "sent": columns[1], "received": columns[2], "covered": columns[3],
	})
	if err != nil {
		return nil, err
	}
	var stored packedMinutes
	var sums bool
	_, err = pgx.ForEachRow(rows, []any{&stored.link, &stored.body, &stored.delays, &stored.simulated, &sums}, func() error {
		want := c.minutes[stored.link]
		if sums && bytes.Equal(stored.body, want.body) && bytes.Equal(stored.delays, want.delays) && stored.simulated == want.simulated {
			delete(c.minutes, stored.link)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rows, err = tx.Query(ctx, sqlPackedCarried, pgx.NamedArgs{"day": day, "links": keysOf(c.figures)}); err != nil {
		return nil, err
	}
	var figures packedCarried
	_, err = pgx.ForEachRow(rows, []any{&figures.link, &figures.body, &figures.simulated}, func() error {
		want := c.figures[figures.link]
		if bytes.Equal(figures.body, want.body) && figures.simulated == want.simulated {
			delete(c.figures, figures.link)
		}
		return nil
	})
	if err != nil || len(c.minutes)+len(c.figures) == 0 {
		return nil, err
	}
	return fault.Errorf(fault.Conflict, "links by id: hours of %v, five-minute figures of %v", keysOf(c.minutes), keysOf(c.figures)), nil
}

// keysOf are the ids in a map, in order.
func keysOf[T any](m map[int64]T) []int64 {
	return slices.Sorted(maps.Keys(m))
}

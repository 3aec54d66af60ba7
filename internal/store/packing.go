package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/history"
	"vigie/internal/measure"
)

// Packing turns the rows of days that are over into their packed form: the hours, the
// day and the five-minute figures of each link. It is done once, and again when late
// measurements changed a day.
type Packing struct {
	db   *DB
	keep history.Retention
}

// NewPacking returns the packing of db, of which rows are kept as long as it is told.
func NewPacking(db *DB, keep history.Retention) *Packing { return &Packing{db: db, keep: keep} }

const (
	// packedAtOnce is how many links one transaction packs: some 70,000 minutes, read
	// and written in a quarter of a second.
	packedAtOnce = 50
	// packAfter is how long after its end a day is packed: its last minutes are
	// written by then.
	packAfter = 5 * time.Minute
	// packFor bounds one run, well within the time of a job.
	packFor = 10 * time.Second
	// packCalm is how long a day that changes under the packing is left alone.
	packCalm = 30 * time.Second
)

var (
	sqlPackingDue = query("packing.due", `
		SELECT day FROM packing WHERE packed <> changes AND NOT dropped AND day < @before ORDER BY day DESC LIMIT 1`)
	sqlPackingLock = query("packing.lock", `
		SELECT changes, doing, through FROM packing WHERE day = @day FOR UPDATE`)
	sqlPackingLinks = query("packing.links", `
		SELECT id FROM link WHERE id > @through ORDER BY id LIMIT @limit`)
	sqlPackingThrough = query("packing.through", `
		UPDATE packing SET doing = @changes, through = @through WHERE day = @day`)
	sqlPackingDone = query("packing.done", `
		UPDATE packing SET doing = @changes, packed = @changes, through = 0, checked_through = 0 WHERE day = @day`)
	sqlPackingMinutes = query("packing.minutes", `
		SELECT `+minuteColumns+`
		FROM minute WHERE link_id = ANY (@links::bigint[]) AND at >= @from AND at < @to
		ORDER BY link_id, at, prober`)
	sqlPackingCarried = query("packing.carried", `
		SELECT link_id, at, down_octets, up_octets, covered_millis, simulated
		FROM utilisation WHERE link_id = ANY (@links::bigint[]) AND at >= @from AND at < @to
		ORDER BY link_id, at`)
	sqlHoursSave = query("link_hours.save", `
		INSERT INTO link_hours (link_id, day, body, simulated, delays) VALUES (@link, @day, @body, @simulated, @delays)
		ON CONFLICT (link_id, day) DO UPDATE SET body = excluded.body, simulated = excluded.simulated, delays = excluded.delays`)
	sqlDaySave = query("link_day.save", `
		INSERT INTO link_day (link_id, day, planned, sent, received, covered_millis, min_micros, median_micros, p95_micros, max_micros, jitter_micros, simulated)
		VALUES (@link, @day, @planned, @sent, @received, @covered, nullif(@low::int, -1), nullif(@median::int, -1), nullif(@p95::int, -1), nullif(@high::int, -1), nullif(@jitter::int, -1), @simulated)
		ON CONFLICT (link_id, day) DO UPDATE SET planned = excluded.planned, sent = excluded.sent, received = excluded.received,
			covered_millis = excluded.covered_millis, min_micros = excluded.min_micros, median_micros = excluded.median_micros,
			p95_micros = excluded.p95_micros, max_micros = excluded.max_micros, jitter_micros = excluded.jitter_micros, simulated = excluded.simulated`)
	sqlUtilisationDaySave = query("utilisation_day.save", `
		INSERT INTO utilisation_day (link_id, day, body, simulated) VALUES (@link, @day, @body, @simulated)
		ON CONFLICT (link_id, day) DO UPDATE SET body = excluded.body, simulated = excluded.simulated`)
)

// Run packs what is due at now, the latest days first, and compares packed days with
// their rows before these are dropped, for a bounded time. again is when to go on, 0
// when nothing is left. It may be killed at any instant: what a
// transaction packed stays packed, and the next run goes on behind it.
func (p *Packing) Run(ctx context.Context, now time.Time) (again time.Duration, err error) {
	stop := time.Now().Add(packFor)
	before := now.Add(-packAfter).UTC().Truncate(24 * time.Hour)
	for {
		var day time.Time
		err := p.db.pool.QueryRow(ctx, sqlPackingDue, pgx.NamedArgs{"before": before}).Scan(&day)
		if errors.Is(err, pgx.ErrNoRows) {
			return p.check(ctx, now, stop)
		}
		if err != nil {
			return 0, fmt.Errorf("look for a day to pack: %w", classify(err))
		}
		var restarted bool
		err = p.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			restarted, err = packNext(ctx, tx, day)
			return err
		})
		switch {
		case err != nil:
			return 0, fmt.Errorf("pack the day %s: %w", day.Format(time.DateOnly), err)
		case restarted:
			return packCalm, nil
		case time.Now().After(stop):
			return time.Second, nil
		}
	}
}

// packNext packs some links of a day behind those that are packed already; restarted
// when the day changed since an earlier step. Holding the day's row, it sees all that
// was counted as a change, and what is written later counts anew.
func packNext(ctx context.Context, tx pgx.Tx, day time.Time) (restarted bool, err error) {
	var changes, doing, through int64
	if err := tx.QueryRow(ctx, sqlPackingLock, pgx.NamedArgs{"day": day}).Scan(&changes, &doing, &through); err != nil {
		return restarted, err
	}
	if doing != changes {
		restarted, through = through > 0, 0
	}
	links, err := scalars[int64](ctx, tx, sqlPackingLinks, pgx.NamedArgs{"through": through, "limit": packedAtOnce})
	if err != nil {
		return restarted, err
	}
	if err := packLinks(ctx, tx, day, links); err != nil {
		return restarted, err
	}
	if len(links) < packedAtOnce {
		_, err = tx.Exec(ctx, sqlPackingDone, pgx.NamedArgs{"day": day, "changes": changes})
		return restarted, err
	}
	_, err = tx.Exec(ctx, sqlPackingThrough, pgx.NamedArgs{"day": day, "changes": changes, "through": links[len(links)-1]})
	return restarted, err
}

func scalars[T any](ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

// packLinks writes the packed form of some links' day from the rows there are. A link
// without any row keeps what it has.
func packLinks(ctx context.Context, tx pgx.Tx, day time.Time, links []int64) error {
	w := &packWriter{day: day}
	if err := eachPacked(ctx, tx, day, links, w); err != nil {
		return err
	}
	return tx.SendBatch(ctx, &w.batch).Close()
}

// packed takes the packed forms of a day, one link after another.
type packed interface {
	measured(m packedMinutes) error
	carried(c packedCarried) error
}

// packedMinutes is the packed form of a link's minutes.
type packedMinutes struct {
	link         int64
	body, delays []byte
	day          measure.Figures
	simulated    bool
}

// packedCarried is that of its five-minute figures.
type packedCarried struct {
	link      int64
	body      []byte
	simulated bool
}

// eachPacked makes the packed forms of some links' day from their rows.
func eachPacked(ctx context.Context, tx pgx.Tx, day time.Time, links []int64, into packed) error {
	args := pgx.NamedArgs{"links": links, "from": day, "to": day.Add(24 * time.Hour)}
	p := packer{day, into}
	if err := p.minutes(ctx, tx, args); err != nil {
		return err
	}
	return p.carried(ctx, tx, args)
}

// packer makes packed forms of a day.
type packer struct {
	day  time.Time
	into packed
}

func (p packer) minutes(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) error {
	rows, err := tx.Query(ctx, sqlPackingMinutes, args)
	if err != nil {
		return err
	}
	var minutes []measure.Minute
	var anySimulated bool
	flush := func() error {
		if len(minutes) == 0 {
			return nil
		}
		err := p.hours(minutes, anySimulated)
		minutes, anySimulated = minutes[:0], false
		return err
	}
	err = forEachMinute(rows, func(m measure.Minute, simulated bool) error {
		if len(minutes) > 0 && minutes[0].Link != m.Link {
			if err := flush(); err != nil {
				return err
			}
		}
		minutes, anySimulated = append(minutes, m), anySimulated || simulated
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the minutes: %w", err)
	}
	return flush()
}

// hours packs the minutes of one link.
func (p packer) hours(minutes []measure.Minute, simulated bool) error {
	link, hours := minutes[0].Link, measure.HoursOf(p.day, minutes)
	body, err := hours.MarshalBinary()
	if err != nil {
		return fmt.Errorf("link %d: %w", link, err)
	}
	delays, err := measure.DelaysOf(p.day, minutes).MarshalBinary()
	if err != nil {
		return fmt.Errorf("link %d: %w", link, err)
	}
	return p.into.measured(packedMinutes{link: link, body: body, delays: delays, day: hours.Day(), simulated: simulated})
}

func (p packer) carried(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) error {
	rows, err := tx.Query(ctx, sqlPackingCarried, args)
	if err != nil {
		return err
	}
	var current int64
	var anySimulated bool
	figures := measure.NewUtilisationDay()
	flush := func() error {
		if current == 0 {
			return nil
		}
		body, err := figures.MarshalBinary()
		if err != nil {
			return err
		}
		err = p.into.carried(packedCarried{link: current, body: body, simulated: anySimulated})
		figures, anySimulated = measure.NewUtilisationDay(), false
		return err
	}
	var link int64
	var c measure.Carried
	var simulated bool
	_, err = pgx.ForEachRow(rows, []any{&link, &c.At, &c.DownOctets, &c.UpOctets, &c.CoveredMillis, &simulated}, func() error {
		if link != current {
			if err := flush(); err != nil {
				return err
			}
			current = link
		}
		figures.Put(p.day, c)
		anySimulated = anySimulated || simulated
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what was carried: %w", err)
	}
	return flush()
}

// packWriter gathers what one transaction packs.
type packWriter struct {
	day   time.Time
	batch pgx.Batch
}

func (w *packWriter) measured(m packedMinutes) error {
	w.batch.Queue(sqlHoursSave, pgx.NamedArgs{"link": m.link, "day": w.day, "body": m.body, "simulated": m.simulated, "delays": m.delays})
	w.batch.Queue(sqlDaySave, dayArgs(m.link, w.day, m.day, m.simulated))
	return nil
}

// dayArgs are the columns of a day as a whole.
func dayArgs(link int64, day time.Time, d measure.Figures, simulated bool) pgx.NamedArgs {
	return pgx.NamedArgs{
		"link": link, "day": day, "planned": d.Planned, "sent": d.Sent, "received": d.Received, "covered": d.CoveredMillis,
		"low": d.MinMicros, "median": d.MedianMicros, "p95": d.P95Micros, "high": d.MaxMicros, "jitter": d.JitterMicros, "simulated": simulated,
	}
}

func (w *packWriter) carried(c packedCarried) error {
	w.batch.Queue(sqlUtilisationDaySave, pgx.NamedArgs{"link": c.link, "day": w.day, "body": c.body, "simulated": c.simulated})
	return nil
}

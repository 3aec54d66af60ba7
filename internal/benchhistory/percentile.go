//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"vigie/internal/app"
	"vigie/internal/audit"
	"vigie/internal/calendar"
	"vigie/internal/measure"
	"vigie/internal/store"
)

const (
	yearGoal  = 4  // s
	ratioGoal = 25 // times faster than SQL
	yearTurns = 3  // the shortest counts
	sqlTurns  = 2  // likewise
	sqlDays   = 60
)

// percentiles measures the exact 95th percentiles of a year of 1,500 links as the audit
// takes them: of all time, of school time and of the school time of each month, in both
// directions. A part of the same figures, as rows that say whether they lie in school time,
// is given to percentile_disc for the first two, and both must say the same.
func percentiles(ctx context.Context, o options) error {
	return withPast(ctx, o, func(p *past) error {
		year := audit.LastTwelveMonths(p.now)
		years, err := each(make([]int64, yearTurns), func(int64) error {
			r, err := p.audit(ctx, year)
			for _, l := range r.Lines {
				if !l.Down.P95.Known || !l.Down.School.Known || !l.Up.P95.Known || !l.Up.School.Known {
					return fmt.Errorf("link %s has not every percentile: %+v", l.Link, l.Coverage)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		took := slices.Min(years.took) / 1000
		lines.AtMost("year_p95_1500_links", took, "s", yearGoal)
		lines.Tell("year_p95_1500_links_cpu", years.cpu/1000, "s")
		intervals := float64(historyLinks) * year.To.Sub(year.From).Hours() * 12
		ours := took / intervals
		theirs, rows, err := p.bySQL(ctx, year)
		if err != nil {
			return fmt.Errorf("by SQL: %w", err)
		}
		sql := slices.Min(theirs.took) / 1000 / rows
		lines.Tell("year_p95_each_pair", ours*1e9, "ns")
		lines.Tell("year_p95_each_pair_sql", sql*1e9, "ns")
		lines.Tell("year_p95_each_pair_cpu", years.cpu/intervals*1e6, "ns")
		lines.Tell("year_p95_each_pair_sql_cpu", theirs.cpu/rows*1e6, "ns")
		lines.AtLeast("year_p95_speed_to_sql", sql/ours, "ratio", ratioGoal)
		return nil
	})
}

// audit makes the audit of a period without costs, remembering nothing.
func (p *past) audit(ctx context.Context, period audit.Period) (audit.Report, error) {
	vacations, err := app.SchoolCalendar()
	if err != nil {
		return audit.Report{}, err
	}
	service := audit.New(audit.Options{
		Store: store.NewAudit(p.db), Vacations: vacations, Policy: audit.DefaultPolicy(),
		Accounts: func(context.Context, time.Time, time.Time, time.Time) (map[string]audit.Account, error) {
			return nil, nil
		},
	})
	return service.Report(ctx, period, p.now)
}

// bySQL gives how long percentile_disc takes on the rows, and their number, of the last
// days of a period. They are gone when it returns.
func (p *past) bySQL(ctx context.Context, year audit.Period) (took answers, rows float64, err error) {
	period := audit.Period{From: year.To.AddDate(0, 0, -sqlDays), To: year.To}
	r, err := p.audit(ctx, period)
	if err != nil {
		return took, 0, err
	}
	const drop = `DROP TABLE IF EXISTS bench_utilisation`
	for _, sql := range []string{drop, `CREATE UNLOGGED TABLE bench_utilisation (link_id bigint NOT NULL, at timestamptz NOT NULL, down bigint NOT NULL, up bigint NOT NULL, school boolean NOT NULL)`} {
		if _, err := p.db.Pool().Exec(ctx, sql); err != nil {
			return took, 0, err
		}
	}
	defer func() {
		_, failed := p.db.Pool().Exec(context.WithoutCancel(ctx), drop)
		err = errors.Join(err, failed)
	}()
	if rows, err = p.copyRows(ctx, r, period); err != nil {
		return took, 0, err
	}
	if _, err := p.db.Pool().Exec(ctx, `VACUUM (ANALYZE) bench_utilisation`); err != nil {
		return took, 0, err
	}
	took, err = each(make([]int64, sqlTurns), func(int64) error {
		theirs, err := p.percentilesOfRows(ctx)
		for _, l := range r.Lines {
			ours := rates{l.Down.P95.BitsPerSecond, l.Up.P95.BitsPerSecond, l.Down.School.BitsPerSecond, l.Up.School.BitsPerSecond}
			if err == nil && ours != theirs[l.LinkID] {
				return fmt.Errorf("link %s: %+v bit/s by SQL, %+v by the audit", l.Link, theirs[l.LinkID], ours)
			}
		}
		return err
	})
	return took, rows, err
}

// rates are the percentiles of a link, bits per second: of all time and of school time.
type rates struct{ down, up, schoolDown, schoolUp int64 }

func (p *past) percentilesOfRows(ctx context.Context) (map[int64]rates, error) {
	rows, err := p.db.Pool().Query(ctx, `
		SELECT link_id, 8 * percentile_disc(0.95) WITHIN GROUP (ORDER BY down), 8 * percentile_disc(0.95) WITHIN GROUP (ORDER BY up),
			8 * percentile_disc(0.95) WITHIN GROUP (ORDER BY down) FILTER (WHERE school),
			8 * percentile_disc(0.95) WITHIN GROUP (ORDER BY up) FILTER (WHERE school)
		FROM bench_utilisation GROUP BY link_id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[int64]rates{}
	for rows.Next() {
		var link int64
		var r rates
		if err := rows.Scan(&link, &r.down, &r.up, &r.schoolDown, &r.schoolUp); err != nil {
			return nil, err
		}
		all[link] = r
	}
	return all, rows.Err()
}

// copyRows writes what the links of a report carried over its period as rows.
func (p *past) copyRows(ctx context.Context, r audit.Report, period audit.Period) (rows float64, err error) {
	conn, err := p.db.Pool().Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	in, out := io.Pipe()
	go func() { out.CloseWithError(p.writeRows(ctx, r, period, out)) }()
	tag, err := conn.Conn().PgConn().CopyFrom(ctx, in, `COPY bench_utilisation FROM STDIN`)
	return float64(tag.RowsAffected()), errors.Join(err, in.Close())
}

// writeRows writes rows as COPY reads them.
func (p *past) writeRows(ctx context.Context, r audit.Report, period audit.Period, out io.Writer) error {
	links := make([]int64, len(r.Lines))
	for i, l := range r.Lines {
		links[i] = l.LinkID
	}
	const day = 24 * time.Hour
	from, to := calendar.Midnight(period.From), calendar.Midnight(period.To)
	school, err := schoolTime(from, to)
	if err != nil {
		return err
	}
	var text []byte
	return store.NewAudit(p.db).Utilisation(ctx, links, from.Truncate(day), to.Add(day-1).Truncate(day), func(d audit.Day) error {
		text = text[:0]
		for i, down := range d.Rates.Down {
			at := d.Day.Add(time.Duration(i) * 5 * time.Minute)
			if down == measure.NoRate || at.Before(from) || !at.Before(to) {
				continue
			}
			text = strconv.AppendInt(text, d.Link, 10)
			text = at.AppendFormat(append(text, '\t'), "2006-01-02 15:04:05Z")
			text = strconv.AppendUint(append(text, '\t'), uint64(down), 10)
			text = strconv.AppendUint(append(text, '\t'), uint64(d.Rates.Up[i]), 10)
			text = strconv.AppendBool(append(text, '\t'), school[at.Unix()])
			text = append(text, '\n')
		}
		_, err := out.Write(text)
		return err
	})
}

// schoolTime are the starts, in Unix seconds, of the five minutes of [from, to) that lie in the school time
// of the fleet's one commune.
func schoolTime(from, to time.Time) (map[int64]bool, error) {
	vacations, err := app.SchoolCalendar()
	if err != nil {
		return nil, err
	}
	school := calendar.School{
		Vacations: vacations, Academie: calendar.AcademieOf(fleetDepartement), Holidays: calendar.ForCommune(fleetDepartement, false),
		Week: audit.DefaultPolicy().Week,
	}
	const step = 5 * time.Minute
	in := map[int64]bool{}
	for _, hours := range school.Hours(from, to) {
		for at := hours.From.Add(step - 1).Truncate(step); at.Before(hours.To); at = at.Add(step) {
			in[at.Unix()] = true
		}
	}
	return in, nil
}

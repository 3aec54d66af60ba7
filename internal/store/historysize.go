package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/history"
)

var (
	sqlSizeLinks = query("size.links", `
		SELECT count(*) FROM link WHERE starts <= @today::date AND (ends IS NULL OR ends > @today::date)`)
	// What is kept as it came says over how long; links in force are taken for those that
	// it is about. Too short a time tells of the pages that every table has, not of links.
	sqlSizeBatches = query("size.batches", `
		SELECT pg_total_relation_size('batch'),
			CASE WHEN max(cycle) - min(cycle) >= interval '1 hour' THEN extract(epoch FROM max(cycle) - min(cycle)) / 86400 * @links ELSE 0 END::float8
		FROM batch`)
	sqlSizeFindings = query("size.findings", `
		SELECT pg_total_relation_size('finding'),
			CASE WHEN max(at) - min(at) >= interval '1 day' THEN extract(epoch FROM max(at) - min(at)) / 86400 * @links ELSE 0 END::float8
		FROM finding`)
	// The newest whole day stands for all, since a country's minutes are not counted in a
	// moment.
	sqlSizeMinutesAll = query("size.minutes_all", `
		SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint FROM pg_inherits WHERE inhparent = 'minute'::regclass`)
	sqlSizeMinutes = query("size.minutes", `
		SELECT part.octets, count(DISTINCT m.link_id)::float8
		FROM (SELECT pg_total_relation_size(inhrelid) AS octets, to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') AS day
			FROM pg_inherits WHERE inhparent = 'minute'::regclass) AS part
		JOIN minute m ON m.at >= @from AND m.at < @to
		WHERE part.day = @day::date GROUP BY 1`)
	sqlSizeMinutesDay = query("size.minutes_day", `
		SELECT max(day) FROM packing WHERE packed > 0 AND NOT dropped AND day < @today::date`)
	sqlSizeUtilisation = query("size.utilisation", `
		SELECT pg_total_relation_size('utilisation'), count(*)::float8 / 288 FROM utilisation`)
	sqlSizeHours = query("size.hours", `
		SELECT pg_total_relation_size('link_hours'), count(*)::float8 FROM link_hours`)
	sqlSizeUtilisationDays = query("size.utilisation_days", `
		SELECT pg_total_relation_size('utilisation_day'), count(*)::float8 FROM utilisation_day`)
	sqlSizeDays = query("size.days", `
		SELECT pg_total_relation_size('link_day'), count(*)::float8 FROM link_day`)
	sqlSizeAll = query("size.all", `SELECT pg_database_size(current_database())`)
)

// Size measures what is stored, at now.
func (h *History) Size(ctx context.Context, now time.Time) (s history.Size, err error) {
	today := now.UTC().Truncate(24 * time.Hour)
	err = h.db.snapshot(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, sqlSizeLinks, pgx.NamedArgs{"today": today}).Scan(&s.Links); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, sqlSizeAll).Scan(&s.Rest); err != nil {
			return err
		}
		for _, t := range []struct{ table, sql string }{
			{history.TableBatches, sqlSizeBatches},
			{history.TableMinutes, ""},
			{history.TableUtilisationRows, sqlSizeUtilisation},
			{history.TableHours, sqlSizeHours},
			{history.TableUtilisationDays, sqlSizeUtilisationDays},
			{history.TableFindings, sqlSizeFindings},
			{history.TableDays, sqlSizeDays},
		} {
			size := history.TableSize{Table: t.table}
			if t.sql == "" {
				size, err = minutesSize(ctx, tx, today)
			} else {
				err = tx.QueryRow(ctx, t.sql, pgx.NamedArgs{"links": s.Links}).Scan(&size.Octets, &size.LinkDays)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", t.table, err)
			}
			s.Tables, s.Rest = append(s.Tables, size), s.Rest-size.Octets
		}
		return nil
	})
	if err != nil {
		return history.Size{}, fmt.Errorf("measure the history: %w", err)
	}
	return s, nil
}

// minutesSize scales the newest packed day that still has its rows to the whole table.
func minutesSize(ctx context.Context, tx pgx.Tx, today time.Time) (history.TableSize, error) {
	size := history.TableSize{Table: history.TableMinutes}
	if err := tx.QueryRow(ctx, sqlSizeMinutesAll).Scan(&size.Octets); err != nil {
		return size, err
	}
	var day *time.Time
	if err := tx.QueryRow(ctx, sqlSizeMinutesDay, pgx.NamedArgs{"today": today}).Scan(&day); err != nil || day == nil {
		return size, err
	}
	var octets int64
	var links float64
	rows, err := tx.Query(ctx, sqlSizeMinutes, pgx.NamedArgs{"day": *day, "from": *day, "to": day.Add(24 * time.Hour)})
	if err != nil {
		return size, err
	}
	_, err = pgx.ForEachRow(rows, []any{&octets, &links}, func() error {
		size.LinkDays = links * float64(size.Octets) / float64(octets)
		return nil
	})
	return size, err
}

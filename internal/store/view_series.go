package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/incident"
	"vigie/internal/view"
)

// seenMinutes are the minutes of a link in [from, to) as measure.Seen sums them: one
// that several probers saw counts once in the covered time, as the best of them
// covered it.
func seenMinutes() string {
	return `
			SELECT at, sum(sent) AS sent, sum(received) AS received, max(sent * 1000 / planned) AS covered,
				min(min_micros) AS min_micros, percentile_disc(0.5) WITHIN GROUP (ORDER BY median_micros) AS median_micros,
				max(p95_micros) AS p95_micros, max(max_micros) AS max_micros, bool_or(simulated) AS simulated
			FROM minute
			WHERE link_id = @link AND at >= @from AND at < @to AND sent > 0
			GROUP BY at`
}

var (
	sqlViewMinutes = query("view.minutes", `
		SELECT date_bin(@step::interval, at, @from::timestamptz) AS at, sum(sent)::int AS sent, sum(received)::int AS received,
			sum(covered)::bigint AS covered_millis,
			coalesce(min(min_micros), 0) AS min_micros,
			coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY median_micros), 0) AS median_micros,
			coalesce(percentile_disc(0.95) WITHIN GROUP (ORDER BY p95_micros), 0) AS p95_micros,
			coalesce(max(max_micros), 0) AS max_micros, bool_or(simulated) AS simulated
		FROM (`+seenMinutes()+`) AS seen
		GROUP BY 1 ORDER BY 1`)
	sqlViewOutages = query("view.outages", `
		SELECT link_id, from_at, to_at, coalesce(incident_id, 0) AS incident_id, coalesce(i.kind, '') AS kind,
			coalesce(cause, '') AS cause, told_at, router_started, simulated
		FROM outage LEFT JOIN incident i ON i.id = incident_id
		WHERE link_id = ANY (@links::bigint[]) AND from_at < @to AND (to_at IS NULL OR to_at > @from)
		ORDER BY from_at DESC`)
)

type pointRow struct {
	At            time.Time
	Sent          int
	Received      int
	CoveredMillis int64
	MinMicros     int32
	MedianMicros  int32
	P95Micros     int32
	MaxMicros     int32
	Simulated     bool
}

func (r pointRow) point() view.Point {
	r.At = r.At.UTC()
	return view.Point(r)
}

// Minutes sums the minutes of a link in the steps of a window.
func (v *View) Minutes(ctx context.Context, link int64, w view.Window) (points []view.Point, err error) {
	args := pgx.NamedArgs{"link": link, "from": w.From, "to": w.To, "step": w.Step}
	err = v.read(ctx, func(tx pgx.Tx) error {
		points, err = many(ctx, tx, sqlViewMinutes, args, pointRow.point)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the minutes of link %d: %w", link, err)
	}
	return points, nil
}

type viewOutageRow struct {
	LinkID     int64
	FromAt     time.Time
	ToAt       *time.Time
	IncidentID int64
	Kind       string
	Simulated  bool
	findingRow
}

func (r viewOutageRow) outage() view.Outage {
	return view.Outage{Link: r.LinkID, From: r.FromAt.UTC(), To: instant(r.ToAt), Incident: r.IncidentID, Kind: incident.Kind(r.Kind), Finding: r.finding(), Simulated: r.Simulated}
}

// Outages gives the outages of links that touch a window, the latest first.
func (v *View) Outages(ctx context.Context, links []int64, w view.Window) (list []view.Outage, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		list, err = many(ctx, tx, sqlViewOutages, pgx.NamedArgs{"links": links, "from": w.From, "to": w.To}, viewOutageRow.outage)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the outages of %d links: %w", len(links), err)
	}
	return list, nil
}

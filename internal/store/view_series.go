package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/incident"
	"vigie/internal/view"
)

var (
	sqlViewMinutes = query("view.minutes", `
		SELECT `+minuteColumns+` FROM minute WHERE link_id = @link AND at >= @from AND at < @to ORDER BY at, prober`)
	sqlViewOutages = query("view.outages", `
		SELECT link_id, from_at, to_at, coalesce(incident_id, 0) AS incident_id, coalesce(i.kind, '') AS kind,
			coalesce(cause, '') AS cause, told_at, router_started, simulated
		FROM outage LEFT JOIN incident i ON i.id = incident_id
		WHERE link_id = ANY (@links::bigint[]) AND from_at < @to AND (to_at IS NULL OR to_at > @from)
		ORDER BY from_at DESC`)
)

// Minutes gives the measured minutes of a link that begin in a window, in order, each
// as its probers saw it together.
func (v *View) Minutes(ctx context.Context, link int64, w view.Window) (minutes []view.Measured, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		minutes, err = measured(ctx, tx, sqlViewMinutes, pgx.NamedArgs{"link": link, "from": w.From, "to": w.To})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the minutes of link %d: %w", link, err)
	}
	return minutes, nil
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

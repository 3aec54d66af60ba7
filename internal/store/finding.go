package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/view"
	"vigie/probe"
)

var (
	sqlFindingInsert = query("finding.insert", `
		INSERT INTO finding (link_id, kind, at, prober, body)
		SELECT link, kind, at, @prober, body
		FROM unnest(@links::bigint[], @kinds::text[], @at::timestamptz[], @bodies::jsonb[]) AS row (link, kind, at, body)`)
	sqlFindingLatest = query("finding.latest", `
		SELECT at, prober, body FROM finding
		WHERE link_id = @link AND kind = @kind AND at >= @from AND at < @to ORDER BY at DESC, id DESC LIMIT @most`)
	sqlFindingLatestOf = query("finding.latest_of", `
		SELECT link_id, at, prober, body FROM finding
		WHERE link_id = ANY(@links) AND kind = @kind AND at >= @from AND at < @to ORDER BY at DESC, id DESC LIMIT @most`)
	// What began in time in which the prober's own uplink was lost, or in doubt, is left out.
	sqlFindingSure = query("finding.sure", `
		SELECT link_id, at, prober, body FROM finding f
		WHERE link_id = ANY(@links) AND kind = @kind AND at >= @from AND at < @to AND NOT EXISTS (
			SELECT FROM gap g JOIN prober p ON p.id = g.prober WHERE p.name = f.prober AND g.reason IN ('isolated', 'doubtful')
			AND g.to_at > coalesce((f.body->>'from')::timestamptz, f.at) AND g.from_at < f.at)
		ORDER BY at DESC, id DESC LIMIT @most`)
	sqlFindingIsolated = query("finding.isolated", `
		SELECT p.name, g.from_at, g.to_at, g.reason FROM gap g JOIN prober p ON p.id = g.prober
		WHERE g.reason IN ('isolated', 'doubtful') AND g.to_at > @from AND g.from_at < @to ORDER BY g.from_at DESC LIMIT @most`)
	sqlFindingDrop = query("finding.drop", `DELETE FROM finding WHERE at < @before`)
)

// SaveReports stores what a prober reported.
func (t watchTx) SaveReports(ctx context.Context, prober string, reports []probe.Report) error {
	var links []int64
	var kinds []string
	var at []time.Time
	var bodies []json.RawMessage
	for _, r := range reports {
		body, err := r.Body()
		if err != nil {
			return err
		}
		links, kinds, at, bodies = append(links, r.Link), append(kinds, r.Finding.Kind()), append(at, r.At), append(bodies, body)
	}
	_, err := t.tx.Exec(ctx, sqlFindingInsert, pgx.NamedArgs{"prober": prober, "links": links, "kinds": kinds, "at": at, "bodies": bodies})
	if err != nil {
		return fmt.Errorf("store %d findings of prober %s: %w", len(reports), prober, err)
	}
	return nil
}

// SureReports returns the findings of a kind about links in [from, to), in order of time,
// without those of probers whose own uplink was lost or in doubt meanwhile.
func (t watchTx) SureReports(ctx context.Context, links []int64, kind string, from, to time.Time) ([]probe.Report, error) {
	found, err := findingsOf(ctx, t.tx, sqlFindingSure, links, kind, from, to, maxReports)
	if err != nil {
		return nil, err
	}
	reports := make([]probe.Report, len(found))
	for i, f := range found {
		reports[len(found)-1-i] = probe.Report{Link: f.Link, At: f.At, Finding: f.Finding.Finding}
	}
	return reports, nil
}

type reportRow struct {
	At     time.Time
	Prober string
	Body   []byte
}

func (r reportRow) finding(kind string) (view.Finding, error) {
	value, err := probe.ReadFinding(kind, r.Body)
	return view.Finding{At: r.At.UTC(), Prober: r.Prober, Finding: value}, err
}

// Findings returns the findings of a kind about a link in a window, the latest first.
func (v *View) Findings(ctx context.Context, link int64, kind string, w view.Window, most int) ([]view.Finding, error) {
	rows, err := v.db.pool.Query(ctx, sqlFindingLatest, pgx.NamedArgs{"link": link, "kind": kind, "from": w.From, "to": w.To, "most": most})
	if err != nil {
		return nil, fmt.Errorf("load the findings of kind %s: %w", kind, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (view.Finding, error) {
		r, err := pgx.RowToStructByPos[reportRow](row)
		if err != nil {
			return view.Finding{}, err
		}
		return r.finding(kind)
	})
	if err != nil {
		return nil, fmt.Errorf("load the findings of kind %s: %w", kind, err)
	}
	return found, nil
}

// FindingsOf returns the findings of a kind about links in a window, the latest first.
func (v *View) FindingsOf(ctx context.Context, links []int64, kind string, w view.Window, most int) ([]view.LinkFinding, error) {
	return findingsOf(ctx, v.db.pool, sqlFindingLatestOf, links, kind, w.From, w.To, most)
}

// maxIsolated bounds what is read of the isolations of all probers.
const maxIsolated = 5000

// Isolated returns the times that touch a window in which probers reached none of their
// canaries, or may have been about to, by the name of the prober, the latest first.
func (v *View) Isolated(ctx context.Context, w view.Window) (map[string][]view.Gap, error) {
	args := pgx.NamedArgs{"from": w.From, "to": w.To, "most": maxIsolated}
	rows, err := v.db.pool.Query(ctx, sqlFindingIsolated, args)
	if err != nil {
		return nil, fmt.Errorf("load the isolations of probers: %w", err)
	}
	isolated := map[string][]view.Gap{}
	var prober string
	var gap viewGapRow
	_, err = pgx.ForEachRow(rows, []any{&prober, &gap.FromAt, &gap.ToAt, &gap.Reason}, func() error {
		isolated[prober] = append(isolated[prober], gap.gap())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the isolations of probers: %w", err)
	}
	return isolated, nil
}

// maxReports bounds what a decision reads of a failure of very many links.
const maxReports = 2000

func findingsOf(ctx context.Context, q querier, sql string, links []int64, kind string, from, to time.Time, most int) ([]view.LinkFinding, error) {
	rows, err := q.Query(ctx, sql, pgx.NamedArgs{"links": links, "kind": kind, "from": from, "to": to, "most": most})
	if err != nil {
		return nil, fmt.Errorf("load the findings of kind %s about %d links: %w", kind, len(links), err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f view.LinkFinding, err error) {
		var r reportRow
		if err = row.Scan(&f.Link, &r.At, &r.Prober, &r.Body); err == nil {
			f.Finding, err = r.finding(kind)
		}
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("load the findings of kind %s about %d links: %w", kind, len(links), err)
	}
	return found, nil
}

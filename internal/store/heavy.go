package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/linkstate"
	"vigie/internal/view"
	"vigie/probe"
)

// Of each link its last figure, its last try without one, its state and what it carried.
// What the plan refused was no try, and names no method.
var sqlTestFacts = query("view.test_facts", `
	SELECT l.link AS link_id, figure.at AS figure_at, figure.body AS figure, tried.at AS tried_at, s.status,
		coalesce(u.down_octets, 0)::bigint AS down_octets, coalesce(u.up_octets, 0)::bigint AS up_octets, coalesce(u.covered_millis, 0)::bigint AS covered_millis
	FROM unnest(@links::bigint[]) AS l (link)
		LEFT JOIN link_state s ON s.link_id = l.link
		LEFT JOIN LATERAL (SELECT at, body FROM finding
			WHERE link_id = l.link AND kind = 'throughput' AND NOT body ? 'not_run' ORDER BY at DESC LIMIT 1) figure ON true
		LEFT JOIN LATERAL (SELECT at FROM finding
			WHERE link_id = l.link AND kind = 'throughput' AND body ? 'not_run' AND body ? 'method' ORDER BY at DESC LIMIT 1) tried ON true
		LEFT JOIN LATERAL (SELECT sum(down_octets) AS down_octets, sum(up_octets) AS up_octets, sum(covered_millis) AS covered_millis
			FROM utilisation WHERE link_id = l.link AND at > @since) u ON true`)

type testFactsRow struct {
	LinkID        int64
	FigureAt      *time.Time
	Figure        []byte
	TriedAt       *time.Time
	Status        *string
	DownOctets    int64
	UpOctets      int64
	CoveredMillis int64
}

func (r testFactsRow) facts() (view.TestFacts, error) {
	f := view.TestFacts{
		Link: r.LinkID, FigureAt: instant(r.FigureAt), TriedAt: instant(r.TriedAt), Status: linkstate.Unknown,
		DownOctets: r.DownOctets, UpOctets: r.UpOctets, Covered: time.Duration(r.CoveredMillis) * time.Millisecond,
	}
	if r.Status != nil {
		if err := f.Status.UnmarshalText([]byte(*r.Status)); err != nil {
			return f, err
		}
	}
	if r.FigureAt == nil {
		return f, nil
	}
	found, err := probe.ReadFinding((*probe.Throughput).Kind(nil), r.Figure)
	if err != nil {
		return f, fmt.Errorf("last test of link %d: %w", r.LinkID, err)
	}
	f.Figure, _ = found.(*probe.Throughput)
	return f, nil
}

// TestFacts returns what decides whether links are tested for what they carry: in no
// order, one row for each. What they carried is counted from since on.
func (v *View) TestFacts(ctx context.Context, links []int64, since time.Time) ([]view.TestFacts, error) {
	rows, err := v.db.pool.Query(ctx, sqlTestFacts, pgx.NamedArgs{"links": links, "since": since})
	if err != nil {
		return nil, fmt.Errorf("load what is known of tested links: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (view.TestFacts, error) {
		r, err := pgx.RowToStructByName[testFactsRow](row)
		if err != nil {
			return view.TestFacts{}, err
		}
		return r.facts()
	})
	if err != nil {
		return nil, fmt.Errorf("load what is known of tested links: %w", err)
	}
	return found, nil
}

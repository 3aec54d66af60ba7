package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/measure"
	"vigie/internal/view"
)

var (
	sqlViewRouter = query("view.router", `
		SELECT p.asked_at, p.problem, p.doubt, p.answered_at, p.state,
			EXISTS (SELECT FROM gap g WHERE g.prober = p.prober AND g.reason IN ('isolated', 'doubtful')
				AND g.from_at <= p.asked_at AND g.to_at > p.asked_at - @asking::interval) AS ours,
			u.at AS carried_at, coalesce(u.down_octets, 0) AS down_octets, coalesce(u.up_octets, 0) AS up_octets, coalesce(u.covered_millis, 0) AS covered_millis
		FROM router_poll p LEFT JOIN LATERAL (
			SELECT at, down_octets, up_octets, covered_millis FROM utilisation
			WHERE link_id = p.link_id AND at > @since ORDER BY at DESC LIMIT 1) u ON true
		WHERE p.link_id = @link`)
	sqlViewIncidentTold = query("view.incident_told", `
		SELECT incident_id AS of, link_id, from_at, to_at, incident_id, coalesce(i.kind, '') AS kind, cause, told_at, router_started, simulated
		FROM outage LEFT JOIN incident i ON i.id = incident_id
		WHERE incident_id = ANY (@ids::bigint[]) AND cause IS NOT NULL ORDER BY from_at, link_id`)
	sqlViewTicketTold = query("view.ticket_told", `
		SELECT l.ticket_id AS of, o.link_id, o.from_at, o.to_at, coalesce(o.incident_id, 0) AS incident_id, coalesce(i.kind, '') AS kind,
			o.cause, o.told_at, o.router_started, o.simulated
		FROM ticket_link l JOIN outage o USING (link_id) LEFT JOIN incident i ON i.id = o.incident_id
		WHERE l.ticket_id = ANY (@ids::bigint[]) AND o.cause IS NOT NULL AND EXISTS (
			SELECT FROM ticket_period p WHERE p.ticket_id = l.ticket_id
				AND o.from_at >= p.since AND (p.restored_at IS NULL OR o.from_at < p.restored_at))
		ORDER BY o.from_at, o.link_id`)
)

// askingLasts is how long the question of a poll that nobody answered had been out: a cut
// of our own that ended so long before is what silenced it.
const askingLasts = 10 * time.Second

type viewRouterRow struct {
	AskedAt       time.Time
	Problem       string
	Doubt         string
	AnsweredAt    *time.Time
	State         []byte
	Ours          bool
	CarriedAt     *time.Time
	DownOctets    int64
	UpOctets      int64
	CoveredMillis int32
}

func (r viewRouterRow) router(link int64) (*view.Router, error) {
	out := &view.Router{
		Asked: r.AskedAt.UTC(), Problem: r.Problem, Ours: r.Ours && r.Problem != "", Doubt: measure.Doubt(r.Doubt),
		Now: view.NewCarrying(measure.Carried{At: instant(r.CarriedAt), DownOctets: r.DownOctets, UpOctets: r.UpOctets, CoveredMillis: r.CoveredMillis}),
	}
	if r.AnsweredAt == nil {
		return out, nil
	}
	var s pollState
	if err := json.Unmarshal(r.State, &s); err != nil {
		return nil, fmt.Errorf("last answer: %w", err)
	}
	p := s.poll(link, r.AnsweredAt.UTC())
	out.Answered, out.Access, out.Further, out.Health = p.At, p.Access, p.Further, p.Health
	if p.Uptime > 0 {
		out.Started = p.At.Add(-p.Uptime)
	}
	return out, nil
}

// Router gives what the router of a link told last; nil for one that was never asked.
func (v *View) Router(ctx context.Context, link int64, since time.Time) (found *view.Router, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sqlViewRouter, pgx.NamedArgs{"link": link, "since": since, "asking": askingLasts})
		if err != nil {
			return err
		}
		row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[viewRouterRow])
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err == nil {
			found, err = row.router(link)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the router of link %d: %w", link, err)
	}
	return found, nil
}

// toldRow is an outage that a router told of, under an incident or a ticket.
type toldRow struct {
	Of int64
	viewOutageRow
}

// tellIncidents adds to incidents what routers told of their outages.
func tellIncidents(ctx context.Context, tx pgx.Tx, list []view.IncidentRow) error {
	ids, places := make([]int64, len(list)), make(map[int64]*view.IncidentRow, len(list))
	for i := range list {
		ids[i], places[list[i].ID] = list[i].ID, &list[i]
	}
	told, err := many(ctx, tx, sqlViewIncidentTold, pgx.NamedArgs{"ids": ids}, same[toldRow])
	for _, row := range told {
		places[row.Of].Told = append(places[row.Of].Told, row.outage())
	}
	return err
}

// tellTickets adds to tickets what routers told of the outages under them.
func tellTickets(ctx context.Context, tx pgx.Tx, ids []int64, place func(id int64) *view.TicketFile) error {
	told, err := many(ctx, tx, sqlViewTicketTold, pgx.NamedArgs{"ids": ids}, same[toldRow])
	for _, row := range told {
		file := place(row.Of)
		file.Told = append(file.Told, row.outage())
	}
	return err
}

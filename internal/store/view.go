package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/checkstate"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/ticket"
	"vigie/internal/view"
)

// View is the store of the read models. Every answer is one snapshot of the database.
type View struct {
	db        *DB
	inventory indexCache
	plan      planCache
}

// NewView returns the read models' store in db.
func NewView(db *DB) *View { return &View{db: db} }

// read runs f on one snapshot of the database, which f cannot change.
func (v *View) read(ctx context.Context, f func(tx pgx.Tx) error) error {
	return v.db.snapshot(ctx, f)
}

// Inventory gives the whole inventory; it is shared and read only.
func (v *View) Inventory(ctx context.Context) (index *inventory.Index, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		index, err = v.inventory.get(ctx, tx)
		return err
	})
	return index, err
}

var (
	sqlViewDecided = query("view.decided", `SELECT (SELECT decided FROM engine), (SELECT changed_at FROM sending WHERE stopped),
		(SELECT floor(100 * extract(epoch FROM until - written) / nullif(extract(epoch FROM until - since), 0))::int FROM simulated_past WHERE written > since),
		(SELECT written FROM simulated_past WHERE written > since)`)
	sqlViewStates = query("view.states", `SELECT link_id, status, since FROM link_state`)
	// Link by link through the index: the minutes of a day lie in order of time only as
	// long as none comes late, and to read the day for its last ones takes a hundred times
	// as long.
	sqlViewLatest = query("view.latest", `
		SELECT l.id AS link_id, m.at, m.sent, m.received, coalesce(m.median_micros, 0) AS median_micros, m.simulated
		FROM link l CROSS JOIN LATERAL (
			SELECT at, sent, received, median_micros, simulated FROM minute
			WHERE link_id = l.id AND at >= @since AND sent > 0
			ORDER BY at DESC, received DESC LIMIT 1) m`)
	sqlViewTickets = query("view.live_tickets", `
		SELECT id, number, status = 'open' AS open,
			ARRAY(SELECT link_id FROM ticket_link WHERE ticket_id = t.id ORDER BY ordinal) AS links,
			(SELECT count(*) FROM message WHERE ticket_id = t.id AND state = 'waiting')
				+ (SELECT count(*) FROM gel WHERE ticket_id = t.id AND NOT accepted AND decided_at IS NULL) AS waiting
		FROM ticket t
		WHERE status = 'open' OR id IN (SELECT ticket_id FROM message WHERE state = 'waiting')
			OR id IN (SELECT ticket_id FROM gel WHERE NOT accepted AND decided_at IS NULL)
		ORDER BY id`)
)

type stateRow struct {
	LinkID int64
	Status string
	Since  *time.Time
}

type latestRow struct {
	LinkID       int64
	At           time.Time
	Sent         int
	Received     int
	MedianMicros int32
	Simulated    bool
}

type liveTicketRow struct {
	ID      int64
	Number  string
	Open    bool
	Links   []int64
	Waiting int
}

// Live gives what is true now; a link's latest minute counts from since.
func (v *View) Live(ctx context.Context, since time.Time) (view.Live, error) {
	live := view.Live{States: map[int64]view.LinkState{}, Failing: map[int64]checkstate.State{}, Latest: map[int64]view.Latest{}, Modes: ticket.Modes{Operators: map[string]ticket.Mode{}}}
	err := v.read(ctx, func(tx pgx.Tx) error {
		if err := loadSwitches(ctx, tx, &live); err != nil {
			return err
		}
		if err := loadStates(ctx, tx, &live, since); err != nil {
			return err
		}
		failing, err := many(ctx, tx, sqlViewFailing, nil, same[checkStateRow])
		if err != nil {
			return fmt.Errorf("read the checks that fail: %w", err)
		}
		if live.Failing, err = checkStates(failing); err != nil {
			return err
		}
		open := scope(view.Query{OpenOnly: true})
		open["limit"] = nil
		if live.Incidents, err = many(ctx, tx, sqlViewIncidents, open, incidentRow.incident); err != nil {
			return fmt.Errorf("read the open incidents: %w", err)
		}
		live.Tickets, err = many(ctx, tx, sqlViewTickets, nil, liveTicketRow.ticket)
		return err
	})
	if err != nil {
		return view.Live{}, fmt.Errorf("read what is live: %w", err)
	}
	return live, nil
}

// loadSwitches reads the last decided cycle and how freely operators are spoken to.
func loadSwitches(ctx context.Context, tx pgx.Tx, live *view.Live) error {
	var decided, stopped, written *time.Time
	var percent *int
	if err := tx.QueryRow(ctx, sqlViewDecided).Scan(&decided, &stopped, &percent, &written); err != nil {
		return err
	}
	if percent != nil {
		live.Filling = &view.Filling{Percent: *percent, Back: instant(written)}
	}
	live.Decided, live.StoppedSince = instant(decided), instant(stopped)
	live.Modes.Stopped = stopped != nil
	rows, err := tx.Query(ctx, sqlModes)
	if err != nil {
		return err
	}
	var key, mode string
	_, err = pgx.ForEachRow(rows, []any{&key, &mode}, func() error {
		live.Modes.Operators[key] = ticket.Mode(mode)
		return nil
	})
	return err
}

func loadStates(ctx context.Context, tx pgx.Tx, live *view.Live, since time.Time) error {
	states, err := many(ctx, tx, sqlViewStates, nil, func(r stateRow) stateRow { return r })
	if err != nil {
		return err
	}
	for _, row := range states {
		var status linkstate.Status
		if err := status.UnmarshalText([]byte(row.Status)); err != nil {
			return fmt.Errorf("state of link %d: %w", row.LinkID, err)
		}
		live.States[row.LinkID] = view.LinkState{Status: status, Since: instant(row.Since)}
	}
	latest, err := many(ctx, tx, sqlViewLatest, pgx.NamedArgs{"since": since}, func(r latestRow) latestRow { return r })
	if err != nil {
		return err
	}
	for _, row := range latest {
		live.Latest[row.LinkID] = view.Latest{
			At: row.At.UTC(), Sent: row.Sent, Received: row.Received, MedianMicros: row.MedianMicros, Simulated: row.Simulated,
		}
	}
	return nil
}

func (r liveTicketRow) ticket() view.LiveTicket {
	return view.LiveTicket{TicketRef: view.TicketRef{ID: r.ID, Number: r.Number}, Open: r.Open, Links: r.Links, Waiting: r.Waiting}
}

var sqlViewIncidents = query("view.incidents", `
	SELECT i.id, i.kind, i.since, i.opened_at, i.closed_at, i.ended_at,
		ARRAY(SELECT link_id FROM incident_link WHERE incident_id = i.id ORDER BY link_id) AS links,
		coalesce(t.id, 0) AS ticket_id, coalesce(t.number, '') AS ticket_number
	FROM incident i LEFT JOIN ticket t ON t.id = i.ticket_id
	WHERE i.into_id IS NULL AND (NOT @open OR i.closed_at IS NULL) AND (@only::bigint = 0 OR i.id = @only)
		AND (@after::bigint = 0 OR (i.since, i.id) < (SELECT since, id FROM incident WHERE id = @after))
		AND (@everything OR EXISTS (SELECT FROM incident_link l WHERE l.incident_id = i.id AND l.link_id = ANY (@links::bigint[])))
	ORDER BY i.since DESC, i.id DESC
	LIMIT @limit`)

type incidentRow struct {
	ID           int64
	Kind         string
	Since        time.Time
	OpenedAt     time.Time
	ClosedAt     *time.Time
	EndedAt      *time.Time
	Links        []int64
	TicketID     int64
	TicketNumber string
}

func (r incidentRow) incident() view.IncidentRow {
	return view.IncidentRow{
		ID: r.ID, Kind: incident.Kind(r.Kind), Since: r.Since.UTC(), OpenedAt: r.OpenedAt.UTC(),
		ClosedAt: instant(r.ClosedAt), EndedAt: instant(r.EndedAt), Links: r.Links,
		Ticket: view.TicketRef{ID: r.TicketID, Number: r.TicketNumber},
	}
}

// Incidents gives the incidents within a scope, the latest first; one that moved
// into another is told by that other.
func (v *View) Incidents(ctx context.Context, q view.Query) (list []view.IncidentRow, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		if list, err = many(ctx, tx, sqlViewIncidents, scope(q), incidentRow.incident); err != nil {
			return err
		}
		return tellIncidents(ctx, tx, list)
	})
	if err != nil {
		return nil, fmt.Errorf("read incidents: %w", err)
	}
	return list, nil
}

// scope is a query as the statements take it.
func scope(q view.Query) pgx.NamedArgs {
	links := q.Links
	if links == nil {
		links = []int64{}
	}
	return pgx.NamedArgs{
		"everything": q.Links == nil, "links": links, "open": q.OpenOnly, "limit": q.Limit, "after": q.After, "only": q.ID, "number": q.Number,
	}
}

var (
	sqlViewProbers = query("view.probers", `SELECT id, name, last_seen, coalesce(site, '') AS site FROM prober ORDER BY name`)
	sqlViewGaps    = query("view.gaps", `
		SELECT from_at, to_at, reason FROM gap WHERE prober = @prober AND to_at > @since ORDER BY from_at DESC LIMIT 500`)
	sqlViewNames = query("view.names", `SELECT id, name FROM person WHERE id = ANY (@ids::bigint[])`)
)

type proberRow struct {
	ID       int16
	Name     string
	LastSeen *time.Time
	Site     string
}

type viewGapRow struct {
	FromAt, ToAt time.Time
	Reason       string
}

func (r viewGapRow) gap() view.Gap {
	return view.Gap{From: r.FromAt.UTC(), To: r.ToAt.UTC(), Reason: r.Reason}
}

// Probers gives the vantage points and what they did not measure since a time.
func (v *View) Probers(ctx context.Context, since time.Time) ([]view.Prober, error) {
	var list []view.Prober
	err := v.read(ctx, func(tx pgx.Tx) error {
		rows, err := many(ctx, tx, sqlViewProbers, nil, func(r proberRow) proberRow { return r })
		if err != nil {
			return err
		}
		for _, row := range rows {
			gaps, err := many(ctx, tx, sqlViewGaps, pgx.NamedArgs{"prober": row.ID, "since": since}, viewGapRow.gap)
			if err != nil {
				return err
			}
			list = append(list, view.Prober{Name: row.Name, LastSeen: instant(row.LastSeen), Gaps: gaps, Site: row.Site})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the probers: %w", err)
	}
	return list, nil
}

// Names gives the names of persons by id; one that is not known is left out.
func (v *View) Names(ctx context.Context, ids []int64) (map[int64]string, error) {
	names := map[int64]string{}
	err := v.read(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sqlViewNames, pgx.NamedArgs{"ids": ids})
		if err != nil {
			return err
		}
		var id int64
		var name string
		_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
			names[id] = name
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of persons: %w", err)
	}
	return names, nil
}

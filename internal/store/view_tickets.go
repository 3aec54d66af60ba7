package store

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/ticket"
	"vigie/internal/view"
)

var (
	sqlViewTicketList = query("view.tickets", `
		SELECT id, incident_id, number, kind, addressee, coalesce(operator, '') AS operator, channel, mode, status, opened_at, resolved_at, coalesce(related, 0) AS related
		FROM ticket t
		WHERE (NOT @open OR status = 'open') AND (@after::bigint = 0 OR id < @after) AND (@number::text = '' OR number = @number)
			AND (@everything OR EXISTS (SELECT FROM ticket_link l WHERE l.ticket_id = t.id AND l.link_id = ANY (@links::bigint[])))
		ORDER BY id DESC LIMIT @limit`)
	sqlViewTicketLinks = query("view.ticket_links", `
		SELECT ticket_id, link_id FROM ticket_link WHERE ticket_id = ANY (@ids::bigint[]) ORDER BY ticket_id, ordinal`)
	sqlViewTicketPeriods = query("view.ticket_periods", `
		SELECT ticket_id, since, opened_at, sent_at, delivered_at, restored_at, coalesce(ack_reference, '') AS ack_reference, ack_at, coalesce(ack_by, 0) AS ack_by, claimed_at
		FROM ticket_period WHERE ticket_id = ANY (@ids::bigint[]) ORDER BY ticket_id, ordinal`)
	sqlViewTicketStates = query("view.ticket_states", `
		SELECT ticket_id, number, state FROM message WHERE ticket_id = ANY (@ids::bigint[]) ORDER BY ticket_id, number`)
	sqlViewTicketGels = query("view.ticket_gels", `
		SELECT ticket_id, id, from_at, to_at, cause, declared_by, accepted, reason, coalesce(decided_by, 0) AS decided_by, decided_at
		FROM gel WHERE ticket_id = ANY (@ids::bigint[]) ORDER BY ticket_id, from_at, id`)
	sqlViewMessageIDs = query("view.message_ids", `SELECT id FROM message WHERE ticket_id = @id ORDER BY number`)
	sqlViewTicketName = query("view.ticket_name", `SELECT number FROM ticket WHERE id = @id`)
	sqlViewJournal    = query("view.journal", `
		SELECT chain_kind, chain_id, seq, version, at, actor, action, body, prev, hash, NULL::bytea AS sealed
		FROM journal_entry WHERE chain_kind = @kind AND chain_id = @id ORDER BY seq`)
)

type ofTicketLink struct {
	TicketID int64
	LinkID   int64
}

type ofTicketPeriod struct {
	TicketID int64
	periodRow
}

type ofTicketState struct {
	TicketID int64
	Number   int
	State    string
}

type ofTicketGel struct {
	TicketID int64
	declaredRow
}

func same[T any](row T) T { return row }

func (r ticketRow) ticket() ticket.Ticket {
	return ticket.Ticket{
		ID: r.ID, Incident: r.IncidentID, Number: r.Number, Kind: incident.Kind(r.Kind), Addressee: incident.Addressee(r.Addressee),
		Operator: r.Operator, Channel: inventory.Channel(r.Channel), Mode: ticket.Mode(r.Mode), Status: ticket.Status(r.Status),
		OpenedAt: r.OpenedAt.UTC(), ResolvedAt: instant(r.ResolvedAt), Related: r.Related,
	}
}

// Tickets gives the tickets within a scope, the latest first. Of a message only the
// number and the state are read.
func (v *View) Tickets(ctx context.Context, q view.Query) ([]view.TicketFile, error) {
	var files []view.TicketFile
	err := v.read(ctx, func(tx pgx.Tx) error {
		tickets, err := many(ctx, tx, sqlViewTicketList, scope(q), ticketRow.ticket)
		if err != nil {
			return err
		}
		files = make([]view.TicketFile, len(tickets))
		places := make(map[int64]*view.TicketFile, len(tickets))
		ids := make([]int64, len(tickets))
		for i, t := range tickets {
			files[i].Ticket, ids[i], places[t.ID] = t, t.ID, &files[i]
		}
		return fillTickets(ctx, tx, ids, places)
	})
	if err != nil {
		return nil, fmt.Errorf("read tickets: %w", err)
	}
	return files, nil
}

// fillTickets reads what belongs to the tickets, a statement for each kind of row.
func fillTickets(ctx context.Context, tx pgx.Tx, ids []int64, places map[int64]*view.TicketFile) error {
	args := pgx.NamedArgs{"ids": ids}
	links, err := many(ctx, tx, sqlViewTicketLinks, args, same[ofTicketLink])
	if err != nil {
		return err
	}
	for _, row := range links {
		t := &places[row.TicketID].Ticket
		t.Links = append(t.Links, row.LinkID)
	}
	periods, err := many(ctx, tx, sqlViewTicketPeriods, args, same[ofTicketPeriod])
	if err != nil {
		return err
	}
	for _, row := range periods {
		t := &places[row.TicketID].Ticket
		t.Periods = append(t.Periods, row.period())
	}
	states, err := many(ctx, tx, sqlViewTicketStates, args, same[ofTicketState])
	if err != nil {
		return err
	}
	for _, row := range states {
		t := &places[row.TicketID].Ticket
		t.Messages = append(t.Messages, ticket.Message{Number: row.Number, State: ticket.MessageState(row.State)})
	}
	gels, err := many(ctx, tx, sqlViewTicketGels, args, same[ofTicketGel])
	if err != nil {
		return err
	}
	for _, row := range gels {
		file := places[row.TicketID]
		file.Ticket.Gels = append(file.Ticket.Gels, row.declared())
		file.Gels = append(file.Gels, row.gel())
	}
	return tellTickets(ctx, tx, ids, func(id int64) *view.TicketFile { return places[id] })
}

// Ticket gives one ticket whole; fault.NotFound without it.
func (v *View) Ticket(ctx context.Context, id int64) (file view.TicketFile, err error) {
	err = v.read(ctx, func(tx pgx.Tx) error {
		if file.Ticket, err = loadTicket(ctx, tx, id); err != nil {
			return err
		}
		if file.MessageIDs, err = messageIDs(ctx, tx, id); err != nil {
			return err
		}
		file.Gels = gels(file.Ticket.Gels)
		if err = tellTickets(ctx, tx, []int64{id}, func(int64) *view.TicketFile { return &file }); err != nil {
			return err
		}
		if file.Journal, err = readChain(ctx, tx, journal.Chain{Kind: "ticket", ID: strconv.FormatInt(id, 10)}); err != nil {
			return err
		}
		if file.Ticket.Related != 0 {
			file.Related.ID = file.Ticket.Related
			err = tx.QueryRow(ctx, sqlViewTicketName, pgx.NamedArgs{"id": file.Ticket.Related}).Scan(&file.Related.Number)
		}
		return err
	})
	if err != nil {
		return view.TicketFile{}, fmt.Errorf("read ticket %d: %w", id, err)
	}
	return file, nil
}

func messageIDs(ctx context.Context, tx pgx.Tx, id int64) ([]int64, error) {
	rows, err := tx.Query(ctx, sqlViewMessageIDs, pgx.NamedArgs{"id": id})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// readChain gives every record of one chain of the journal.
func readChain(ctx context.Context, tx pgx.Tx, chain journal.Chain) ([]journal.Record, error) {
	rows, err := tx.Query(ctx, sqlViewJournal, pgx.NamedArgs{"kind": chain.Kind, "id": chain.ID})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var records []journal.Record
	for rows.Next() {
		record, _, err := scanRecord(rows)
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, rows.Err()
}

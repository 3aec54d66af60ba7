package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"vigie/internal/app"
	"vigie/internal/httpd/api"
)

type ticketsCommand struct {
	List ticketListCommand `cmd:"" default:"withargs" help:"List the tickets, the latest first."`
	Show ticketShowCommand `cmd:"" help:"Show one ticket: what was said, and how long the operator had."`
}

// Help gives examples.
func (ticketsCommand) Help() string {
	return `Examples:
  vigie tickets
  vigie tickets --all --format csv > tickets.csv
  vigie tickets show VIGIE-2026-000001`
}

type ticketListCommand struct {
	All    bool   `help:"Those that are over too."`
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (ticketListCommand) Help() string {
	return `Examples:
  vigie tickets list
  vigie tickets list --all --format csv > tickets.csv`
}

// Run lists tickets, the latest first.
func (c ticketListCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	list, err := readAll(s.ctx, func(ctx context.Context, p api.Pieces) (api.Live[api.TicketBrief], error) {
		return commands.Tickets(ctx, api.TicketQuery{PastQuery: api.PastQuery{OpenOnly: !c.All, Pieces: p}})
	})
	if err != nil {
		return err
	}
	return showList(s, c.Format, list, row{"number", "status", "kind", "operator", "opened", "clock", "overrun", "reference", "links"}, func(t api.TicketBrief) row {
		overrun := ""
		if t.Overrun != nil && *t.Overrun > 0 {
			overrun = s.spell(*t.Overrun)
		}
		return row{t.Number, t.Status, t.Kind, t.OperatorName, s.when(&t.OpenedAt), text(t.ClockState), overrun, text(t.Reference), refsOf(t.Links, t.HiddenLinks)}
	})
}

// spell writes seconds as people do.
func (s surroundings) spell(seconds int64) string {
	return s.print.Duration(time.Duration(seconds) * time.Second)
}

type ticketShowCommand struct {
	Number string `arg:"" help:"Number of the ticket, such as VIGIE-2026-000001."`
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (ticketShowCommand) Help() string {
	return `A table has the facts, the clocks, then every message; CSV has the messages.

Examples:
  vigie tickets show VIGIE-2026-000001
  vigie tickets show VIGIE-2026-000001 --format json`
}

// Run shows a ticket.
func (c ticketShowCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	t, err := commands.Ticket(s.ctx, app.TicketQuestion{Number: c.Number})
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		return writeJSON(s.out, t)
	case "csv":
		return api.WriteCSV(s.out, t.Messages)
	}
	w := bufio.NewWriter(s.out)
	s.ticketFacts(w, t)
	for _, m := range t.Messages {
		fmt.Fprintf(w, "\n%d. %s, %s, to %s", m.Number, m.Kind, m.State, cmp.Or(m.Recipient, ourselves))
		if m.SentAt != nil {
			fmt.Fprintf(w, ", sent %s", s.when(m.SentAt))
		}
		fmt.Fprintf(w, "\n   %s\n", m.Subject)
		for line := range strings.Lines(m.Body) {
			fmt.Fprintf(w, "   | %s\n", strings.TrimRight(line, "\r\n"))
		}
		for _, fact := range []string{m.Proof, m.Problem} {
			if fact != "" {
				fmt.Fprintf(w, "   %s\n", fact)
			}
		}
	}
	return w.Flush()
}

// ourselves are addressed where no operator is.
const ourselves = "our own team"

func (s surroundings) ticketFacts(w *bufio.Writer, t api.Ticket) {
	rows := []row{
		{"ticket", t.Number + ", " + t.Status},
		{"kind", t.Kind},
		{"addressee", cmp.Or(t.OperatorName, ourselves) + " (" + t.Mode + ")"},
		{"links", refsOf(t.Links, t.HiddenLinks)},
		{"since", s.when(&t.Since)},
		{"opened", s.when(&t.OpenedAt)},
		{"delivered", s.when(t.DeliveredAt)},
		{"acknowledged", strings.TrimSpace(s.when(t.Acknowledged) + " " + text(t.Reference))},
		{"resolved", s.when(t.ResolvedAt)},
	}
	for _, a := range t.Absences {
		for _, c := range a.Clocks {
			reading := fmt.Sprintf("%s of %s, %s", s.spell(c.Elapsed), s.spell(c.GTR), c.State)
			if c.Overrun > 0 {
				reading += ", " + s.spell(c.Overrun) + " too long"
			}
			rows = append(rows, row{"clock", reading})
		}
	}
	if t.JournalIntact != nil && !*t.JournalIntact {
		rows = append(rows, row{"journal", "BROKEN: run vigie check journal"})
	}
	writeRows(w, rows)
}

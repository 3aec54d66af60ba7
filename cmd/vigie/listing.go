package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vigie/internal/httpd/api"
)

// wholePiece is how many items a command asks for at once.
const wholePiece = 500

// readAll reads a list to its end.
func readAll[T any](ctx context.Context, ask func(context.Context, api.Pieces) (api.Live[T], error)) (api.Live[T], error) {
	pieces := api.Pieces{Limit: wholePiece}
	all, err := ask(ctx, pieces)
	for err == nil && all.Next != "" {
		pieces.After = all.Next
		var more api.Live[T]
		more, err = ask(ctx, pieces)
		all.Items, all.Next = append(all.Items, more.Items...), more.Next
	}
	return all, err
}

// showList prints a list in one of the formats; a table says on standard error what
// the list does not tell of the present.
func showList[T any](s surroundings, format string, list api.Live[T], columns row, cells func(T) row) error {
	switch format {
	case "json":
		return writeJSON(s.out, list)
	case "csv":
		return api.WriteCSV(s.out, list.Items)
	}
	rows := []row{columns}
	for _, item := range list.Items {
		rows = append(rows, cells(item))
	}
	w := bufio.NewWriter(s.out)
	writeRows(w, rows)
	switch {
	case list.DecidedAt == nil:
		fmt.Fprintln(s.talk, "no cycle was decided yet: nothing is known")
	case list.Stale:
		fmt.Fprintf(s.talk, "this is no longer the present: the last cycle was decided on %s\n", s.print.TimeSeconds(*list.DecidedAt))
	}
	if list.Simulated {
		fmt.Fprintln(s.talk, "some figures are simulated")
	}
	return w.Flush()
}

// row is the cells of one line of a table.
type row []string

// writeRows writes rows with each column as wide as its widest cell.
func writeRows(w io.Writer, rows []row) {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		for i, cell := range r {
			fmt.Fprintf(&b, "%-*s", widths[i]+2, cell)
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// when writes an instant in the language of the results; empty for none.
func (s surroundings) when(t *time.Time) string {
	if t == nil {
		return ""
	}
	return s.print.Time(*t)
}

// lasted is how long something lasted, until now when it lasts.
func (s surroundings) lasted(from time.Time, to *time.Time) string {
	end := time.Now()
	if to != nil {
		end = *to
	}
	return s.print.Duration(end.Sub(from))
}

func refsOf(links []api.LinkRef, hidden int) string {
	const shown = 4
	var refs []string
	for i, l := range links {
		if i == shown {
			hidden += len(links) - shown
			break
		}
		refs = append(refs, l.Ref)
	}
	if hidden > 0 {
		refs = append(refs, "+"+strconv.Itoa(hidden))
	}
	return strings.Join(refs, " ")
}

func namesOf(sites []api.Place) string {
	var names []string
	for _, p := range sites {
		names = append(names, p.Name+" "+p.Commune)
	}
	return strings.Join(names, ", ")
}

func text[T any](v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}

type sitesCommand struct {
	Text        string `name:"search" short:"q" help:"Words of the name, the commune, the key or a UAI." placeholder:"WORDS"`
	Departement string `help:"Only sites of this département." placeholder:"CODE"`
	Format      string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (sitesCommand) Help() string {
	return `JSON and CSV have the names of the API.

Examples:
  vigie sites --departement 55
  vigie sites --search 0670001A --format json`
}

// Run lists the sites.
func (c sitesCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	list, err := readAll(s.ctx, func(ctx context.Context, p api.Pieces) (api.Live[api.Site], error) {
		return commands.Sites(ctx, api.SiteQuery{Text: c.Text, Departement: c.Departement, Pieces: p})
	})
	if err != nil {
		return err
	}
	return showList(s, c.Format, list, row{"site", "state", "name", "commune", "dep", "kind", "links"}, func(p api.Site) row {
		return row{p.Key, p.State, p.Name, p.Commune, p.Departement, p.Kind, refsOf(p.Links, 0)}
	})
}

type incidentsCommand struct {
	All    bool   `help:"Those that are over too."`
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (incidentsCommand) Help() string {
	return `JSON and CSV have the names of the API.

Examples:
  vigie incidents
  vigie incidents --all --format csv > incidents.csv`
}

// Run lists incidents, the latest first.
func (c incidentsCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	list, err := readAll(s.ctx, func(ctx context.Context, p api.Pieces) (api.Live[api.Incident], error) {
		return commands.Incidents(ctx, api.PastQuery{OpenOnly: !c.All, Pieces: p})
	})
	if err != nil {
		return err
	}
	return showList(s, c.Format, list, row{"id", "kind", "since", "lasted", "ended", "ticket", "links"}, func(i api.Incident) row {
		end := i.EndedAt
		if end == nil {
			end = i.ClosedAt
		}
		return row{strconv.FormatInt(i.ID, 10), i.Kind, s.when(&i.Since), s.lasted(i.Since, end), s.when(end), text(i.TicketNumber), refsOf(i.Links, i.HiddenLinks)}
	})
}

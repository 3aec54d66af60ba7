package main

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"vigie/internal/app"
	"vigie/internal/httpd/api"
	"vigie/internal/view"
)

type linksCommand struct {
	List linkListCommand `cmd:"" default:"withargs" help:"List the links, by state."`
	Show linkShowCommand `cmd:"" help:"Show one link: its state, its router, what it carries, its outages."`
}

// Help gives examples.
func (linksCommand) Help() string {
	return `JSON and CSV have the names of the API.

Examples:
  vigie links --state down
  vigie links --departement 67 --search "college barr"
  vigie links --format csv > links.csv
  vigie links show BRE-1001`
}

type linkListCommand struct {
	Text        string `name:"search" short:"q" help:"Words of the reference, the operator, the POP or a site." placeholder:"WORDS"`
	State       string `help:"Only links in this state." enum:",up,degraded,down,unknown" default:"" placeholder:"up|degraded|down|unknown"`
	Operator    string `help:"Only links of this operator, by its key." placeholder:"KEY"`
	Departement string `help:"Only links of this département." placeholder:"CODE"`
	Format      string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (linkListCommand) Help() string {
	return `JSON and CSV have the names of the API.

Examples:
  vigie links --state down
  vigie links --departement 67 --search "college barr"
  vigie links --format csv > links.csv`
}

// Run lists the links in force.
func (c linkListCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	list, err := readAll(s.ctx, func(ctx context.Context, p api.Pieces) (api.Live[api.Link], error) {
		return commands.Links(ctx, api.LinkQuery{Text: c.Text, State: c.State, Operator: c.Operator, Departement: c.Departement, Pieces: p})
	})
	if err != nil {
		return err
	}
	return showList(s, c.Format, list, row{"link", "state", "since", "operator", "pop", "median", "lost", "ticket", "sites"}, func(l api.Link) row {
		median, lost := "", ""
		if l.MeasuredAt != nil && !l.MeasureFormer {
			lost = fmt.Sprintf("%d/%d", l.EchoesSent-l.EchoesReceived, l.EchoesSent)
			if l.MedianRTT != nil {
				median = s.print.Millis(int64(*l.MedianRTT))
			}
		}
		return row{l.Ref, l.State, s.when(l.StateSince), l.OperatorName, l.POP, median, lost, text(l.TicketNumber), namesOf(l.Sites)}
	})
}

type linkShowCommand struct {
	Ref    string `arg:"" help:"The operator's reference of the link, such as BRE-1001."`
	Range  string `help:"How far back the outages go." enum:"1h,6h,24h,7d,30d,1y,13m" default:"30d"`
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (linkShowCommand) Help() string {
	return `A table has the facts and the outages; CSV has the outages; JSON has all that the API tells.

Examples:
  vigie links show BRE-1001
  vigie links show BRE-1001 --range 1y --format csv > outages.csv`
}

// Run shows a link.
func (c linkShowCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	l, err := commands.Link(s.ctx, app.LinkQuestion{Ref: c.Ref, Range: view.Range(c.Range)})
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		return writeJSON(s.out, l)
	case "csv":
		return api.WriteCSV(s.out, l.Series.Outages)
	}
	w := bufio.NewWriter(s.out)
	writeRows(w, append(s.linkFacts(l), s.routerFacts(l)...))
	fmt.Fprintf(w, "\noutages since %s: %d\n", s.when(&l.Series.From), len(l.Series.Outages))
	if len(l.Series.Outages) > 0 {
		rows := []row{{"from", "to", "lasted", "cause", "incident"}}
		for _, o := range l.Series.Outages {
			rows = append(rows, row{s.when(&o.From), s.when(o.To), s.lasted(o.From, o.To), text(o.Cause), text(o.IncidentID)})
		}
		writeRows(w, rows)
	}
	return w.Flush()
}

func (s surroundings) linkFacts(l api.LinkDetail) []row {
	rows := []row{
		{"link", l.Ref + ", " + l.OperatorName + ", " + l.Technology},
		{"sites", namesOf(l.Sites)},
		{"state", l.State},
		{"guaranteed", s.print.BitRate(l.DownRate) + " down, " + s.print.BitRate(l.UpRate) + " up"},
	}
	optional := func(name, value string) {
		if value != "" {
			rows = append(rows, row{name, value})
		}
	}
	optional("since", s.when(l.StateSince))
	if l.MeasuredAt != nil && !l.MeasureFormer {
		echoes := fmt.Sprintf("%d of %d echoes lost", l.EchoesSent-l.EchoesReceived, l.EchoesSent)
		if l.MedianRTT != nil {
			echoes += ", median " + s.print.Millis(int64(*l.MedianRTT))
		}
		optional("measured", s.when(l.MeasuredAt)+", "+echoes)
	}
	optional("incident", text(l.IncidentID))
	optional("ticket", text(l.TicketNumber))
	return rows
}

func (s surroundings) routerFacts(l api.LinkDetail) []row {
	r := l.Router
	if r == nil {
		return []row{{"router", "never asked"}}
	}
	asked := s.when(&r.AskedAt)
	if r.Problem != nil {
		asked += ": " + *r.Problem
	}
	rows := []row{{"router asked", asked}, {"answered", s.when(r.AnsweredAt)}}
	if r.StartedAt != nil {
		rows = append(rows, row{"started", s.when(r.StartedAt) + ", up " + s.print.Duration(time.Since(*r.StartedAt))})
	}
	if r.Interface != nil {
		name := *r.Interface
		if r.Up != nil {
			name += map[bool]string{true: ", up", false: ", down"}[*r.Up]
		}
		if r.Speed != nil {
			name += ", " + s.print.BitRate(*r.Speed)
		}
		rows = append(rows, row{"interface", name})
	}
	if r.Doubt != nil {
		rows = append(rows, row{"counters", *r.Doubt})
	}
	if c := r.Carrying; c != nil {
		rows = append(rows, row{"carries", s.used(c.DownRate, l.DownRate) + " down, " + s.used(c.UpRate, l.UpRate) + " up"})
	}
	return rows
}

// used is a rate and its part of a guaranteed one, in percent.
func (s surroundings) used(rate, guaranteed int64) string {
	if guaranteed <= 0 {
		return s.print.BitRate(rate)
	}
	return fmt.Sprintf("%s (%d %%)", s.print.BitRate(rate), rate*100/guaranteed)
}

package main

import (
	"context"
	"strconv"
	"strings"

	"vigie/internal/httpd/api"
)

type probersCommand struct {
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (probersCommand) Help() string {
	return `What a prober failed to do in the last hour is its own doing, and no loss of a line.
"ok" says that it measures well. JSON and CSV have the names of the API.

Examples:
  vigie probers
  vigie probers --format csv > probers.csv`
}

// Run lists the vantage points.
func (c probersCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	list, err := readAll(s.ctx, func(ctx context.Context, p api.Pieces) (api.Live[api.Prober], error) {
		return commands.Probers(ctx, p)
	})
	if err != nil {
		return err
	}
	columns := row{"prober", "last seen", "measured", "lag p95", "lag worst", "unsent", "void", "dropped", "left out", "errands", "clock", "state"}
	return showList(s, c.Format, list, columns, func(p api.Prober) row {
		state := strings.Join(p.Troubles, ", ")
		if state == "" {
			state = "ok"
		}
		measured := ""
		if p.Due > 0 {
			measured = s.print.Percent(int64(p.Measured*1000), int64(p.Due*1000), 1)
		}
		count := func(n int64) string { return strconv.FormatInt(n, 10) }
		return row{
			p.Name, s.when(p.LastSeen), measured, s.print.Millis(p.Lag95), s.print.Millis(p.WorstLag),
			count(p.Unsent), count(p.Void), count(p.Dropped), count(p.Overrun), count(p.Errands), clockOf(s, p), state,
		}
	})
}

// clockOf says how far the clock of a prober is from the right time, and by whom.
func clockOf(s surroundings, p api.Prober) string {
	switch {
	case p.ClockSource == nil:
		return "not known"
	case p.ClockOffset == nil:
		return "free (" + *p.ClockSource + ")"
	case *p.ClockOffset < 0:
		return s.print.Millis(-*p.ClockOffset) + " behind (" + *p.ClockSource + ")"
	}
	return s.print.Millis(*p.ClockOffset) + " ahead (" + *p.ClockSource + ")"
}

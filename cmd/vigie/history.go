package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"vigie/internal/app"
	"vigie/internal/fault"
	"vigie/internal/history"
)

type historyCommand struct {
	Size   historySizeCommand   `cmd:"" help:"Tell what is stored, and what the configured retention costs."`
	Export historyExportCommand `cmd:"" help:"Write months of what was measured as CSV, outside the database."`
	Import historyImportCommand `cmd:"" help:"Take months that were exported."`
	Replay historyReplayCommand `cmd:"" help:"Decide stored rounds again, and say what would differ."`
}

// Help gives examples.
func (historyCommand) Help() string {
	return `Examples:
  vigie history size --links 60000
  vigie history export --month 2026-10 archive/
  vigie history import archive/
  vigie history replay --from 2026-11-25T08:00Z`
}

// historyConfig is the file that says how long things are kept, and names a database.
type historyConfig struct {
	Config string `help:"Configuration file, for its history and database_url. Default: the defaults." placeholder:"FILE"`
}

func (c historyConfig) open(s surroundings) (*app.Archive, app.Configuration, error) {
	configuration := app.DefaultConfiguration()
	if c.Config != "" {
		var err error
		if configuration, err = app.ReadConfiguration(c.Config); err != nil {
			return nil, configuration, err
		}
	}
	dir, err := s.dir()
	if err != nil {
		return nil, configuration, err
	}
	if !app.Running(dir) {
		fmt.Fprintf(s.talk, "no running instance: opening the data in %s\n", dir)
	}
	a, err := app.OpenArchive(s.ctx, dir, configuration, s.logger)
	return a, configuration, err
}

type historySizeCommand struct {
	historyConfig
	Links  int    `help:"Project to this number of links. Default: those in force." placeholder:"N"`
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help says what it rests on.
func (historySizeCommand) Help() string {
	return `What a link takes a day in each table is measured from what is stored, and multiplied by the days kept and the links.
A table that is still empty is not projected. Indexes are in it, and what PostgreSQL keeps free for later rows.

Examples:
  vigie history size
  vigie history size --config vigie.yaml --links 60000
  vigie history size --format csv > size.csv`
}

// Run prints the projection.
func (c historySizeCommand) Run(s surroundings) error {
	if c.Links < 0 {
		return &usageError{fmt.Sprintf("--links: %d, expected 1 or more", c.Links)}
	}
	a, _, err := c.open(s)
	if err != nil {
		return err
	}
	defer s.leave(a)
	stop := s.waiting("vigie history size")
	cost, err := a.Cost(s.ctx, c.Links, time.Now())
	stop()
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		return writeJSON(s.out, cost)
	case "csv":
		return writeCostCSV(s.out, cost)
	}
	return writeCost(s.out, s, cost)
}

func writeCostCSV(to io.Writer, cost history.Cost) error {
	w := csv.NewWriter(to)
	rows := [][]string{{"table", "key", "kept", "stored_octets", "octets_a_link_and_day", "links", "octets"}}
	for _, t := range cost.Tables {
		each := ""
		if t.OctetsALinkDay != nil {
			each = strconv.FormatFloat(*t.OctetsALinkDay, 'f', 1, 64)
		}
		rows = append(rows, []string{t.Table, t.Key, t.Kept.String(), strconv.FormatInt(t.Stored, 10), each, strconv.Itoa(cost.Links), text(t.Octets)})
	}
	return errors.Join(w.WriteAll(rows), w.Error())
}

func writeCost(to io.Writer, s surroundings, cost history.Cost) error {
	megabytes := func(octets int64) string { return s.print.Decimal(fmt.Sprintf("%.1f", float64(octets)/1e6)) + " MB" }
	out := planSheet{bufio.NewWriter(to)}
	var rows []row
	for _, t := range cost.Tables {
		each, all := "–", "–"
		if t.OctetsALinkDay != nil {
			each, all = s.print.Number(int64(*t.OctetsALinkDay+0.5)), megabytes(*t.Octets)
		}
		rows = append(rows, row{t.Table, "history." + t.Key, t.Kept.String(), megabytes(t.Stored), each, all})
	}
	rows = append(rows, row{"the rest", "", "for ever", megabytes(cost.RestOctets), "", ""})
	out.table(row{"table", "key", "kept", "stored now", "octets a link and day", "for " + s.print.Number(int64(cost.Links)) + " links"}, rows)
	out.line("")
	out.line("projected: %s", megabytes(cost.TotalOctets))
	if !cost.Known {
		out.line("without the tables marked –, of which too little is stored yet")
	}
	return out.Flush()
}

// monthArg is a month such as 2026-10.
type monthArg struct{ time.Time }

// UnmarshalText reads a month.
func (m *monthArg) UnmarshalText(text []byte) (err error) {
	m.Time, err = history.ParseMonth(string(text))
	return err
}

type historyExportCommand struct {
	historyConfig
	Month  []monthArg `help:"Months to write, in UTC. Default: every month that is stored and over." placeholder:"YYYY-MM"`
	Folder string     `arg:"" help:"Folder that gets one folder a month." placeholder:"FOLDER"`
}

// Help says what is in it.
func (historyExportCommand) Help() string {
	return `Each month becomes a folder with hours, days, five-minute figures, outages and findings as CSV packed by gzip, and a
manifest with the rows, octets and SHA-256 of each file. A month appears when it is complete, and one that is there is
left as it is: after an interruption, type the same again.

Examples:
  vigie history export --month 2026-10 archive/
  vigie history export --month 2026-09,2026-10 archive/
  vigie history export archive/`
}

// Run writes the months.
func (c historyExportCommand) Run(s surroundings) error {
	a, _, err := c.open(s)
	if err != nil {
		return err
	}
	defer s.leave(a)
	now := time.Now()
	var months []time.Time
	for _, m := range c.Month {
		months = append(months, m.Time)
	}
	if len(months) == 0 {
		if months, err = a.Months(s.ctx, now); err != nil {
			return err
		}
	}
	console := newConsole(s.talk)
	for _, month := range months {
		name := history.MonthName(month)
		m, err := a.Export(s.ctx, month, filepath.Join(c.Folder, name), version, now, console.octets(name, 0))
		switch {
		case fault.KindOf(err) == fault.Conflict && len(c.Month) != 1:
			console.say(fmt.Sprintf("%s: left out: %v", name, err))
		case err != nil:
			return stoppedAt(s, name, err)
		default:
			for _, f := range m.Files {
				fmt.Fprintf(s.out, "%s\t%s\t%d rows\t%d octets\tsha256 %s\n", name, f.File, f.Rows, f.Octets, f.SHA256)
			}
		}
	}
	return nil
}

// stoppedAt says how to go on after an interruption.
func stoppedAt(s surroundings, month string, err error) error {
	if s.ctx.Err() != nil {
		return fmt.Errorf("stopped in %s, of which nothing is kept: type the same again to go on there", month)
	}
	return err
}

type historyImportCommand struct {
	historyConfig
	Folder string `arg:"" help:"Folder of a month, or of several." placeholder:"FOLDER"`
}

// Help says what is refused.
func (historyImportCommand) Help() string {
	return `The files of each month are checked against its manifest, then taken whole or not at all. What is stored already is passed
over, so it may be typed again after an interruption; a value that contradicts what is stored is refused, by file and
line. Links are found by their reference: their inventory comes first (vigie import).

Examples:
  vigie history import archive/
  vigie history import archive/2026-10`
}

// Run takes the months.
func (c historyImportCommand) Run(s surroundings) error {
	months, err := app.FindArchives(c.Folder)
	if err != nil {
		return err
	}
	a, configuration, err := c.open(s)
	if err != nil {
		return err
	}
	defer s.leave(a)
	oldest := configuration.History.Hours.Before(time.Now())
	for _, m := range months {
		console := newConsole(s.talk) // each month is counted from 0 on
		taken, err := a.Import(s.ctx, m, console.octets(m.Month, m.Octets()))
		if err != nil {
			return stoppedAt(s, m.Month, err)
		}
		fmt.Fprintf(s.out, "%s\t%d rows\t%d new records\n", taken.Month, taken.Rows, taken.Added)
		if month, err := history.ParseMonth(m.Month); err == nil && month.Before(oldest) {
			console.say(fmt.Sprintf("%s begins before what is kept as hours (history.hours: %s): a running Vigie drops that part again within the hour", m.Month, configuration.History.Hours))
		}
	}
	return nil
}

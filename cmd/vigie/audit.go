package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"vigie/dashboards"
	"vigie/internal/app"
	"vigie/internal/audit"
	"vigie/internal/fault"
	"vigie/internal/httpd/api"
	"vigie/internal/report"
)

type auditCommand struct {
	Year       auditYear `help:"Civil year." placeholder:"YYYY" xor:"period"`
	SchoolYear auditYear `help:"School year by the year of its September: 2025 is 2025-09-01 to 2026-08-31." placeholder:"YYYY" xor:"period"`
	From       auditDay  `help:"First day." placeholder:"DAY" xor:"period" and:"days"`
	To         auditDay  `help:"Last day." placeholder:"DAY" and:"days"`
	Site       string    `help:"Only the links of this site, by its key." placeholder:"KEY"`
	Format     string    `help:"Form of the result." enum:"table,csv,json,xlsx" default:"table"`
	Output     string    `help:"File to write instead of standard output; needed for xlsx." short:"o" placeholder:"FILE"`
}

// Help gives examples.
func (auditCommand) Help() string {
	return `Without a period: the last twelve whole months. A period that is not over is audited up to yesterday.
Below 90 % of coverage there is no figure; in CSV its cell is empty, in JSON it is null.
JSON is the list that /api/v1/audit gives.

Examples:
  vigie audit
  vigie audit --year 2026 --format xlsx --output audit-2026.xlsx
  vigie audit --school-year 2025 --format csv > audit.csv
  vigie audit --from 2026-09-01 --to 2026-10-16 --site barr-college-de-barr`
}

// Run prints the audit. What could not be priced is named on standard error, and
// makes the command fail although the rest is printed.
func (c auditCommand) Run(s surroundings) error {
	if err := needsOutput(c.Format, c.Output); err != nil {
		return err
	}
	now := time.Now()
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	stop := s.waiting("vigie audit")
	r, err := commands.Audit(s.ctx, c.period(now), now)
	stop()
	if fault.KindOf(err) == fault.Invalid {
		return &usageError{err.Error()}
	}
	if err != nil {
		return err
	}
	if c.Site != "" {
		if r = r.Only(c.Site); len(r.Lines) == 0 {
			return &usageError{fmt.Sprintf("--site: %q has no link in service in this period", c.Site)}
		}
	}
	if err := s.writeTo(c.Output, func(w io.Writer) error { return c.show(w, s, r) }); err != nil {
		return err
	}
	return sayRefused(s, r)
}

func (c auditCommand) period(now time.Time) audit.Period {
	switch {
	case c.Year != 0:
		return audit.CivilYear(int(c.Year))
	case c.SchoolYear != 0:
		return audit.SchoolYear(int(c.SchoolYear))
	case !c.From.IsZero():
		return audit.Period{From: c.From.Time, To: c.To.AddDate(0, 0, 1)}
	}
	return audit.LastTwelveMonths(now)
}

// auditYear is a year that can be audited; 0 when none is given.
type auditYear int

// UnmarshalText reads a year of four digits.
func (y *auditYear) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < audit.FirstYear || n > audit.LastYear {
		return fmt.Errorf("%q: expected a year, %d to %d", text, audit.FirstYear, audit.LastYear)
	}
	*y = auditYear(n)
	return nil
}

// auditDay is a civil day that can be audited, at midnight UTC; zero when none is given.
type auditDay struct{ time.Time }

// UnmarshalText reads a day such as 2026-09-01.
func (d *auditDay) UnmarshalText(text []byte) error {
	day, err := time.Parse(time.DateOnly, string(text))
	if err != nil || day.Year() < audit.FirstYear || day.Year() > audit.LastYear {
		return fmt.Errorf("%q: expected a day such as 2026-09-01, of the years %d to %d", text, audit.FirstYear, audit.LastYear)
	}
	d.Time = day
	return nil
}

func (c auditCommand) show(w io.Writer, s surroundings, r audit.Report) error {
	switch c.Format {
	case "json":
		return writeJSON(w, api.NewAudit(r))
	case "csv":
		links, err := report.AuditLinks(r, s.print)
		if err != nil {
			return err
		}
		return report.WriteCSV(w, links)
	case "xlsx":
		vacations, err := app.SchoolCalendar()
		if err != nil {
			return err
		}
		book, err := report.Audit(r, vacations, s.print)
		if err != nil {
			return err
		}
		return report.WriteXLSX(w, book, s.print)
	}
	return writeAudit(w, s, r)
}

func sayRefused(s surroundings, r audit.Report) error {
	said := false
	for _, l := range r.Lines {
		for _, reason := range l.Cost.Refused {
			fmt.Fprintf(s.talk, "vigie: not priced: %s: %s\n", l.Link, reason)
			said = true
		}
	}
	if said {
		return errSaid
	}
	return nil
}

// writeAudit writes the audit as a table for a terminal.
func writeAudit(to io.Writer, s surroundings, r audit.Report) error {
	p := s.print
	out := planSheet{bufio.NewWriter(to)}
	out.line("%s", p.T("audit.title", p.CivilDate(r.Period.From), p.CivilDate(r.Period.LastDay())))
	if r.Period != r.Asked {
		out.line("%s", p.T("audit.progress", p.CivilDate(r.Period.LastDay())))
	}
	if r.Simulated() {
		out.line("%s", p.T("audit.simulated.text"))
	}
	var rows []row
	for _, l := range r.Lines {
		rows = append(rows, auditRow(s, l))
	}
	out.table(row{
		p.T("csv.site"), p.T("csv.link"), p.T("audit.guaranteed"), "p95 " + p.T("audit.down"), "p95 " + p.T("audit.up"),
		p.T("audit.saturation"), p.T("audit.quality"), p.T("audit.method.coverage"), p.T("audit.cost"), p.T("audit.advice"),
	}, rows)
	total, err := r.Total()
	if err != nil {
		return err
	}
	out.line("")
	out.line("%s: %s", p.T("audit.cost.total"), p.Euros(int64(total.HT)))
	return out.Flush()
}

func auditRow(s surroundings, l audit.Line) row {
	p := s.print
	site := ""
	if len(l.Sites) > 0 {
		site = fit(l.Sites[0].Name, siteWidth)
	}
	saturated := "–"
	if minutes, ok := l.SaturatedMinutes(); ok {
		saturated = dashboards.SchoolTime(p, minutes)
	}
	advice := p.T("audit.advice." + string(l.Advice))
	if l.Tier.Item != "" {
		advice += " " + p.T("audit.tier", p.BitRate(l.Tier.DownKbps*1000))
	}
	return row{
		site, l.Link, p.BitRate(l.DownKbps * 1000), dashboards.RateText(p, l.Down.School), dashboards.RateText(p, l.Up.School),
		saturated, dashboards.UptimeText(p, l), dashboards.ShareText(p, l.School), p.Euros(int64(l.Cost.HT)), advice,
	}
}

// waiting says on a terminal, each second, that something still goes on; the function
// it returns ends that.
func (s surroundings) waiting(what string) (stop func()) {
	if info, err := os.Stderr.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 || s.talk != io.Writer(os.Stderr) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		began := time.Now()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				fmt.Fprint(s.talk, "\r\x1b[K")
				return
			case <-tick.C:
				fmt.Fprintf(s.talk, "\r%s: %d s", what, int(time.Since(began).Seconds()))
			}
		}
	}()
	return func() { cancel(); <-ended }
}

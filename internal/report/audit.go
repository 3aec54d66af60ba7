package report

import (
	"slices"
	"strings"

	"vigie/dashboards"
	"vigie/internal/audit"
	"vigie/internal/calendar"
	"vigie/internal/i18n"
	"vigie/probe"
)

// Audit is the workbook of an audit: links, sites, months, the rules of each
// recommendation, and how the figures were made. Lines and costs that the asker may not see have been taken out.
func Audit(r audit.Report, vacations *calendar.Vacations, p i18n.Printer) (Book, error) {
	sites, err := auditSites(r, p)
	if err != nil {
		return Book{}, err
	}
	links, err := AuditLinks(r, p)
	if err != nil {
		return Book{}, err
	}
	return Book{
		Title: auditTitle(r, p), Made: r.Made,
		Tables: []Table{links, sites, auditMonths(r, p), auditRules(r, p), auditMethod(r, vacations, p)},
	}, nil
}

func auditTitle(r audit.Report, p i18n.Printer) string {
	title := p.T("audit.title", p.CivilDate(r.Period.From), p.CivilDate(r.Period.LastDay()))
	if r.Simulated() {
		title += ", " + p.T("audit.simulated")
	}
	return title
}

// field is a column of the audit with what stands in it.
type field struct {
	Column
	cell func(l audit.Line) Cell
}

// AuditLinks is one row for each link.
func AuditLinks(r audit.Report, p i18n.Printer) (Table, error) {
	fields := slices.Concat(linkFields(p), rateFields(p), qualityFields(r, p), testFields(p))
	if r.Costs() {
		fields = append(fields, costFields(p)...)
	}
	fields = append(fields, adviceFields(p)...)
	t := Table{Name: p.T("report.links"), Heading: auditTitle(r, p)}
	for _, f := range fields {
		t.Columns = append(t.Columns, f.Column)
	}
	for _, l := range r.Lines {
		row := make([]Cell, len(fields))
		for i, f := range fields {
			row[i] = f.cell(l)
		}
		t.Rows = append(t.Rows, row)
	}
	if !r.Costs() {
		return t, nil
	}
	total, err := r.Total()
	if err != nil {
		return Table{}, err
	}
	t.Sum = make([]Cell, len(fields))
	t.Sum[0] = Text(p.T("bill.total"))
	for i, f := range fields {
		switch f.Key {
		case "ht":
			t.Sum[i] = Euros(total.HT)
		case "vat":
			t.Sum[i] = Euros(total.VAT)
		case "ttc":
			t.Sum[i] = Euros(total.TTC)
		case "penalties":
			t.Sum[i] = Euros(-total.Penalties)
		}
	}
	return t, nil
}

func linkFields(p i18n.Printer) []field {
	return []field{
		{Column{"site", p.T("csv.site"), 36}, func(l audit.Line) Cell { return Text(siteNames(l)) }},
		{Column{"departement", p.T("audit.departement"), 8}, func(l audit.Line) Cell {
			if len(l.Sites) == 0 {
				return Cell{}
			}
			return Text(l.Sites[0].Departement)
		}},
		{Column{"link", p.T("csv.link"), 12}, func(l audit.Line) Cell { return Text(l.Link) }},
		{Column{"operator", p.T("audit.operator"), 28}, func(l audit.Line) Cell { return Text(l.Operator) }},
		{Column{"technology", p.T("audit.technology"), 10}, func(l audit.Line) Cell { return Text(l.Technology) }},
		{Column{"served_from", p.T("report.from"), 12}, func(l audit.Line) Cell { return Day(l.Served.From) }},
		{Column{"served_to", p.T("report.to"), 12}, func(l audit.Line) Cell { return Day(l.Served.LastDay()) }},
		{Column{"pupils", p.T("audit.pupils"), 8}, func(l audit.Line) Cell {
			if l.Pupils == 0 {
				return Missing(p.T("audit.unknown"))
			}
			return Number(int64(l.Pupils), 0)
		}},
	}
}

// snake is a key of the catalogue as the files name a column.
func snake(key string) string { return strings.ReplaceAll(key, "-", "_") }

func siteNames(l audit.Line) string {
	var names []string
	for _, s := range l.Sites {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ; ")
}

func rateFields(p i18n.Printer) []field {
	rate := func(key string, of func(l audit.Line) audit.Rate) field {
		return field{Column{snake(key) + "_mbps", p.T("audit.column." + key), 11}, func(l audit.Line) Cell { return mbits(of(l), p) }}
	}
	return []field{
		{Column{"down_mbps", p.T("audit.column.down"), 11}, func(l audit.Line) Cell { return Number(l.DownKbps, 3) }},
		{Column{"up_mbps", p.T("audit.column.up"), 11}, func(l audit.Line) Cell { return Number(l.UpKbps, 3) }},
		{Column{"rates_since", p.T("audit.column.rates-since"), 11}, func(l audit.Line) Cell {
			if l.Changed.IsZero() {
				return Text("")
			}
			return Day(l.Changed)
		}},
		rate("school-p95-down", func(l audit.Line) audit.Rate { return l.Down.School }),
		rate("school-p95-up", func(l audit.Line) audit.Rate { return l.Up.School }),
		{Column{"usage_percent", p.T("audit.column.usage"), 11}, func(l audit.Line) Cell { return figure(p, 1)(l.Usage()) }},
		rate("p95-down", func(l audit.Line) audit.Rate { return l.Down.P95 }),
		rate("p95-up", func(l audit.Line) audit.Rate { return l.Up.P95 }),
		rate("peak-down", func(l audit.Line) audit.Rate { return l.Down.Peak }),
		rate("peak-up", func(l audit.Line) audit.Rate { return l.Up.Peak }),
		rate("busy-down", func(l audit.Line) audit.Rate { return l.Down.Busy }),
		rate("busy-up", func(l audit.Line) audit.Rate { return l.Up.Busy }),
	}
}

func qualityFields(r audit.Report, p i18n.Printer) []field {
	share := func(key string, of func(l audit.Line) audit.Share) field {
		return field{Column{snake(key) + "_percent", p.T("audit.column." + key), 11}, func(l audit.Line) Cell { return shareCell(of(l), p) }}
	}
	at := func(percent int64) string { return p.PercentSign(p.Number(percent)) }
	return []field{
		{Column{"saturated_minutes", p.T("audit.column.saturated", at(r.Policy.SaturatedAt)), 11}, func(l audit.Line) Cell { return figure(p, 0)(l.SaturatedMinutes()) }},
		{Column{"near_full_minutes", p.T("audit.column.saturated", at(r.Policy.NearFullAt)), 11}, func(l audit.Line) Cell { return figure(p, 0)(l.NearFullMinutes()) }},
		{Column{"availability_percent", p.T("audit.column.availability"), 11}, func(l audit.Line) Cell { return availability(l, p) }},
		share("coverage", func(l audit.Line) audit.Share { return l.Coverage }),
		share("coverage-school", func(l audit.Line) audit.Share { return l.School }),
		share("coverage-calendar", func(l audit.Line) audit.Share { return l.Calendar }),
	}
}

// testFields are of the last throughput test.
func testFields(p i18n.Printer) []field {
	of := func(key string, width float64, cell func(dashboards.AuditTest) Cell) field {
		return field{Column{snake(key), p.T("audit.column." + key), width}, func(l audit.Line) Cell {
			if l.Test == nil {
				return Cell{}
			}
			return cell(dashboards.NewAuditTest(p, l.Test))
		}}
	}
	mbps := func(f *probe.Flow) Cell {
		if f == nil {
			return Missing(p.T("audit.test.no-figure"))
		}
		return Number((f.BitsPerSecond+5_000)/10_000, 2)
	}
	return []field{
		of("test-date", 12, func(t dashboards.AuditTest) Cell { return Day(calendar.Day(t.At)) }),
		of("test-down-mbps", 11, func(t dashboards.AuditTest) Cell { return mbps(t.Flows.Down) }),
		of("test-up-mbps", 11, func(t dashboards.AuditTest) Cell { return mbps(t.Flows.Up) }),
		of("test-layer", 24, func(t dashboards.AuditTest) Cell { return Text(t.Layer) }),
		of("test-by", 24, func(t dashboards.AuditTest) Cell { return Text(t.By) }),
		of("test-note", 40, func(t dashboards.AuditTest) Cell { return Text(t.Note) }),
	}
}

func costFields(p i18n.Printer) []field {
	cost := func(key, title string, of func(c audit.Cost) Cell) field {
		return field{Column{key, title, 12}, func(l audit.Line) Cell {
			if l.Cost.Hidden || !l.Cost.Billed {
				return Cell{}
			}
			return of(l.Cost)
		}}
	}
	return []field{
		cost("ht", p.T("csv.net"), func(c audit.Cost) Cell { return Euros(c.HT) }),
		cost("vat", p.T("csv.vat"), func(c audit.Cost) Cell { return Euros(c.VAT) }),
		cost("ttc", p.T("csv.gross"), func(c audit.Cost) Cell { return Euros(c.TTC) }),
		cost("penalties", p.T("bill.penalties"), func(c audit.Cost) Cell { return Euros(-c.Penalties) }),
		{Column{"ht_per_mbps", p.T("audit.column.per-mbit"), 12}, func(l audit.Line) Cell {
			if cents, ok := l.PerMbit(); ok {
				return Euros(cents)
			}
			return Cell{}
		}},
		cost("refused", p.T("report.refused"), func(c audit.Cost) Cell { return Text(strings.Join(c.Refused, " ; ")) }),
	}
}

func adviceFields(p i18n.Printer) []field {
	return []field{
		{Column{"kbps_per_pupil", p.T("audit.column.per-pupil"), 11}, func(l audit.Line) Cell {
			if bits, ok := l.PerPupil(); ok {
				return Number((bits+50)/100, 1)
			}
			return Missing(p.T("audit.unknown"))
		}},
		{Column{"advice", p.T("audit.column.advice"), 20}, func(l audit.Line) Cell { return Text(p.T("audit.advice." + string(l.Advice))) }},
		{Column{"tier_mbps", p.T("audit.column.tier"), 11}, func(l audit.Line) Cell {
			if l.Tier.Item == "" {
				return Cell{}
			}
			return Number(l.Tier.DownKbps, 3)
		}},
	}
}

// mbits is a rate in Mbit/s with two decimals.
func mbits(r audit.Rate, p i18n.Printer) Cell {
	if !r.Known {
		return Missing(p.T("audit.not-enough"))
	}
	return Number((r.BitsPerSecond+5_000)/10_000, 2)
}

// figure is a number that may not be known.
func figure(p i18n.Printer, decimals int) func(n int64, known bool) Cell {
	return func(n int64, known bool) Cell {
		if !known {
			return Missing(p.T("audit.not-enough"))
		}
		return Number(n, decimals)
	}
}

// shareCell is a percentage with one decimal, rounded down: what is not whole never
// says 100.
func shareCell(s audit.Share, p i18n.Printer) Cell {
	if s.Whole == 0 {
		return Missing(p.T("audit.unknown"))
	}
	return Number(s.Part*1000/s.Whole, 1)
}

// availability is a percentage with three decimals, rounded down.
func availability(l audit.Line, p i18n.Printer) Cell {
	known := int64(l.Uptime.Known.Seconds())
	if known == 0 {
		return Missing(p.T("audit.not-enough"))
	}
	return Number((known-int64(l.Uptime.Down.Seconds()))*100_000/known, 3)
}

func auditSites(r audit.Report, p i18n.Printer) (Table, error) {
	sites, err := r.Sites()
	if err != nil {
		return Table{}, err
	}
	t := Table{Name: p.T("report.sites"), Heading: auditTitle(r, p), Columns: []Column{
		{"site", p.T("csv.site"), 40},
		{"departement", p.T("audit.departement"), 8},
		{"links", p.T("report.links"), 24},
		{"pupils", p.T("audit.pupils"), 8},
		{"down_mbps", p.T("audit.column.down"), 12},
		{"up_mbps", p.T("audit.column.up"), 12},
		{"kbps_per_pupil", p.T("audit.column.per-pupil"), 12},
	}}
	if r.Costs() {
		t.Columns = append(t.Columns, Column{"ht", p.T("csv.net"), 12}, Column{"ttc", p.T("csv.gross"), 12}, Column{"penalties", p.T("bill.penalties"), 12})
	}
	for _, s := range sites {
		row := []Cell{Text(s.Name), Text(s.Departement), Text(strings.Join(s.Links, ", ")), Missing(p.T("audit.unknown")), Number(s.DownKbps, 3), Number(s.UpKbps, 3), Missing(p.T("audit.unknown"))}
		if bits, ok := s.PerPupil(); ok {
			row[3], row[6] = Number(int64(s.Pupils), 0), Number((bits+50)/100, 1)
		}
		switch {
		case r.Costs() && !s.Cost.Hidden && s.Cost.Billed:
			row = append(row, Euros(s.Cost.HT), Euros(s.Cost.TTC), Euros(-s.Cost.Penalties))
		case r.Costs():
			row = append(row, Cell{}, Cell{}, Cell{})
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func auditMonths(r audit.Report, p i18n.Printer) Table {
	t := Table{Name: p.T("report.months"), Heading: p.T("report.months.heading"), Columns: []Column{
		{"site", p.T("csv.site"), 36},
		{"link", p.T("csv.link"), 12},
		{"month", p.T("csv.month"), 12},
		{"school_p95_down_mbps", p.T("audit.column.school-p95-down"), 12},
		{"school_p95_up_mbps", p.T("audit.column.school-p95-up"), 12},
		{"usage_percent", p.T("audit.column.usage"), 12},
		{"coverage_school_percent", p.T("audit.column.coverage-school"), 12},
	}}
	for _, l := range r.Lines {
		for _, m := range l.Months {
			t.Rows = append(t.Rows, []Cell{
				Text(siteNames(l)), Text(l.Link), Day(m.First), mbits(m.Down, p), mbits(m.Up, p), figure(p, 1)(l.MonthUsage(m)), shareCell(m.Coverage, p),
			})
		}
	}
	return t
}

// auditRules is what each rule compared, link by link.
func auditRules(r audit.Report, p i18n.Printer) Table {
	t := Table{Name: p.T("report.rules"), Heading: p.T("report.rules.heading"), Columns: []Column{
		{"site", p.T("csv.site"), 36}, {"link", p.T("csv.link"), 12}, {"advice", p.T("audit.column.advice"), 20}, {"rule", p.T("report.rule"), 80},
	}}
	for _, l := range r.Lines {
		for _, f := range l.Trace {
			t.Rows = append(t.Rows, []Cell{Text(siteNames(l)), Text(l.Link), Text(p.T("audit.advice." + string(l.Advice))), Text(dashboards.RuleText(p, r.Policy, f))})
		}
	}
	return t
}

// auditMethod says how the figures were made.
func auditMethod(r audit.Report, vacations *calendar.Vacations, p i18n.Printer) Table {
	t := Table{Name: p.T("report.method"), Heading: auditTitle(r, p), Columns: []Column{{"subject", p.T("report.subject"), 28}, {"text", p.T("report.text"), 110}}}
	say := func(key string, args ...string) {
		t.Rows = append(t.Rows, []Cell{Text(p.T("audit.method." + key)), Passage(p.T("audit.method."+key+".text", args...))})
	}
	percent := func(n int64) string { return p.PercentSign(p.Number(n)) }
	y := r.Policy
	say("period", p.CivilDate(r.Asked.From), p.CivilDate(r.Asked.LastDay()), p.CivilDate(r.Period.LastDay()), p.Time(r.Made))
	say("p95")
	say("coverage", percent(y.MinCoverage))
	say("school", y.Week.String())
	say("calendar", dashboards.CalendarText(p, r, vacations))
	say("saturation", percent(y.SaturatedAt), percent(y.NearFullAt))
	say("changed")
	say("availability")
	say("test")
	if r.Costs() {
		say("cost")
	}
	say("advice", percent(y.RaiseAt), p.Number(int64(y.RaiseMonths)), p.Number(int64(y.RaiseWindow)), percent(y.RaiseSaturation), percent(y.LowerAt), p.Number(int64(y.LowerMonths)), percent(y.LowerRoom))
	if r.Simulated() {
		say("simulated")
	}
	return t
}

package api

import (
	"context"
	"slices"
	"time"

	"vigie/billing/money"
	"vigie/internal/audit"
	"vigie/internal/fault"
	"vigie/internal/org"
	"vigie/internal/sla"
	"vigie/internal/view"
)

// AuditLine is what one link carried and cost over a period.
type AuditLine struct {
	LinkID       int64        `json:"link_id"`
	Link         string       `json:"link" doc:"Reference."`
	Operator     string       `json:"operator_name"`
	Sites        []AuditPlace `json:"sites" cell:"key" doc:"The first carries the access."`
	Pupils       *int         `json:"pupils" doc:"Of the establishments it serves."`
	From         string       `json:"from" format:"date" doc:"First day in which the link was in service."`
	To           string       `json:"to" format:"date" doc:"Last day."`
	DownRate     int64        `json:"down_bits_per_second" doc:"Guaranteed towards the site."`
	UpRate       int64        `json:"up_bits_per_second"`
	DownSchool   *int64       `json:"down_school_p95_bits_per_second" doc:"95th percentile of five-minute averages in school time; null where too little was measured."`
	UpSchool     *int64       `json:"up_school_p95_bits_per_second"`
	DownAll      *int64       `json:"down_p95_bits_per_second" doc:"The same over every hour of every day."`
	UpAll        *int64       `json:"up_p95_bits_per_second"`
	Coverage     *float64     `json:"coverage_ratio" doc:"Five-minute intervals measured, 0 to 1."`
	School       *float64     `json:"school_coverage_ratio" doc:"The same of school time."`
	Availability *float64     `json:"availability_ratio" doc:"Null where nothing was measured."`
	Net          *money.Cents `json:"net_cents" doc:"Before VAT; null for who sees no costs, and outside the market."`
	Gross        *money.Cents `json:"gross_cents"`
	Penalties    *money.Cents `json:"penalties_cents" doc:"What the operator owes, 0 or more."`
	TestAt       *time.Time   `json:"test_at" doc:"Of the last throughput test with a figure, else of the last that was due; null when none was."`
	TestDown     *int64       `json:"test_down_bits_per_second" doc:"Towards the site; null when it was not measured."`
	TestUp       *int64       `json:"test_up_bits_per_second"`
	TestLayer    string       `json:"test_layer" doc:"Of the figures: tcp-payload is layer 4, without any header."`
	TestMethod   string       `json:"test_method" doc:"iperf3 or http; empty when nothing was tried."`
	TestProber   string       `json:"test_prober"`
	TestNotRun   string       `json:"test_not_run" doc:"Why there is no figure, or no verdict (host-busy)."`
	Advice       string       `json:"advice"`
	Simulated    bool         `json:"simulated"`
}

// AuditPlace names a site.
type AuditPlace struct {
	ID          int64  `json:"id"`
	Key         string `json:"key"`
	Name        string `json:"name"`
	Departement string `json:"departement"`
}

// AuditQuery is a question for the audit of a period.
type AuditQuery struct {
	From string `query:"from" required:"true" pattern:"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$" example:"2026-01-01" doc:"First day."`
	To   string `query:"to" required:"true" pattern:"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$" example:"2026-12-31" doc:"Last day."`
	Site string `query:"site" maxLength:"64" doc:"Key of a site: only the links that serve it."`
	Pieces
}

// Audits makes the audit of a period; internal/audit does it.
type Audits interface {
	Report(ctx context.Context, p audit.Period, now time.Time) (audit.Report, error)
}

// Audit answers with the links of the asker's territory, by reference.
func (s *Service) Audit(ctx context.Context, who org.User, q AuditQuery, now time.Time) (List[AuditLine], error) {
	if !org.Allowed(who, org.SeeLinks) {
		return List[AuditLine]{}, fault.Errorf(fault.Forbidden, "role %s may not %s", who.Role, org.SeeLinks)
	}
	from, err := civil("from", q.From)
	if err != nil {
		return List[AuditLine]{}, err
	}
	last, err := civil("to", q.To)
	if err != nil {
		return List[AuditLine]{}, err
	}
	report, err := s.audits.Report(ctx, audit.Period{From: from, To: last.AddDate(0, 0, 1)}, now)
	if err != nil {
		return List[AuditLine]{}, err
	}
	report = report.For(who)
	if q.Site != "" {
		report = report.Only(q.Site)
	}
	return auditPiece(report, q.Pieces), nil
}

// NewAudit is a whole audit as one list, which Audit gives in pieces.
func NewAudit(r audit.Report) List[AuditLine] { return auditPiece(r, Pieces{Limit: len(r.Lines)}) }

func auditPiece(r audit.Report, p Pieces) List[AuditLine] {
	items, next := piece(slices.Clone(r.Lines), func(l audit.Line) string { return l.Link }, p.After, p.Limit)
	return List[AuditLine]{Items: each(items, newAuditLine), Next: next}
}

func civil(field, text string) (time.Time, error) {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fault.Errorf(fault.Invalid, "%s %q: expected a day such as 2026-11-24", field, text)
	}
	return d, nil
}

func newAuditLine(l audit.Line) AuditLine {
	line := AuditLine{
		LinkID: l.LinkID, Link: l.Link, Operator: l.Operator, Sites: each(l.Sites, func(p audit.Place) AuditPlace {
			return AuditPlace{ID: p.ID, Key: p.Key, Name: p.Name, Departement: p.Departement}
		}),
		Pupils: known(l.Pupils), From: l.Served.From.Format(time.DateOnly), To: l.Served.LastDay().Format(time.DateOnly),
		DownRate: l.DownKbps * 1000, UpRate: l.UpKbps * 1000,
		DownSchool: rate(l.Down.School), UpSchool: rate(l.Up.School), DownAll: rate(l.Down.P95), UpAll: rate(l.Up.P95),
		Coverage: share(l.Coverage), School: share(l.School), Availability: availability(l.Uptime),
		Advice: string(l.Advice), Simulated: l.Simulated,
	}
	if l.Cost.Billed && !l.Cost.Hidden {
		line.Net, line.Gross, line.Penalties = &l.Cost.HT, &l.Cost.TTC, &l.Cost.Penalties
	}
	line.test(l.Test)
	return line
}

// test takes the last test of a link, nil for none.
func (line *AuditLine) test(t *audit.Test) {
	if t == nil {
		return
	}
	made := newThroughputTest(view.Test(*t))
	line.TestAt, line.TestMethod, line.TestProber, line.TestNotRun = &made.At, made.Method, made.Prober, made.NotRun
	if made.Down != nil {
		line.TestDown, line.TestLayer = &made.Down.Bits, made.Down.Layer
	}
	if made.Up != nil {
		line.TestUp, line.TestLayer = &made.Up.Bits, made.Up.Layer
	}
}

func rate(r audit.Rate) *int64 {
	if !r.Known {
		return nil
	}
	return &r.BitsPerSecond
}

func share(s audit.Share) *float64 {
	if s.Whole <= 0 {
		return nil
	}
	ratio := float64(s.Part) / float64(s.Whole)
	return &ratio
}

func availability(u sla.Uptime) *float64 {
	exact, ok := u.Ratio()
	if !ok {
		return nil
	}
	ratio, _ := exact.Float64()
	return &ratio
}

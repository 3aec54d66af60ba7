package httpd

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"vigie/dashboards"
	"vigie/internal/audit"
	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/i18n"
	"vigie/internal/report"
)

// Audits makes the audit of a period; internal/audit does it. The page shows each
// asker their part.
type Audits interface {
	Report(ctx context.Context, p audit.Period, now time.Time) (audit.Report, error)
}

// yearsBack is how many years before the present one the page offers.
const yearsBack = 2

func (s *Server) audit(w http.ResponseWriter, r *http.Request) error {
	query, err := readAuditQuery(r)
	if err != nil {
		return err
	}
	who, _ := asker(r)
	notices, err := s.View.Notices(r.Context(), who, s.Now())
	if err != nil {
		return err
	}
	today := calendar.Day(s.Now())
	september := today.AddDate(0, -8, 0).Year() // of the school year that today lies in
	page := &dashboards.AuditPage{Shell: s.following(r, dashboards.Audits, notices), Query: query}
	for back := range yearsBack + 1 {
		page.Years = append(page.Years, today.Year()-back)
		page.SchoolYears = append(page.SchoolYears, september-back)
	}
	var found, all audit.Report
	period, err := readPeriod(query, s.Now())
	if err == nil {
		found, all, err = s.auditOf(r, query, period)
	}
	switch {
	case fault.KindOf(err) == fault.Invalid:
		page.Problem, page.Detail = "invalid", err.Error()
		return s.showAs(w, r, http.StatusUnprocessableEntity, page)
	case err != nil:
		return err
	}
	if page.Total, err = found.Total(); err != nil {
		return err
	}
	page.Report, page.Departements = &found, departementsOf(all)
	page.Calendar = dashboards.CalendarText(i18n.For(page.Lang), found, s.Vacations)
	return s.show(w, r, page)
}

func departementsOf(r audit.Report) []string {
	var codes []string
	for _, l := range r.Lines {
		if len(l.Sites) > 0 {
			codes = append(codes, l.Sites[0].Departement)
		}
	}
	slices.Sort(codes)
	return slices.DeleteFunc(slices.Compact(codes), func(code string) bool { return code == "" })
}

// auditOf makes the part of the audit that the asker sees: as the query filters and
// sorts it, and before the filter.
func (s *Server) auditOf(r *http.Request, q dashboards.AuditQuery, p audit.Period) (found, all audit.Report, err error) {
	made, err := s.Audits.Report(r.Context(), p, s.Now())
	if err != nil {
		return audit.Report{}, audit.Report{}, err
	}
	who, _ := asker(r)
	all = made.For(who)
	found = all
	if q.Departement != "" {
		found = all.In(q.Departement)
	}
	if q.Sort == dashboards.ByCost && !found.Costs() {
		q.Sort = dashboards.BySite
	}
	found.Lines = slices.Clone(found.Lines)
	dashboards.SortAudit(found.Lines, q.Sort)
	return found, all, nil
}

// readAudit reads what is asked of the audit.
func readAudit(r *http.Request, now time.Time) (dashboards.AuditQuery, audit.Period, error) {
	q, err := readAuditQuery(r)
	if err != nil {
		return q, audit.Period{}, err
	}
	p, err := readPeriod(q, now)
	return q, p, err
}

// readAuditQuery reads the query of the audit; the last twelve whole months when nothing
// is said.
func readAuditQuery(r *http.Request) (dashboards.AuditQuery, error) {
	values := r.URL.Query()
	departement, err := text("departement", values.Get("departement"))
	if err != nil {
		return dashboards.AuditQuery{}, err
	}
	q := dashboards.AuditQuery{
		Period: cmp.Or(values.Get("period"), "12m"), Departement: departement,
		Sort: dashboards.AuditSort(cmp.Or(values.Get("sort"), string(dashboards.BySite))),
	}
	if !slices.Contains([]dashboards.AuditSort{dashboards.BySite, dashboards.ByUsage, dashboards.ByAdvice, dashboards.ByCost}, q.Sort) {
		return q, fault.Errorf(fault.Invalid, "sort %.20q: expected site, usage, advice or cost", string(q.Sort))
	}
	q.From, q.To = values.Get("from"), values.Get("to")
	if q.From == "" && q.To == "" {
		return q, nil
	}
	// Whoever gives days means them: the list stands at twelve months when nobody touched it.
	if q.Period == "12m" {
		q.Period = "days"
	}
	return q, nil
}

func readPeriod(q dashboards.AuditQuery, now time.Time) (audit.Period, error) {
	if q.Period != "days" && q.From+q.To != "" {
		return audit.Period{}, fault.Errorf(fault.Invalid, "period %.20q with from %.20q and to %.20q: expected either that period without days, or the period days", q.Period, q.From, q.To)
	}
	switch q.Period {
	case "12m":
		return audit.LastTwelveMonths(now), nil
	case "days":
		from, err := civilDay("from", q.From)
		if err != nil {
			return audit.Period{}, err
		}
		last, err := civilDay("to", q.To)
		return audit.Period{From: from, To: last.AddDate(0, 0, 1)}, err
	}
	year, err := strconv.Atoi(q.Period[:min(4, len(q.Period))])
	switch {
	case err == nil && q.Period == strconv.Itoa(year):
		return audit.CivilYear(year), nil
	case err == nil && q.Period == dashboards.SchoolYearName(year):
		return audit.SchoolYear(year), nil
	}
	return audit.Period{}, fault.Errorf(fault.Invalid, "period %.20q: expected 12m, a year, a school year such as 2025-2026, or days", q.Period)
}

// civilDay reads what a date field sends, as midnight UTC.
func civilDay(field, value string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return time.Time{}, fault.Errorf(fault.Invalid, "%s %.20q: expected a day such as 2026-11-24", field, value)
	}
	return day, nil
}

func (s *Server) auditCSV(w http.ResponseWriter, r *http.Request) error {
	query, period, err := readAudit(r, s.Now())
	if err != nil {
		return err
	}
	found, _, err := s.auditOf(r, query, period)
	if err != nil {
		return err
	}
	say := i18n.For(lang(r))
	links, err := report.AuditLinks(found, say)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := report.WriteSpreadsheetCSV(&body, links, say); err != nil {
		return err
	}
	attach(w, &body, csvType, auditFile(found)+".csv")
	return nil
}

func (s *Server) auditXLSX(w http.ResponseWriter, r *http.Request) error {
	query, period, err := readAudit(r, s.Now())
	if err != nil {
		return err
	}
	found, _, err := s.auditOf(r, query, period)
	if err != nil {
		return err
	}
	say := i18n.For(lang(r))
	book, err := report.Audit(found, s.Vacations, say)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := report.WriteXLSX(&body, book, say); err != nil {
		return err
	}
	attach(w, &body, xlsxType, auditFile(found)+".xlsx")
	return nil
}

func auditFile(r audit.Report) string {
	return "vigie-audit-" + r.Period.From.Format(time.DateOnly) + "-" + r.Period.LastDay().Format(time.DateOnly)
}

const (
	csvType  = "text/csv; charset=utf-8"
	xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// attach answers with a file to keep.
func attach(w http.ResponseWriter, body *bytes.Buffer, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	// A write fails only when the reader has gone.
	_, _ = body.WriteTo(w)
}

package dashboards

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"vigie/internal/audit"
	"vigie/internal/calendar"
	"vigie/internal/i18n"
)

// AuditPage shows the bandwidth audit of a period.
type AuditPage struct {
	Shell
	Query AuditQuery
	// Report is what the asker sees, filtered and sorted; nil with a Problem.
	Report *audit.Report
	Total  audit.Cost
	// Departements are the codes that the filter offers.
	Departements []string
	// Years and SchoolYears are the periods offered, the latest first.
	Years, SchoolYears []int
	// Calendar says how far the school calendars reach, and how certain they are.
	Calendar string
	// Problem says why there is no report for what was asked; empty with one.
	Problem string
	// Detail names the field, the value and what is expected, in English.
	Detail string
}

func (*AuditPage) template() string { return "audit" }

// AuditQuery is what was asked for, as it stands in the address.
type AuditQuery struct {
	Period      string // "12m", "2026", "2025-2026", or "days" with From and To
	From, To    string // civil days, the last included
	Departement string
	Sort        AuditSort
}

// AuditSort is an order of the audit's lines.
type AuditSort string

// The orders.
const (
	BySite   AuditSort = "site"
	ByUsage  AuditSort = "usage"
	ByAdvice AuditSort = "advice"
	ByCost   AuditSort = "cost"
)

// auditSorts are the orders offered; costs only to those who see them.
func auditSorts(r *audit.Report) []AuditSort {
	if r != nil && r.Costs() {
		return []AuditSort{BySite, ByUsage, ByAdvice, ByCost}
	}
	return []AuditSort{BySite, ByUsage, ByAdvice}
}

// Address is the address of the page, or of a file of it, with the query.
func (q AuditQuery) Address(path string) string {
	a := path + "?period=" + q.Period
	if q.From != "" {
		a += "&from=" + q.From + "&to=" + q.To
	}
	if q.Departement != "" {
		a += "&departement=" + q.Departement
	}
	return a + "&sort=" + string(q.Sort)
}

// adviceOrder puts first what asks for a decision.
var adviceOrder = []audit.Advice{audit.Raise, audit.Lower, audit.Keep, audit.Insufficient}

// SortAudit orders the lines; they come by site.
func SortAudit(lines []audit.Line, by AuditSort) {
	slices.SortStableFunc(lines, func(a, b audit.Line) int {
		switch by {
		case ByUsage:
			return cmp.Compare(usageOf(b), usageOf(a))
		case ByAdvice:
			return cmp.Compare(slices.Index(adviceOrder, a.Advice), slices.Index(adviceOrder, b.Advice))
		case ByCost:
			return cmp.Compare(b.Cost.HT, a.Cost.HT)
		}
		return 0
	})
}

// usageOf puts what is not known last.
func usageOf(l audit.Line) int64 {
	usage, ok := l.Usage()
	if !ok {
		return -1
	}
	return usage
}

// adviceCount is how many links an advice is given for.
type adviceCount struct {
	Advice audit.Advice
	Count  int
}

func adviceCounts(lines []audit.Line) []adviceCount {
	counts := make([]adviceCount, len(adviceOrder))
	for i, a := range adviceOrder {
		counts[i].Advice = a
	}
	for _, l := range lines {
		counts[slices.Index(adviceOrder, l.Advice)].Count++
	}
	return counts
}

// bandDrawing is one direction of a link: what it carried of what is guaranteed.
type bandDrawing struct {
	Way                string // "down" or "up"
	Label              string // the drawing in words
	School, Guaranteed string
	Band               *usageBand // nil when too little is known
}

// usageBand is drawn in hundredths of the guaranteed rate, cut at bandEdge.
type usageBand struct {
	School, Whole int64
	Full          bool // the p95 of school time reaches the part that may ask for a raise
}

const bandEdge = 125

func newBandDrawing(p i18n.Printer, policy audit.Policy, l audit.Line, way string) bandDrawing {
	d, kbps := l.Down, l.DownKbps
	if way == "up" {
		d, kbps = l.Up, l.UpKbps
	}
	drawn := bandDrawing{Way: way, School: RateText(p, d.School), Guaranteed: p.BitRate(kbps * 1000)}
	if !d.School.Known || kbps <= 0 {
		return drawn
	}
	part := func(r audit.Rate) int64 {
		if !r.Known {
			return 0
		}
		return min(bandEdge, max(1, r.BitsPerSecond/(kbps*10)))
	}
	drawn.Label = p.T("audit.band", p.T("audit."+way), drawn.School, RateText(p, d.P95), drawn.Guaranteed)
	drawn.Band = &usageBand{School: part(d.School), Whole: part(d.P95), Full: part(d.School) >= policy.RaiseAt}
	return drawn
}

// RateText writes a figure, or the dash of what is not known.
func RateText(p i18n.Printer, r audit.Rate) string {
	if !r.Known {
		return "–"
	}
	if r.BitsPerSecond == 0 {
		return "0"
	}
	return p.BitRate(rounded(r.BitsPerSecond))
}

// rounded keeps three digits, which is more than a reader compares.
func rounded(bits int64) int64 {
	unit := int64(1)
	for bits/unit >= 1000 {
		unit *= 10
	}
	return (bits + unit/2) / unit * unit
}

// ShareText writes a share as a percentage.
func ShareText(p i18n.Printer, s audit.Share) string { return p.Percent(s.Part, s.Whole, 1) }

// PermilleText writes a figure per mille as a percentage with one decimal.
func PermilleText(p i18n.Printer, permille int64) string {
	return p.PercentSign(p.Decimal(strconv.FormatInt(permille/10, 10) + "." + strconv.FormatInt(permille%10, 10)))
}

// RuleText says what a rule compared, and what came of it.
func RuleText(p i18n.Printer, policy audit.Policy, f audit.Finding) string {
	have, want := p.Number(f.Have), p.Number(f.Want)
	var about string
	switch f.Rule {
	case audit.RuleMeasured, audit.RuleCalendar:
		have, want = PermilleText(p, f.Have), PermilleText(p, f.Want)
	case audit.RuleMonths:
		about = p.PercentSign(p.Number(policy.RaiseAt))
	case audit.RuleSaturation:
		have, want = PermilleText(p, f.Have), PermilleText(p, f.Want)
		about = p.PercentSign(p.Number(policy.SaturatedAt))
	case audit.RuleIdle:
		about = p.PercentSign(p.Number(policy.LowerAt))
	case audit.RuleTier:
		have, want = p.BitRate(f.Have*1000), p.BitRate(f.Want*1000)
	}
	verdict := "audit.rule.no"
	if f.Fired {
		verdict = "audit.rule.yes"
	}
	return p.T("audit.says", p.T("audit.rule."+string(f.Rule), have, want, about), p.T(verdict))
}

// UptimeText writes an availability with three decimals, never 100 % when it is not.
func UptimeText(p i18n.Printer, l audit.Line) string {
	known := int64(l.Uptime.Known.Seconds())
	return p.Percent(known-int64(l.Uptime.Down.Seconds()), known, 3)
}

// saturatedText writes how much of the school time reached a part of the guaranteed
// rate.
func saturatedText(p i18n.Printer, s audit.Share, at int64) string {
	if s.Whole == 0 {
		return "–"
	}
	return p.T("audit.saturation.of", SchoolTime(p, s.Part*5), p.PercentSign(p.Number(at)), ShareText(p, s))
}

// SchoolTime writes minutes of school time: from an hour on in hours, since a day of
// school has not 24 of them.
func SchoolTime(p i18n.Printer, minutes int64) string {
	if minutes < 60 {
		return p.Number(minutes) + "\u00a0min"
	}
	return p.Number((minutes+30)/60) + "\u00a0h"
}

// perMbitText writes what a guaranteed Mbit/s cost, empty when it is not known.
func perMbitText(p i18n.Printer, l audit.Line) string {
	cents, ok := l.PerMbit()
	if !ok {
		return ""
	}
	return p.Euros(int64(cents))
}

// SchoolYearName writes the school year that begins in a year: 2025-2026.
func SchoolYearName(year int) string { return strconv.Itoa(year) + "-" + strconv.Itoa(year+1) }

// CalendarText names the académies of the report's sites, how far their school
// calendars reach, and how certain the dates of the period are.
func CalendarText(p i18n.Printer, r audit.Report, vacations *calendar.Vacations) string {
	var said []string
	for _, l := range r.Lines {
		if len(l.Sites) == 0 {
			continue
		}
		academie := calendar.AcademieOf(l.Sites[0].Departement)
		words := p.T("audit.calendar.none", academie)
		if until := vacations.KnownUntil(academie); !until.IsZero() {
			certainty := vacations.Certainty(academie, r.Period.From, r.Period.To)
			words = p.T("audit.calendar.until", academie, p.CivilDate(until.AddDate(0, 0, -1)), p.T("audit.certainty."+string(certainty)))
		}
		if !slices.Contains(said, words) {
			said = append(said, words)
		}
	}
	slices.Sort(said)
	return strings.Join(said, " ; ")
}

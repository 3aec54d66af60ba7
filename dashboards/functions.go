package dashboards

import (
	"html/template"
	"maps"
	"math/big"
	"net/url"
	"time"

	"vigie/billing/money"
	"vigie/internal/audit"
	"vigie/internal/i18n"
	"vigie/internal/intake"
	"vigie/internal/sla"
	"vigie/internal/view"
	"vigie/probe"
	"vigie/probe/snmp"
)

// functions are what templates call, bound to one language. Texts: t, n.
func (r *Renderer) functions(p i18n.Printer) template.FuncMap {
	all := template.FuncMap{
		"t":           p.T,
		"n":           p.N,
		"pollproblem": func(problem string) string { return pollProblem(p, problem) },
		"asset":       r.static.URL,
		"person":      func(id int64, people map[int64]string) string { return personName(p, id, people) },
		"actor":       func(actor string, people map[int64]string) string { return actorName(p, actor, people) },
		"action":      func(action string) string { return actionName(p, action) },
		"langs":       i18n.Languages,
		"states":      stateNames,
		"modes":       sendingModes,
		"causes":      func() []sla.Cause { return sla.Causes },
		"entry":       newSectionEntry,
		"total":       newStateTotal,
		"messageTone": messageTone,
		"table": func(caption string, links []view.BoardLink, now time.Time) linkTable {
			return linkTable{caption, links, now}
		},
		"named": func(id string, links []view.LinkName, hidden int) linkNames { return linkNames{id, links, hidden} },
		"past": func(incidents []view.Incident, tickets []view.TicketLine, seeTickets bool, now time.Time) history {
			return history{incidents, tickets, seeTickets, now}
		},
		"outages": func(all []view.Outage, now time.Time) outageTable { return outageTable{all, now} },
		"pick":    func(path string, chosen view.Range) rangeChoice { return rangeChoice{path, chosen} },
		"which":   func(href string, openOnly bool) openChoice { return openChoice{href, openOnly} },
	}
	for _, part := range []template.FuncMap{figureFunctions(p), r.chartFunctions(p), auditFunctions(p), formFunctions(p), checkFunctions(p), traceFunctions()} {
		maps.Copy(all, part)
	}
	return all
}

// figureFunctions write figures and instants, and carry the name of what they write.
func figureFunctions(p i18n.Printer) template.FuncMap {
	return template.FuncMap{
		"num":          func(n int) string { return p.Number(int64(n)) },
		"count":        p.Number,
		"euros":        func(c money.Cents) string { return p.Euros(int64(c)) },
		"ratio":        func(part, whole int) string { return p.Percent(int64(part), int64(whole), 1) },
		"covered":      func(c view.Coverage) string { return p.Percent(c.CoveredMillis, c.Expected, 1) },
		"percent":      func(figure string) string { return p.PercentSign(p.Decimal(figure)) },
		"decimal":      p.Decimal,
		"millis":       func(micros int32) string { return p.Millis(int64(micros)) },
		"bits":         p.BitRate,
		"instant":      p.Time,
		"second":       p.TimeSeconds,
		"hour":         p.ClockSeconds,
		"percentage":   func(f probe.Figure) string { return percentText(p, f) },
		"celsius":      func(f probe.Figure) string { return celsiusText(p, f) },
		"supplies":     func(f probe.Figure) int { return int(f.Value) },
		"minutes":      func(f probe.Figure) string { return minutesText(p, f) },
		"civil":        p.CivilDate,
		"month":        p.Month,
		"lasted":       p.Duration,
		"length":       p.Duration,
		"elapsed":      func(since, now time.Time) string { return p.Duration(now.Sub(since)) },
		"machine":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"moment":       momentField,
		"usedtext":     func(percent float64) string { return usedText(p, percent) },
		"usedwidth":    usedWidth,
		"amount":       func(n *big.Int) string { return amount(p, n) },
		"spantext":     func(d time.Duration) string { return spanText(p, d) },
		"offset":       func(d time.Duration) string { return offsetText(p, d) },
		"wholepercent": func(n int) string { return p.Percent(int64(n), 100, 0) },
		"rate":         func(r view.LoadRate) string { return rate(p, r) },
		"used":         func(part view.LoadRate, whole int64) string { return p.Percent(part.Bits, whole, 0) },
		"hours":        func(notation string) string { return serviceHours(p, notation) },
		"wall":         wallClock,
		"tel":          telephone,
		"kilobits":     func(kbps int64) string { return p.BitRate(kbps * 1000) },
		"int":          func(n int64) int { return int(n) },
		"megabytes":    func(octets int64) int { return int(octets / 1_000_000) },
	}
}

// chartFunctions draw.
func (r *Renderer) chartFunctions(p i18n.Printer) template.FuncMap {
	return template.FuncMap{
		"chart":         func(s view.Series, id string) Chart { return newChart(p, s, id) },
		"drawn":         func(m view.Map) MapDrawing { return newMap(p, r.outlines, m) },
		"bydepartement": sitesByDepartement,
		"looks":         func(looks []view.Look, named bool) []lookDrawing { return newLookDrawings(p, named, looks) },
		"quality":       func(q view.ProberQuality, id string) QualityChart { return newQualityChart(p, q, id) },
		"stampchart":    func(s view.StampSeries, id string) StampChart { return newStampChart(p, s, id) },
		"trouble":       func(kind view.Trouble, q view.ProberQuality) troubleText { return troubleText{kind, q} },
		"qualityranges": view.QualityRanges,
		"tests":         func(all []view.Test) []testRow { return newTestRows(p, all) },
		"load":          func(l view.Load, id string) LoadChart { return newLoadChart(p, l, id) },
		"ranges":        view.Ranges,
	}
}

// auditFunctions are what the pages of the audit call.
func auditFunctions(p i18n.Printer) template.FuncMap {
	return template.FuncMap{
		"advices":     adviceCounts,
		"audittest":   func(t *audit.Test) AuditTest { return NewAuditTest(p, t) },
		"auditsorts":  auditSorts,
		"band":        func(y audit.Policy, l audit.Line, way string) bandDrawing { return newBandDrawing(p, y, l, way) },
		"departement": view.DepartementName,
		"permbit":     func(l audit.Line) string { return perMbitText(p, l) },
		"rule":        func(y audit.Policy, f audit.Finding) string { return RuleText(p, y, f) },
		"saturated":   func(s audit.Share, at int64) string { return saturatedText(p, s, at) },
		"schoolyear":  SchoolYearName,
		"share":       func(s audit.Share) string { return ShareText(p, s) },
		"uptime":      func(l audit.Line) string { return UptimeText(p, l) },
	}
}

// formFunctions are what forms, tables of the inventory and the plan call.
func formFunctions(p i18n.Printer) template.FuncMap {
	return template.FuncMap{
		"hint":         func(table, column string) string { return columnHint(p, table, column) },
		"column":       func(name string) string { return columnLabel(p, name) },
		"choice":       func(value string) string { return choiceLabel(p, value) },
		"expected":     func(text string) string { return expectation(p, text) },
		"record":       recordAddress,
		"tableof":      tableOf,
		"newterms":     newTermsAddress,
		"firstkeys":    firstKeys,
		"firstchanges": firstChanges,
		"beyond":       beyond,
		"problem":      func(table string, place int, f intake.Field) fieldMark { return newFieldMark(p, table, place, f) },
		"prefixhref":   prefixAddress,
		"tablehref":    tableAddress,
		"pieces":       func(path, key string, piece view.Piece) pieceChoice { return pieceChoice{piece, path, key} },
		"query":        withQuery,
	}
}

// withQuery gives the address with one value of its query set, or taken away when
// empty. An address that cannot be read comes back as the first page.
func withQuery(address, key, value string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Set(key, value)
	if value == "" {
		q.Del(key)
	}
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// pollProblems are the problems of a poll that have a name in every language.
var pollProblems = map[string]string{
	snmp.ProblemSilent:     "router.problem.silent",
	snmp.ProblemRefused:    "router.problem.refused",
	snmp.ProblemStopped:    "router.problem.stopped",
	snmp.ProblemCredential: "router.problem.credential",
	snmp.ProblemCommunity:  "router.problem.community",
	snmp.ProblemClock:      "router.problem.clock",
	snmp.ProblemUnset:      "router.problem.unset",
}

// pollProblem says why a router did not answer, in its own words where it has any.
func pollProblem(p i18n.Printer, problem string) string {
	if key, named := pollProblems[problem]; named {
		return p.T(key)
	}
	return problem
}

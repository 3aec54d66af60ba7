package dashboards

import (
	"html/template"
	"strings"
	"time"

	"vigie/internal/checkstate"
	"vigie/internal/i18n"
	"vigie/internal/view"
	"vigie/probe/service"
)

// ServicesPage shows what behind the links does not work, or will not for long.
type ServicesPage struct {
	Shell
	Services view.Services
}

func (*ServicesPage) template() string { return "services" }

// behindNote is what fails behind a good line, as it is now.
type behindNote struct {
	*view.Behind
	Now time.Time
}

// checksTable is the checks of a link.
type checksTable struct {
	view.Checks
	Now time.Time
}

// checkLines is a table of checks of any link.
type checkLines struct {
	Caption string
	Lines   []view.CheckLine
	Now     time.Time
}

// certificateEnd is when a certificate stops holding, and whether that is soon.
type certificateEnd struct {
	Until  time.Time
	Ending bool
}

func newCertificateEnd(c view.CheckLine, now time.Time) certificateEnd {
	return certificateEnd{c.CertificateUntil(), c.Ending(now)}
}

// checkReason words why a check failed, or why it says nothing.
func checkReason(p i18n.Printer, reason string) string {
	if reason == checkstate.Isolated {
		return p.T("check.isolated")
	}
	key := "service.reason." + strings.ReplaceAll(reason, "_", "-")
	if !p.Has(key) {
		return reason
	}
	return p.T(key)
}

// phaseText writes the mean time of a phase; a dash for one that was not gone through.
func phaseText(p i18n.Printer, micros int64) string {
	if micros == 0 {
		return "–"
	}
	return p.Millis(micros)
}

// checkDetail reports whether the words of the machine tell more than the reason does: of
// a silence or a refusal they repeat it, in English.
func checkDetail(reason string) bool {
	switch service.Reason(reason) {
	case service.Refused, service.Timeout, service.Reset, service.Closed, service.Unreachable, service.NoSuchName, service.NoAddress:
		return false
	}
	return true
}

// checkFunctions are what the templates about services call.
func checkFunctions(p i18n.Printer) template.FuncMap {
	return template.FuncMap{
		"checkreason": func(reason string) string { return checkReason(p, reason) },
		"checkdetail": checkDetail,
		"phase":       func(micros int64) string { return phaseText(p, micros) },
		"micros":      p.Millis,
		"certificate": newCertificateEnd,
		"behindnow":   func(b *view.Behind, now time.Time) behindNote { return behindNote{b, now} },
		"checksnow":   func(c view.Checks, now time.Time) checksTable { return checksTable{c, now} },
		"checklines": func(caption string, lines []view.CheckLine, now time.Time) checkLines {
			return checkLines{caption, lines, now}
		},
	}
}

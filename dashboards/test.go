package dashboards

import (
	"fmt"
	"strings"
	"time"

	"vigie/internal/audit"
	"vigie/internal/i18n"
	"vigie/internal/view"
	"vigie/probe"
)

// testRow is a test of what a link carries, in words.
type testRow struct {
	At       time.Time
	Down, Up *testFigure // nil where nothing was measured
	Method   string
	Layer    string // of the figures; empty where there is none
	Note     string
	Alarm    bool // below the contract
}

// testFigure is a rate beside the contracted one: Width is the part of it in hundredths,
// one hundred at most, as wide as its bar.
type testFigure struct {
	Rate, Share string
	Width       int
}

func newTestRows(p i18n.Printer, tests []view.Test) []testRow {
	rows := make([]testRow, len(tests))
	for i, t := range tests {
		rows[i] = testRow{At: t.At, Down: newTestFigure(p, t.Down), Up: newTestFigure(p, t.Up), Note: testNote(p, t.Throughput), Alarm: t.Short()}
		if t.Method != "" {
			rows[i].Method = string(t.Method)
		}
		for _, f := range []*probe.Flow{t.Down, t.Up} {
			if f != nil {
				rows[i].Layer = p.T("test.layer." + string(f.Layer))
			}
		}
	}
	return rows
}

// AuditTest is the last test of a link in words, beside its figures.
type AuditTest struct {
	testRow
	Flows probe.Throughput
	By    string // the method and the prober; empty when nothing was tried
}

// NewAuditTest words the last test of a link.
func NewAuditTest(p i18n.Printer, t *audit.Test) AuditTest {
	made := AuditTest{testRow: newTestRows(p, []view.Test{view.Test(*t)})[0], Flows: t.Throughput}
	if t.Method != "" {
		made.By = p.T("audit.test.by", string(t.Method), t.Prober)
	}
	return made
}

func newTestFigure(p i18n.Printer, f *probe.Flow) *testFigure {
	if f == nil {
		return nil
	}
	figure := &testFigure{Rate: p.BitRate(f.BitsPerSecond)}
	if f.ContractBits > 0 {
		figure.Share = p.T("test.of", p.Percent(f.BitsPerSecond, f.ContractBits, 1))
		figure.Width = int(min(100, f.BitsPerSecond*100/f.ContractBits))
	}
	return figure
}

// testNote says what has to be known beside the figures.
func testNote(p i18n.Printer, t probe.Throughput) string {
	var notes []string
	if t.NotRun != "" {
		notes = append(notes, p.T("notrun."+string(t.NotRun)))
		if t.NotRun == probe.LoadHigh && t.LoadPerMille >= 0 {
			notes = append(notes, p.T("test.load", p.Percent(int64(t.LoadPerMille), 1000, 1)))
		}
		if t.Detail != "" {
			notes = append(notes, t.Detail)
		}
	}
	if t.NotRun != probe.HostBusy && t.HostBusy() {
		notes = append(notes, p.T("notrun."+string(probe.HostBusy)))
	}
	if t.Short() {
		notes = append(notes, p.T("test.short"))
	}
	for _, f := range []*probe.Flow{t.Down, t.Up} {
		if f != nil && f.Capped() {
			notes = append(notes, p.T("test.capped", p.BitRate(f.CapBits)))
			break
		}
	}
	sent, told := int64(0), false
	for _, f := range []*probe.Flow{t.Down, t.Up} {
		if f != nil && f.Retransmits >= 0 {
			sent, told = sent+f.Retransmits, true
		}
	}
	if told {
		notes = append(notes, p.N("test.retransmits", int(sent)))
	}
	return strings.Join(notes, fmt.Sprintf("%s ", p.T("test.and")))
}

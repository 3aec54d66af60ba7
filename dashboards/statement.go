package dashboards

import (
	"encoding/csv"
	"io"
	"strings"
	"time"

	"vigie/billing/money"
	"vigie/internal/i18n"
)

// Statement is what each member owes for a month.
type Statement struct {
	Month    time.Time // its first day, midnight UTC
	Draft    bool      // the month is not over or not issued: figures may move
	Members  []MemberStatement
	Refusals []Refusal
}

// MemberStatement is one member's part, its lines in the order they are printed.
type MemberStatement struct {
	Organisation string // name
	BudgetLine   string
	Lines        []StatementLine
	Sums
}

// Sums adds lines up. Penalties carry no VAT and are negative amounts owed.
type Sums struct {
	Net       money.Cents // HT, without penalties
	VAT       money.Cents
	Gross     money.Cents // TTC: Net + VAT
	Penalties money.Cents // <= 0
	Due       money.Cents // Gross + Penalties
}

// StatementLine is one charge or one penalty.
type StatementLine struct {
	Link    string // reference
	LinkID  int64  // 0 when the link has no page
	Site    string
	Label   string      // what is charged: item and period, or the ticket of a penalty
	Part    string      // of a shared line, as its key says: "412/1030"; empty for a whole one
	Penalty bool        // a credit without VAT
	Net     money.Cents // HT; negative for a penalty
	VAT     money.Cents
	Gross   money.Cents // TTC
}

// Refusal is a line that no member is asked to pay, and why.
type Refusal struct {
	Subject string // link reference or site
	Reason  string
	Net     money.Cents // HT that stays unassigned
}

// Total adds the members up.
func (s Statement) Total() Sums {
	var total Sums
	for _, m := range s.Members {
		total.Net += m.Net
		total.VAT += m.VAT
		total.Gross += m.Gross
		total.Penalties += m.Penalties
		total.Due += m.Due
	}
	return total
}

// Previous and Next are the first days of the months beside.
func (s Statement) Previous() time.Time { return s.Month.AddDate(0, -1, 0) }

// Next is the first day of the month after.
func (s Statement) Next() time.Time { return s.Month.AddDate(0, 1, 0) }

// WriteCSV writes one line for each charge and penalty, as French spreadsheets read
// it: semicolons, decimal commas, a byte order mark.
func (s Statement) WriteCSV(w io.Writer, p i18n.Printer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.Comma = ';'
	header := []string{
		p.T("csv.month"), p.T("csv.state"), p.T("csv.member"), p.T("csv.budget"), p.T("csv.link"), p.T("csv.site"),
		p.T("csv.label"), p.T("csv.part"), p.T("csv.net"), p.T("csv.vat"), p.T("csv.gross"),
	}
	if err := out.Write(header); err != nil {
		return err
	}
	state := p.T("statement.final")
	if s.Draft {
		state = p.T("statement.draft")
	}
	for _, m := range s.Members {
		for _, l := range m.Lines {
			record := []string{
				s.Month.Format("2006-01"), state, m.Organisation, m.BudgetLine, l.Link, l.Site, l.Label, l.Part,
				decimal(l.Net), decimal(l.VAT), decimal(l.Gross),
			}
			for i := range record[:8] {
				record[i] = inert(record[i])
			}
			if err := out.Write(record); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// decimal writes cents as a spreadsheet reads them: -1234,56.
func decimal(c money.Cents) string { return strings.Replace(c.String(), ".", ",", 1) }

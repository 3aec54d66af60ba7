package httpd

import (
	"bytes"
	"cmp"
	"math/big"
	"net/http"
	"slices"
	"strings"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/billing/statement"
	"vigie/dashboards"
	"vigie/internal/fault"
	"vigie/internal/i18n"
	"vigie/internal/invoicing"
	"vigie/internal/org"
	"vigie/internal/report"
	"vigie/internal/view"
)

func (s *Server) statement(w http.ResponseWriter, r *http.Request) error {
	page, err := s.statementOf(r)
	if err != nil {
		return err
	}
	who, _ := asker(r)
	notices, err := s.View.Notices(r.Context(), who, s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.StatementPage{Shell: s.following(r, dashboards.Statements, notices), Statement: page})
}

func (s *Server) statementCSV(w http.ResponseWriter, r *http.Request) error {
	page, err := s.statementOf(r)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := page.WriteCSV(&body, i18n.For(lang(r))); err != nil {
		return err
	}
	attach(w, &body, csvType, "vigie-"+page.Month.Format("2006-01")+".csv")
	return nil
}

// statementXLSX is the workbook of the asker's part of a month's bill.
func (s *Server) statementXLSX(w http.ResponseWriter, r *http.Request) error {
	first, err := month(r.URL.Query().Get("month"), s.Now())
	if err != nil {
		return err
	}
	who, _ := asker(r)
	names, err := s.View.Directory(r.Context(), who, s.Now())
	if err != nil {
		return err
	}
	bill, err := s.Statements.Month(r.Context(), first, s.Now())
	if err != nil {
		return err
	}
	say := i18n.For(lang(r))
	var body bytes.Buffer
	if err := report.WriteXLSX(&body, report.Bill(billFor(bill, who, names), s.Now(), say), say); err != nil {
		return err
	}
	attach(w, &body, xlsxType, "vigie-"+first.Format("2006-01")+".xlsx")
	return nil
}

// billFor keeps of a bill what one person sees: the members of their territory, and
// the refusals that concern a link they see.
func billFor(bill invoicing.Bill, who org.User, names view.Directory) invoicing.Bill {
	bill.Members = slices.DeleteFunc(slices.Clone(bill.Members), func(m invoicing.Member) bool {
		return m.Key == invoicing.Unassigned || !org.Allowed(who, org.SeeCosts, m.Key)
	})
	bill.Refusals = slices.DeleteFunc(slices.Clone(bill.Refusals), func(r invoicing.Refusal) bool {
		_, seen := names.Links[r.Link]
		return !seen
	})
	return bill
}

// statementOf makes the part of the month's bill that the asker sees.
func (s *Server) statementOf(r *http.Request) (dashboards.Statement, error) {
	first, err := month(r.URL.Query().Get("month"), s.Now())
	if err != nil {
		return dashboards.Statement{}, err
	}
	who, _ := asker(r)
	names, err := s.View.Directory(r.Context(), who, s.Now())
	if err != nil {
		return dashboards.Statement{}, err
	}
	bill, err := s.Statements.Month(r.Context(), first, s.Now())
	if fault.KindOf(err) == fault.NotFound {
		return dashboards.Statement{Month: first}, nil // a month without a bill has neighbours to go to
	}
	if err != nil {
		return dashboards.Statement{}, err
	}
	return newStatement(bill, who, words{names, i18n.For(lang(r))})
}

// words are what a statement names things with.
type words struct {
	view.Directory
	i18n.Printer
}

// newStatement turns a bill into what one person sees of it: the members of their
// territory, and the refusals that concern a link they see.
func newStatement(bill invoicing.Bill, who org.User, say words) (dashboards.Statement, error) {
	page := dashboards.Statement{Month: bill.Month, Draft: bill.Draft}
	places := map[string]int{}
	for _, lot := range bill.Lots {
		for _, m := range lot.Statement.Members {
			if m.Payer == invoicing.Unassigned || !org.Allowed(who, org.SeeCosts, m.Payer) {
				continue
			}
			place, ok := places[m.Payer]
			if !ok {
				place = len(page.Members)
				places[m.Payer] = place
				page.Members = append(page.Members, dashboards.MemberStatement{
					Organisation: cmp.Or(say.Organisations[m.Payer], m.Payer), BudgetLine: m.Imputation,
				})
			}
			if err := addMember(&page.Members[place], m, lot, say); err != nil {
				return dashboards.Statement{}, err
			}
		}
	}
	for _, refusal := range bill.Refusals {
		if _, seen := say.Links[refusal.Link]; seen {
			subject := strings.TrimSpace(refusal.Link + " " + refusal.Site)
			page.Refusals = append(page.Refusals, dashboards.Refusal{Subject: subject, Reason: refusal.Reason, Net: refusal.HT})
		}
	}
	slices.SortFunc(page.Members, func(a, b dashboards.MemberStatement) int { return cmp.Compare(a.Organisation, b.Organisation) })
	return page, nil
}

// addMember adds one member's part of one lot.
func addMember(to *dashboards.MemberStatement, m statement.Member, lot invoicing.Lot, say words) error {
	for _, line := range m.Lines {
		to.Lines = append(to.Lines, dashboards.StatementLine{
			Link: line.Link, LinkID: say.Links[line.Link], Site: line.Site, Label: lineLabel(line, lot, say.Printer), Part: part(line.Share),
			Net: line.HT, VAT: line.VAT, Gross: line.TTC,
		})
	}
	for _, credit := range m.Credits {
		to.Lines = append(to.Lines, dashboards.StatementLine{
			Link: credit.Link, LinkID: say.Links[credit.Link], Site: credit.Site, Part: part(credit.Share), Penalty: true,
			Label: creditLabel(credit, say.Printer), Net: -credit.HT, Gross: -credit.HT,
		})
	}
	slices.SortStableFunc(to.Lines, func(a, b dashboards.StatementLine) int { return cmp.Compare(a.Link, b.Link) })
	return addSums(to, m.Totals)
}

func addSums(to *dashboards.MemberStatement, totals invoice.Totals) error {
	before := invoice.Totals{HT: to.Net, VAT: to.VAT, TTC: to.Gross, Credits: -to.Penalties}
	sum, err := before.Plus(totals)
	if err != nil {
		return err
	}
	due, err := money.Sum(sum.TTC, -sum.Credits)
	if err != nil {
		return err
	}
	to.Sums = dashboards.Sums{Net: sum.HT, VAT: sum.VAT, Gross: sum.TTC, Penalties: -sum.Credits, Due: due}
	return nil
}

func lineLabel(line statement.Line, lot invoicing.Lot, p i18n.Printer) string {
	if line.Kind == invoice.Subscription {
		return lot.Name + ", " + p.T("statement.kind.subscription")
	}
	last := line.Period.To.AddDate(0, 0, -1)
	return lot.Name + ", " + p.T("statement.kind.prorata", p.CivilDate(line.Period.From), p.CivilDate(last))
}

func creditLabel(credit statement.Credit, p i18n.Printer) string {
	if credit.Cause == "availability" {
		return p.T("statement.cause.availability")
	}
	return p.T("statement.cause.gtr", credit.Cause, p.CivilDate(credit.Day))
}

// part writes the payer's share of a shared line as its key weighs it: "412/1030".
func part(share statement.Share) string {
	if share.KeyID == "" || share.Total == nil {
		return ""
	}
	return decimal(share.Weight) + "/" + decimal(share.Total)
}

// decimal writes a weight as its key does, without trailing zeros.
func decimal(weight *big.Rat) string {
	if weight.IsInt() {
		return weight.RatString()
	}
	return strings.TrimRight(weight.FloatString(6), "0")
}

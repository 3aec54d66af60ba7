package report

import (
	"cmp"
	"time"

	"vigie/billing/money"
	"vigie/billing/statement"
	"vigie/internal/i18n"
	"vigie/internal/invoicing"
)

// Entry is one line of a member's part of a bill.
type Entry struct {
	Lot, Link, Site string
	Kind            string // subscription, prorata..., or penalty
	From, Last      time.Time
	Part            string // of a shared line, as its key weighs it: 512/1639
	Cause           string // of a penalty
	HT, VAT, TTC    money.Cents
}

// Entries lists what one member bears over all lots, charges before penalties, which
// are negative and bear no VAT.
func Entries(bill invoicing.Bill, member string) []Entry {
	var charges, credits []Entry
	for _, lot := range bill.Lots {
		for _, m := range lot.Statement.Members {
			if m.Payer != member {
				continue
			}
			for _, l := range m.Lines {
				charges = append(charges, Entry{
					Lot: lot.Key, Link: l.Link, Site: l.Site, Kind: string(l.Kind), Part: part(l.Share),
					From: l.Period.From, Last: l.Period.LastDay(), HT: l.HT, VAT: l.VAT, TTC: l.TTC,
				})
			}
			for _, cr := range m.Credits {
				credits = append(credits, Entry{
					Lot: lot.Key, Link: cr.Link, Site: cr.Site, Kind: "penalty", Part: part(cr.Share),
					From: cr.Day, Last: cr.Day, Cause: cr.Cause + " " + cr.Clause, HT: -cr.HT, TTC: -cr.HT,
				})
			}
		}
	}
	return append(charges, credits...)
}

// part is the payer's weight in a shared line.
func part(share statement.Share) string {
	if share.KeyID == "" || share.Total == nil {
		return ""
	}
	return share.Weight.RatString() + "/" + share.Total.RatString()
}

// Bill is the workbook of a month's bill: what each member owes, every line, what was
// refused. Members and refusals that the asker may not see have been taken out.
func Bill(bill invoicing.Bill, made time.Time, p i18n.Printer) Book {
	title := p.T("bill.title", p.Month(bill.Month))
	heading := title
	if bill.Draft {
		heading += ", " + p.T("bill.draft")
	}
	book := Book{Title: title, Made: made, Tables: []Table{billMembers(bill, heading, p), billLines(bill, heading, p)}}
	if len(bill.Refusals) > 0 {
		book.Tables = append(book.Tables, billRefusals(bill, p))
	}
	return book
}

func memberName(m invoicing.Member, p i18n.Printer) string {
	if m.Key == invoicing.Unassigned {
		return p.T("bill.unassigned")
	}
	return m.Name
}

func billMembers(bill invoicing.Bill, heading string, p i18n.Printer) Table {
	t := Table{Name: p.T("report.members"), Heading: heading, Columns: []Column{
		{"member", p.T("csv.member"), 40},
		{"budget_line", p.T("csv.budget"), 30},
		{"ht", p.T("csv.net"), 14},
		{"vat", p.T("csv.vat"), 14},
		{"ttc", p.T("csv.gross"), 14},
		{"penalties", p.T("bill.penalties"), 14},
		{"due", p.T("bill.due"), 14},
	}}
	var sum invoicing.Member
	for _, m := range bill.Members {
		t.Rows = append(t.Rows, []Cell{
			Text(memberName(m, p)), Text(m.BudgetLine), Euros(m.Totals.HT), Euros(m.Totals.VAT), Euros(m.Totals.TTC), Euros(-m.Totals.Credits), Euros(m.Due),
		})
		sum.Totals.HT += m.Totals.HT // parts of the invoices' totals, which are in range
		sum.Totals.VAT += m.Totals.VAT
		sum.Totals.TTC += m.Totals.TTC
		sum.Totals.Credits += m.Totals.Credits
		sum.Due += m.Due
	}
	t.Sum = []Cell{
		Text(p.T("bill.total")), {}, Euros(sum.Totals.HT), Euros(sum.Totals.VAT), Euros(sum.Totals.TTC), Euros(-sum.Totals.Credits), Euros(sum.Due),
	}
	return t
}

func billLines(bill invoicing.Bill, heading string, p i18n.Printer) Table {
	t := Table{Name: p.T("report.lines"), Heading: heading, Columns: []Column{
		{"member", p.T("csv.member"), 32},
		{"budget_line", p.T("csv.budget"), 24},
		{"lot", p.T("report.lot"), 10},
		{"link", p.T("csv.link"), 12},
		{"site", p.T("csv.site"), 36},
		{"kind", p.T("bill.what"), 16},
		{"from", p.T("report.from"), 12},
		{"to", p.T("report.to"), 12},
		{"part", p.T("csv.part"), 12},
		{"cause", p.T("report.cause"), 20},
		{"ht", p.T("csv.net"), 12},
		{"vat", p.T("csv.vat"), 12},
		{"ttc", p.T("csv.gross"), 12},
	}}
	for _, m := range bill.Members {
		for _, e := range Entries(bill, m.Key) {
			t.Rows = append(t.Rows, []Cell{
				Text(memberName(m, p)), Text(m.BudgetLine), Text(e.Lot), Text(e.Link), Text(e.Site), Text(p.T("bill.kind." + e.Kind)),
				Day(e.From), Day(e.Last), Text(e.Part), Text(e.Cause), Euros(e.HT), Euros(e.VAT), Euros(e.TTC),
			})
		}
	}
	return t
}

func billRefusals(bill invoicing.Bill, p i18n.Printer) Table {
	t := Table{Name: p.T("report.refused"), Heading: p.T("statement.refusals"), Columns: []Column{
		{"link", p.T("csv.link"), 14}, {"site", p.T("csv.site"), 36}, {"reason", p.T("statement.reason"), 60}, {"ht", p.T("csv.net"), 14},
	}}
	for _, r := range bill.Refusals {
		t.Rows = append(t.Rows, []Cell{Text(cmp.Or(r.Link, "–")), Text(r.Site), Passage(r.Reason), Euros(r.HT)})
	}
	return t
}

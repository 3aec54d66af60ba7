package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vigie/billing/money"
	"vigie/billing/statement"
	"vigie/internal/invoicing"
	"vigie/internal/org"
	"vigie/internal/view"
)

// Statement is a month's bill, as far as the asker sees it.
type Statement struct {
	Month    string            `json:"month" example:"2026-11"`
	Draft    bool              `json:"draft" doc:"The month is not over: figures may still move."`
	Coverage *float64          `json:"coverage_ratio" doc:"Measured time over the time that the availability penalties rest on; null in a draft."`
	Members  []MemberStatement `json:"members"`
	Refusals []Refusal         `json:"refusals" doc:"Amounts that nobody is asked to pay."`
}

// MemberStatement is what one payer owes over all lots.
type MemberStatement struct {
	Organisation string          `json:"organisation" doc:"Key."`
	Name         string          `json:"name"`
	BudgetLine   string          `json:"budget_line"`
	Lines        []StatementLine `json:"lines"`
	Net          money.Cents     `json:"net_cents" doc:"Before VAT (HT)."`
	VAT          money.Cents     `json:"vat_cents"`
	Gross        money.Cents     `json:"gross_cents" doc:"With VAT (TTC)."`
	Penalties    money.Cents     `json:"penalties_cents" doc:"What the operators owe, 0 or more."`
	Due          money.Cents     `json:"due_cents" doc:"Gross without the penalties."`
}

// StatementLine is one payer's part of one charge, or of one penalty.
type StatementLine struct {
	Lot   string      `json:"lot" doc:"Key."`
	Link  string      `json:"link" doc:"Reference."`
	Site  string      `json:"site"`
	Kind  string      `json:"kind" doc:"subscription, prorata or penalty."`
	From  string      `json:"from" format:"date"`
	To    string      `json:"to" format:"date" doc:"Last day."`
	Part  string      `json:"part" doc:"Weight of the split key over the sum of its weights; empty for a single payer."`
	Cause string      `json:"cause" doc:"Of a penalty: the number of the ticket, or availability."`
	Net   money.Cents `json:"net_cents" doc:"Negative for a penalty."`
	VAT   money.Cents `json:"vat_cents"`
	Gross money.Cents `json:"gross_cents"`
}

// Refusal is an amount that nobody is asked to pay, and why.
type Refusal struct {
	Link   string      `json:"link"`
	Site   string      `json:"site"`
	Cause  string      `json:"cause" doc:"price, penalty, key or budget-line."`
	Reason string      `json:"reason"`
	Net    money.Cents `json:"net_cents"`
}

// Statements makes the bill of a month; internal/invoicing does it.
type Statements interface {
	Month(ctx context.Context, month, now time.Time) (invoicing.Bill, error)
}

// Statement answers with the members of the asker's territory, and the refusals that
// concern a link they see.
func (s *Service) Statement(ctx context.Context, who org.User, month, now time.Time) (Statement, error) {
	names, err := s.view.Directory(ctx, who, now)
	if err != nil {
		return Statement{}, err
	}
	bill, err := s.statements.Month(ctx, month, now)
	if err != nil {
		return Statement{}, err
	}
	out := Statement{Month: bill.Month.Format("2006-01"), Draft: bill.Draft, Members: []MemberStatement{}, Refusals: []Refusal{}}
	if bill.Coverage.OwedSeconds > 0 {
		ratio := float64(bill.Coverage.KnownSeconds) / float64(bill.Coverage.OwedSeconds)
		out.Coverage = &ratio
	}
	for _, m := range bill.Members {
		if m.Key != invoicing.Unassigned && org.Allowed(who, org.SeeCosts, m.Key) {
			out.Members = append(out.Members, newMember(bill, m, names))
		}
	}
	for _, r := range bill.Refusals {
		if _, seen := names.Links[r.Link]; seen {
			out.Refusals = append(out.Refusals, Refusal{Link: r.Link, Site: r.Site, Cause: string(r.Cause), Reason: r.Reason, Net: r.HT})
		}
	}
	return out, nil
}

func newMember(bill invoicing.Bill, m invoicing.Member, names view.Directory) MemberStatement {
	out := MemberStatement{
		Organisation: m.Key, Name: cmp.Or(names.Organisations[m.Key], m.Name), BudgetLine: m.BudgetLine, Lines: []StatementLine{},
		Net: m.Totals.HT, VAT: m.Totals.VAT, Gross: m.Totals.TTC, Penalties: m.Totals.Credits, Due: m.Due,
	}
	for _, lot := range bill.Lots {
		for _, part := range lot.Statement.Members {
			if part.Payer == m.Key {
				out.Lines = append(out.Lines, linesOf(lot.Key, part)...)
			}
		}
	}
	slices.SortStableFunc(out.Lines, func(a, b StatementLine) int { return cmp.Compare(a.Link, b.Link) })
	return out
}

func linesOf(lot string, m statement.Member) []StatementLine {
	var out []StatementLine
	for _, l := range m.Lines {
		out = append(out, StatementLine{
			Lot: lot, Link: l.Link, Site: l.Site, Kind: string(l.Kind), Part: partOf(l.Share),
			From: l.Period.From.Format(time.DateOnly), To: l.Period.LastDay().Format(time.DateOnly), Net: l.HT, VAT: l.VAT, Gross: l.TTC,
		})
	}
	for _, c := range m.Credits {
		on := c.Day.Format(time.DateOnly)
		out = append(out, StatementLine{
			Lot: lot, Link: c.Link, Site: c.Site, Kind: "penalty", Part: partOf(c.Share), From: on, To: on, Cause: c.Cause, Net: -c.HT, Gross: -c.HT,
		})
	}
	return out
}

// partOf writes a payer's weight in a shared line, exactly: "412/1030".
func partOf(share statement.Share) string {
	if share.KeyID == "" || share.Total == nil {
		return ""
	}
	return share.Weight.RatString() + "/" + share.Total.RatString()
}

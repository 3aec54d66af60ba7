package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"time"

	"vigie/billing/money"
	"vigie/billing/statement"
	"vigie/internal/calendar"
	"vigie/internal/invoicing"
)

type billCommand struct {
	Month  string `help:"current, last, or YYYY-MM." default:"current"`
	Member string `help:"Only this member, by its key." placeholder:"KEY"`
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (billCommand) Help() string {
	return `Examples:
  vigie bill
  vigie bill --month last --member meuse
  vigie bill --month 2026-10 --format csv > october.csv`
}

// Run prints the bill of a month. What is refused is named on standard error, and
// makes the command fail although the rest is printed.
func (c billCommand) Run(s surroundings) error {
	now := time.Now()
	month, err := monthOf(c.Month, now)
	if err != nil {
		return err
	}
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	bill, err := commands.Bill(s.ctx, month, now)
	if err != nil {
		return err
	}
	if c.Member != "" {
		if bill, err = only(bill, c.Member); err != nil {
			return err
		}
	}
	if err := c.show(s, bill); err != nil {
		return err
	}
	for _, r := range bill.Refusals {
		fmt.Fprintf(s.talk, "vigie: refused: %s\n", refused(s, r))
	}
	if len(bill.Refusals) > 0 {
		return errSaid
	}
	return nil
}

// monthOf reads a month as the first of its days; current and last are those of
// Europe/Paris.
func monthOf(text string, now time.Time) (time.Time, error) {
	day := calendar.Day(now)
	first := day.AddDate(0, 0, 1-day.Day())
	switch text {
	case "current":
		return first, nil
	case "last":
		return first.AddDate(0, -1, 0), nil
	}
	month, err := time.Parse("2006-01", text)
	if err != nil {
		return time.Time{}, &usageError{fmt.Sprintf("--month: %q is neither current, nor last, nor a month (YYYY-MM)", text)}
	}
	return month, nil
}

// only keeps one member's part of a bill.
func only(bill invoicing.Bill, key string) (invoicing.Bill, error) {
	var members []invoicing.Member
	var known string
	for _, m := range bill.Members {
		if m.Key == key {
			members = append(members, m)
		}
		known += " " + m.Key
	}
	if len(members) == 0 {
		return bill, &usageError{fmt.Sprintf("--member: %q has no part in this bill; expected one of:%s", key, known)}
	}
	bill.Members = members
	for i := range bill.Lots {
		var kept []statement.Member
		for _, m := range bill.Lots[i].Statement.Members {
			if m.Payer == key {
				kept = append(kept, m)
			}
		}
		bill.Lots[i].Statement.Members = kept
	}
	return bill, nil
}

func (c billCommand) show(s surroundings, bill invoicing.Bill) error {
	switch c.Format {
	case "json":
		return writeJSON(s.out, bill)
	case "csv":
		return writeBillCSV(s.out, bill)
	}
	return sheet{s.print}.write(s.out, bill, c.Member == "")
}

// entry is one line of a member's part.
type entry struct {
	lot, link, site, kind, from, to, part, cause string
	ht, vat, ttc                                 money.Cents
}

// entries lists what one member bears over all lots, charges before penalties.
func entries(bill invoicing.Bill, member string) []entry {
	var charges, credits []entry
	for _, lot := range bill.Lots {
		for _, m := range lot.Statement.Members {
			if m.Payer != member {
				continue
			}
			for _, l := range m.Lines {
				charges = append(charges, entry{
					lot: lot.Key, link: l.Link, site: l.Site, kind: string(l.Kind), part: part(l.Share),
					from: l.Period.From.Format(time.DateOnly), to: l.Period.LastDay().Format(time.DateOnly),
					ht: l.HT, vat: l.VAT, ttc: l.TTC,
				})
			}
			for _, cr := range m.Credits {
				day := cr.Day.Format(time.DateOnly)
				credits = append(credits, entry{
					lot: lot.Key, link: cr.Link, site: cr.Site, kind: "penalty", part: part(cr.Share),
					from: day, to: day, cause: cr.Cause + " " + cr.Clause, ht: -cr.HT, ttc: -cr.HT,
				})
			}
		}
	}
	return append(charges, credits...)
}

// part is the payer's weight in a shared line, e.g. 512/1639.
func part(share statement.Share) string {
	if share.KeyID == "" || share.Total == nil {
		return ""
	}
	return share.Weight.RatString() + "/" + share.Total.RatString()
}

// writeBillCSV gives every line with ISO dates and decimal points.
func writeBillCSV(w io.Writer, bill invoicing.Bill) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"month", "draft", "member", "budget_line", "lot", "link", "site", "kind", "from", "to", "part", "cause", "ht", "vat", "ttc"}}
	for _, m := range bill.Members {
		for _, e := range entries(bill, m.Key) {
			rows = append(rows, []string{
				bill.Month.Format("2006-01"), fmt.Sprint(bill.Draft), m.Key, m.BudgetLine,
				e.lot, e.link, e.site, e.kind, e.from, e.to, e.part, e.cause, e.ht.String(), e.vat.String(), e.ttc.String(),
			})
		}
	}
	return out.WriteAll(rows)
}

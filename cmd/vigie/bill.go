package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"time"

	"vigie/billing/statement"
	"vigie/internal/calendar"
	"vigie/internal/invoicing"
	"vigie/internal/report"
)

type billCommand struct {
	Month  string `help:"current, last, or YYYY-MM." default:"current"`
	Member string `help:"Only this member, by its key." placeholder:"KEY"`
	Format string `help:"Form of the result." enum:"table,json,csv,xlsx" default:"table"`
	Output string `help:"File to write instead of standard output; needed for xlsx." short:"o" placeholder:"FILE"`
}

// Help gives examples.
func (billCommand) Help() string {
	return `Examples:
  vigie bill
  vigie bill --month last --member meuse
  vigie bill --month 2026-10 --format csv > october.csv
  vigie bill --month 2026-10 --format xlsx --output october.xlsx`
}

// Run prints the bill of a month. What is refused is named on standard error, and
// makes the command fail although the rest is printed.
func (c billCommand) Run(s surroundings) error {
	now := time.Now()
	month, err := monthOf(c.Month, now)
	if err != nil {
		return err
	}
	if err := needsOutput(c.Format, c.Output); err != nil {
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
	err = s.writeTo(c.Output, func(w io.Writer) error { return c.show(w, s, bill, now) })
	if err != nil {
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

func (c billCommand) show(w io.Writer, s surroundings, bill invoicing.Bill, now time.Time) error {
	switch c.Format {
	case "json":
		return writeJSON(w, bill)
	case "csv":
		return writeBillCSV(w, bill)
	case "xlsx":
		return report.WriteXLSX(w, report.Bill(bill, now, s.print), s.print)
	}
	return sheet{s.print}.write(w, bill, c.Member == "")
}

// writeBillCSV gives every line with ISO dates and decimal points.
func writeBillCSV(w io.Writer, bill invoicing.Bill) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"month", "draft", "member", "budget_line", "lot", "link", "site", "kind", "from", "to", "part", "cause", "ht", "vat", "ttc"}}
	for _, m := range bill.Members {
		for _, e := range report.Entries(bill, m.Key) {
			rows = append(rows, []string{
				bill.Month.Format("2006-01"), fmt.Sprint(bill.Draft), m.Key, m.BudgetLine,
				e.Lot, e.Link, e.Site, e.Kind, e.From.Format(time.DateOnly), e.Last.Format(time.DateOnly), e.Part, e.Cause,
				e.HT.String(), e.VAT.String(), e.TTC.String(),
			})
		}
	}
	return out.WriteAll(rows)
}

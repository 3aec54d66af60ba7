package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"vigie/billing/invoice"
	"vigie/billing/money"
	"vigie/internal/i18n"
	"vigie/internal/invoicing"
	"vigie/internal/report"
)

// The widths of a bill's columns, for a terminal of 120 characters.
const (
	linkWidth   = 10
	siteWidth   = 32
	whatWidth   = 24
	partWidth   = 10
	amountWidth = 12
)

// sheet writes a bill as a table in one language.
type sheet struct{ print i18n.Printer }

// write gives each member's part, then, for a whole bill, the market's total.
func (sh sheet) write(to io.Writer, bill invoicing.Bill, whole bool) error {
	w := bufio.NewWriter(to)
	title := sh.print.T("bill.title", sh.print.Month(bill.Month))
	if bill.Draft {
		title += ", " + sh.print.T("bill.draft")
	}
	fmt.Fprintln(w, title)
	for _, m := range bill.Members {
		sh.member(w, bill, m)
	}
	if whole {
		fmt.Fprintln(w)
		sh.row(w, "", sh.print.T("bill.market"), "", "", "", "", "")
		sh.totals(w, bill.Totals, bill.Due)
		fmt.Fprintln(w, sh.print.T("bill.adds"))
	}
	return w.Flush()
}

func (sh sheet) member(w io.Writer, bill invoicing.Bill, m invoicing.Member) {
	name := m.Name
	if m.Key == invoicing.Unassigned {
		name = sh.print.T("bill.unassigned")
	}
	fmt.Fprintf(w, "\n%s\n%s\n", name, m.BudgetLine)
	sh.row(w, sh.print.T("bill.link"), sh.print.T("bill.site"), sh.print.T("bill.what"), sh.print.T("bill.part"), "HT", sh.print.T("bill.vat"), "TTC")
	for _, e := range report.Entries(bill, m.Key) {
		what := sh.print.T("bill.kind." + e.Kind)
		switch {
		case e.Cause != "":
			what = e.Cause
		case e.Kind != string(invoice.Subscription):
			what = e.From.Format(time.DateOnly) + " - " + e.Last.Format(time.DateOnly)
		}
		sh.row(w, e.Link, e.Site, what, e.Part, sh.euros(e.HT), sh.euros(e.VAT), sh.euros(e.TTC))
	}
	sh.totals(w, m.Totals, m.Due)
}

func (sh sheet) totals(w io.Writer, t invoice.Totals, due money.Cents) {
	sh.row(w, "", sh.print.T("bill.total"), "", "", sh.euros(t.HT), sh.euros(t.VAT), sh.euros(t.TTC))
	sh.row(w, "", sh.print.T("bill.penalties"), "", "", "", "", sh.euros(-t.Credits))
	sh.row(w, "", sh.print.T("bill.due"), "", "", "", "", sh.euros(due))
}

func (sh sheet) euros(c money.Cents) string { return sh.print.Euros(int64(c)) }

func (sheet) row(w io.Writer, link, site, what, part, ht, vat, ttc string) {
	line := fit(link, linkWidth) + " " + fit(site, siteWidth) + " " + fit(what, whatWidth) + " " + fit(part, partWidth)
	for _, amount := range []string{ht, vat, ttc} {
		line += " " + strings.Repeat(" ", max(0, amountWidth-utf8.RuneCountInString(amount))) + amount
	}
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}

// fit makes a text exactly as wide as its column.
func fit(text string, width int) string {
	runes := []rune(text)
	if len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return text + strings.Repeat(" ", width-len(runes))
}

// refused says in the user's language what nobody is asked to pay, and why.
func refused(s surroundings, r invoicing.Refusal) string {
	subject := strings.TrimSpace(r.Link + " " + r.Site)
	return fmt.Sprintf("%s (%s HT): %s", subject, s.print.Euros(int64(r.HT)), r.Reason)
}

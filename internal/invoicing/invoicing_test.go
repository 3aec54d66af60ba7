package invoicing_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests need Europe/Paris on any machine

	"vigie/billing/money"
	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/inventory"
	"vigie/internal/invoicing"
	"vigie/internal/org"
	"vigie/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// facts gives the same inventory and events for any month.
type facts struct {
	inventory.Snapshot
	invoicing.Events
}

func (f facts) Month(context.Context, time.Time, time.Time) (*inventory.Index, invoicing.Events, error) {
	return inventory.NewIndex(f.Snapshot), f.Events, nil
}

// afterwards is a moment at which every month of the tests is over.
var afterwards = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

func (f facts) bill(t testing.TB, month string) invoicing.Bill {
	t.Helper()
	return f.billAt(t, month, afterwards)
}

func (f facts) billAt(t testing.TB, month string, now time.Time) invoicing.Bill {
	t.Helper()
	b, err := invoicing.New(f).Month(context.Background(), day(month+"-01"), now)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

// at is a civil time of Europe/Paris.
func at(text string) time.Time {
	instant, err := calendar.ParseLocal(text)
	if err != nil {
		panic(err)
	}
	return instant
}

// group is a purchasing group with one lot and no link: a collège with a Protestant
// temple in its commune, a collège of Meuse, a lycée, and a cité scolaire.
func group() facts {
	return facts{Snapshot: inventory.Snapshot{
		Organisations: []org.Organisation{
			{Key: "cea", Name: "Collectivité d'essai", BudgetLine: "011-221"},
			{Key: "meuse", Name: "Département d'essai", BudgetLine: "011-221-55"},
			{Key: "region", Name: "Région d'essai", BudgetLine: "011-222"},
		},
		Communes: []inventory.Commune{{INSEE: "67482", Departement: "67", Temple: true}, {INSEE: "55545", Departement: "55"}},
		Sites: []inventory.Site{
			{Key: "college", Name: "Collège", Organisation: "cea", Commune: "67482"},
			{Key: "verdun", Name: "Collège de Meuse", Organisation: "meuse", Commune: "55545"},
			{Key: "lycee", Name: "Lycée", Organisation: "region", Commune: "67482"},
			{Key: "cite", Name: "Cité", Organisation: "region", Commune: "67482"},
		},
		Establishments: []inventory.Establishment{
			{UAI: "1", Site: "college", Organisation: "cea"},
			{UAI: "2", Site: "verdun", Organisation: "meuse"},
			{UAI: "3", Site: "lycee", Organisation: "region"},
			{UAI: "4", Site: "cite", Organisation: "cea"},
			{UAI: "5", Site: "cite", Organisation: "region"},
		},
		Operators: []inventory.Operator{{Key: "op"}},
		Markets:   []contract.Market{{Key: "market", Coordinator: "region", Starts: day("2025-09-01")}},
		Lots:      []contract.Lot{{Key: "lot", Market: "market", Operator: "op", Name: "Lot d'essai"}},
		Clauses:   []contract.Clause{clause()},
		Prices:    []contract.Price{{Lot: "lot", Item: "100M", From: day("2025-09-01"), Monthly: 41250}},
	}}
}

func clause() contract.Clause {
	return contract.Clause{
		Lot: "lot", From: day("2025-09-01"), Service: calendar.Service{Always: true}, GTR: 4 * time.Hour,
		ClockStart: contract.StartDelivered, PercentHour: "5", CapPercent: "50", VATPercent: "20", Proration: "actual",
	}
}

func link(id int64, sites ...string) inventory.Link {
	return inventory.Link{
		ID: id, Ref: fmt.Sprintf("L-%d", id), Operator: "op", Lot: "lot", POP: "pop", Sites: sites, PriceItem: "100M",
		CPEOwner: inventory.OperatorCPE, Starts: day("2025-09-01"),
	}
}

// with adds links to the group.
func (f facts) with(links ...inventory.Link) facts {
	f.Links = append(f.Links, links...)
	return f
}

func (f facts) price(cents money.Cents) facts {
	f.Prices = []contract.Price{{Lot: "lot", Item: "100M", From: day("2025-09-01"), Monthly: cents}}
	return f
}

// key adds a version of a split key: "region 1272", "cea 766".
func (f facts) key(subject, from, to string, shares ...string) facts {
	for _, share := range shares {
		payer, weight, _ := strings.Cut(share, " ")
		row := inventory.KeyShare{Subject: subject, From: day(from), Organisation: payer, Weight: weight, Basis: "effectifs", Legal: "convention " + from}
		if to != "" {
			row.To = day(to)
		}
		f.Keys = append(f.Keys, row)
	}
	return f
}

// lines writes what each payer finds in the bill: payer, link, kind, days, HT + VAT = TTC.
func lines(b invoicing.Bill) []string {
	var out []string
	for _, lot := range b.Lots {
		for _, m := range lot.Statement.Members {
			for _, l := range m.Lines {
				out = append(out, fmt.Sprintf("%s %s %s %s %s + %s = %s", m.Payer, l.Link, l.Kind, l.Period, l.HT, l.VAT, l.TTC))
			}
		}
	}
	return out
}

// refusals writes what is refused: link, site, cause, reason, amount.
func refusals(b invoicing.Bill) []string {
	var out []string
	for _, r := range b.Refusals {
		out = append(out, fmt.Sprintf("%s %s: %s: %s: %s", r.Link, r.Site, r.Cause, r.Reason, r.HT))
	}
	return out
}

// members writes what each payer owes over all lots.
func members(b invoicing.Bill) []string {
	var out []string
	for _, m := range b.Members {
		out = append(out, fmt.Sprintf("%s %s + %s = %s - %s = %s", m.Key, m.Totals.HT, m.Totals.VAT, m.Totals.TTC, m.Totals.Credits, m.Due))
	}
	return out
}

//go:build linux

package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"vigie/internal/intake"
)

// fleetNow is when a fleet is imported.
var fleetNow = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	source           = "fictif (banc d'essai)"
	linksPerPOP      = 200
	fleetStarts      = "2025-09-01"
	fleetCommune     = "67482"
	fleetDepartement = "67"
)

// table is a file of the inventory in the making.
type table struct {
	name string
	rows [][]string
}

func newTable(name string, columns ...string) *table {
	return &table{name: name, rows: [][]string{append(columns, "source")}}
}

func (t *table) add(values ...string) { t.rows = append(t.rows, append(values, source)) }

func (t *table) file() intake.File {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.WriteAll(t.rows) // a buffer takes everything
	return intake.File{Name: t.name, Content: out.Bytes()}
}

// fleet is the inventory of many fictitious links: one a site, 200 at a POP, three
// operators, contracts with limits of round trip and loss, two canaries.
func fleet(links int) []intake.File {
	organisations := newTable("organisations.csv", "key", "name", "kind")
	organisations.add("region", "Région fictive", "region")
	communes := newTable("communes.csv", "insee", "name", "departement", "temple")
	communes.add(fleetCommune, "Strasbourg", fleetDepartement, "no")
	operators := newTable("operators.csv", "key", "name", "ticket_email")
	lots := newTable("lots.csv", "key", "market", "operator", "name")
	clauses := newTable("clauses.csv", "lot", "from", "service", "gtr_minutes", "clock_start", "percent_per_hour", "cap_percent",
		"vat_percent", "proration", "max_rtt_ms", "max_loss_percent")
	prices := newTable("prices.csv", "lot", "item", "from", "monthly_ht")
	markets := newTable("markets.csv", "key", "name", "number", "coordinator", "starts")
	markets.add("m", "Marché fictif", "B-1", "region", fleetStarts)
	for i := range fleetOperators {
		operator, lot := fmt.Sprintf("o%d", i), fmt.Sprintf("lot-%d", i)
		operators.add(operator, "Opérateur fictif "+operator, operator+"@example.invalid")
		lots.add(lot, "m", operator, "Lot "+lot)
		clauses.add(lot, fleetStarts, "24x7", "240", "delivered", "5", "50", "20", "actual", "60", "20")
		prices.add(lot, "100M", fleetStarts, "100")
	}
	pops := newTable("pops.csv", "key", "operator", "name")
	sites := newTable("sites.csv", "key", "name", "kind", "commune", "organisation")
	accesses := newTable("links.csv", "ref", "operator", "lot", "pop", "sites", "price_item", "down_mbps", "up_mbps", "technology", "probe_address", "cpe_owner", "starts")
	address := netip.MustParseAddr("198.18.0.0") // the lab answers for it
	for i := range links {
		pop := i / linksPerPOP
		operator := strconv.Itoa(pop % fleetOperators)
		if i%linksPerPOP == 0 {
			pops.add(fmt.Sprintf("pop-%d", pop), "o"+operator, fmt.Sprintf("POP %d", pop))
		}
		site := fmt.Sprintf("s-%05d", i)
		sites.add(site, fmt.Sprintf("Collège fictif %d", i), "college", fleetCommune, "region")
		address = address.Next()
		accesses.add(fmt.Sprintf("L-%05d", i), "o"+operator, "lot-"+operator, fmt.Sprintf("pop-%d", pop), site, "100M", "100", "100", "FTTH",
			address.String(), "operator", fleetStarts)
	}
	canaries := newTable("canaries.csv", "key", "name", "address", "path")
	canaries.add("c1", "Canari 1", "127.0.0.2", "cœur")
	canaries.add("c2", "Canari 2", "127.0.0.3", "transit")
	var files []intake.File
	for _, t := range []*table{organisations, communes, operators, markets, lots, clauses, prices, pops, sites, accesses, canaries} {
		files = append(files, t.file())
	}
	return files
}

const fleetOperators = 3

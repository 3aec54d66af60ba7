//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/inventory"
	"vigie/internal/lab"
	"vigie/internal/org"
)

const (
	pops        = 3
	perPOP      = 4
	operatorKey = "cigogne"
	domain      = "cigogne.example" // of the operator's desk
)

// ways are the addresses by which the probers reach the core, one each.
var ways = map[string]netip.Addr{"lyon": netip.MustParseAddr("198.18.200.1"), "lille": netip.MustParseAddr("198.18.200.2")}

// elsewhere are the probers elsewhere; local is the core's own.
var elsewhere = []string{"lyon", "lille"}

// world is an invented inventory of a dozen links.
func world() inventory.Snapshot {
	const src = "invented for chaos"
	began := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)
	s := inventory.Snapshot{
		Organisations: []org.Organisation{{Key: "region", Name: "Région", Kind: org.Region, Source: src}},
		Communes:      []inventory.Commune{{INSEE: "67482", Name: "Ville", Departement: "67", Source: src}},
		Markets:       []contract.Market{{Key: "market", Name: "market", Coordinator: "region", Starts: began, Source: src}},
		Operators:     []inventory.Operator{{Key: operatorKey, Name: "Cigogne", TicketEmail: "desk@" + domain, Source: src}},
		Lots:          []contract.Lot{{Key: "lot", Market: "market", Operator: operatorKey, Name: "lot", Source: src}},
		Clauses: []contract.Clause{{
			Lot: "lot", From: began, Service: calendar.Service{Always: true}, GTR: 4 * time.Hour, ClockStart: contract.StartSent,
			PercentHour: "1", CapPercent: "100", VATPercent: "20", Proration: "actual", Source: src,
		}},
		Canaries: []inventory.Canary{
			{Key: "north", Name: "north", Address: netip.MustParseAddr("198.18.250.1"), Path: "north", Source: src},
			{Key: "south", Name: "south", Address: netip.MustParseAddr("198.18.250.2"), Path: "south", Source: src},
		},
	}
	for p := range pops {
		pop := fmt.Sprintf("pop-%d", p)
		s.POPs = append(s.POPs, inventory.POP{Key: pop, Operator: operatorKey, Name: pop, Source: src})
		for l := range perPOP {
			site := fmt.Sprintf("site-%d%d", p, l)
			s.Sites = append(s.Sites, inventory.Site{Key: site, Name: site, Kind: inventory.Lycee, Commune: "67482", Organisation: "region", Source: src})
			s.Links = append(s.Links, inventory.Link{
				Ref: fmt.Sprintf("L-%d%d", p, l), Operator: operatorKey, Lot: "lot", POP: pop, Sites: []string{site}, PriceItem: "access",
				DownKbps: 1, UpKbps: 1, ProbeAddress: netip.AddrFrom4([4]byte{198, 18, byte(10 + p), byte(1 + l)}),
				CPEOwner: inventory.OperatorCPE, Starts: began, Source: src,
			})
		}
	}
	return s
}

// topology is the world as the lab takes it, with the ways to the core beside it.
func topology(s inventory.Snapshot) lab.Topology {
	var t lab.Topology
	for _, l := range s.Links {
		t.Links = append(t.Links, lab.Link{Ref: l.Ref, Addr: l.ProbeAddress, POP: l.POP, Sites: l.Sites, Operator: l.Operator, DownKbps: l.DownKbps, UpKbps: l.UpKbps})
	}
	for _, c := range s.Canaries {
		t.Canaries = append(t.Canaries, c.Address)
	}
	for _, name := range elsewhere {
		t.Canaries = append(t.Canaries, ways[name])
	}
	return t
}

package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/org"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
)

const (
	cycleLength = 5 * time.Second
	echoes      = 2
	// A round trip of fast is within the limit of the clause, slow is over it.
	fastMicros, limitMicros, slowMicros = 10_000, 50_000, 90_000
)

// policy has delays that a round of some minutes lives through.
func policy() watch.Policy {
	p := incident.DefaultPolicy()
	p.Link.Cycle, p.Link.UnknownAfter = cycleLength, 3*cycleLength
	p.OpenDelay, p.OpenDelayMass, p.OpenDelayDegraded = 30*time.Second, 20*time.Second, 60*time.Second
	p.MassWindow, p.MassJoin, p.SiteWindow, p.OperatorWindow = 20*time.Second, 100*time.Second, 10*time.Second, 50*time.Second
	p.ResolveAfter, p.ReopenWithin = 60*time.Second, 200*time.Second
	p.FlapWindow, p.FlapExit, p.MaintenanceGrace = 600*time.Second, 100*time.Second, 50*time.Second
	t := ticket.DefaultPolicy()
	t.RemindAfter = 90 * time.Second
	return watch.Policy{Incident: p, Ticket: t, Echoes: echoes, PollEvery: 10 * time.Second}
}

// access is a link of the little world.
type access struct {
	ref, operator, pop string
	sites              []string
}

var accesses = []access{
	{"L1", "X", "P1", []string{"S1"}},
	{"L2", "X", "P1", []string{"S2"}},
	{"L3", "X", "P1", []string{"S3", "S4"}},
	{"L4", "X", "P2", []string{"S5"}},
	{"L5", "Y", "P3", []string{"S5"}},
	{"L6", "Y", "P3", []string{"S6"}},
}

// snapshot is the inventory of the little world, with the numbers of a new database.
func snapshot() inventory.Snapshot {
	const src, payer, market = "invented for the simulation", "payer", "market"
	began := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	s := inventory.Snapshot{
		Organisations: []org.Organisation{{Key: payer, Name: payer, Kind: org.Region, Source: src}},
		Communes:      []inventory.Commune{{INSEE: "67482", Name: "Ville", Departement: "67", Source: src}},
		Markets:       []contract.Market{{Key: market, Name: market, Coordinator: payer, Starts: began, Source: src}},
		Canaries: []inventory.Canary{
			{ID: 1, Key: "c1", Name: "c1", Address: netip.MustParseAddr("192.0.2.1"), Path: "north", Source: src},
			{ID: 2, Key: "c2", Name: "c2", Address: netip.MustParseAddr("192.0.2.2"), Path: "south", Source: src},
		},
	}
	seen := map[string]bool{}
	first := func(kind, key string) bool {
		was := seen[kind+key]
		seen[kind+key] = true
		return !was
	}
	addr := netip.MustParseAddr("198.18.0.0")
	for i, l := range accesses {
		addr = addr.Next()
		if first("operator", l.operator) {
			s.Operators = append(s.Operators, inventory.Operator{
				ID: int64(len(s.Operators) + 1), Key: l.operator, Name: l.operator,
				TicketEmail: "desk@" + l.operator + ".example", EscalationEmail: "chief@" + l.operator + ".example", Source: src,
			})
			s.Lots = append(s.Lots, contract.Lot{Key: "lot-" + l.operator, Market: market, Operator: l.operator, Name: "lot", Source: src})
			s.Clauses = append(s.Clauses, contract.Clause{
				Lot: "lot-" + l.operator, From: began, Service: calendar.Service{Always: true}, GTR: 4 * time.Hour, ClockStart: contract.StartSent,
				PercentHour: "1", CapPercent: "100", VATPercent: "20", Proration: "actual", MaxRTTMicros: limitMicros, Source: src,
			})
		}
		if first("pop", l.pop) {
			s.POPs = append(s.POPs, inventory.POP{ID: int64(len(s.POPs) + 1), Key: l.pop, Operator: l.operator, Name: l.pop, Source: src})
		}
		for _, site := range l.sites {
			if first("site", site) {
				s.Sites = append(s.Sites, inventory.Site{
					ID: int64(len(s.Sites) + 1), Key: site, Name: site, Kind: inventory.Lycee, Commune: "67482", Organisation: payer, Source: src,
				})
			}
		}
		s.Links = append(s.Links, inventory.Link{
			ID: int64(i + 1), Ref: l.ref, Operator: l.operator, Lot: "lot-" + l.operator, POP: l.pop, Sites: l.sites, PriceItem: "access",
			DownKbps: 1, UpKbps: 1, ProbeAddress: addr, CPEOwner: inventory.OperatorCPE, Starts: began, Source: src,
		})
	}
	return s
}

func modes() ticket.Modes {
	return ticket.Modes{Operators: map[string]ticket.Mode{"X": ticket.Automatic, "Y": ticket.Automatic}}
}

// ground is what really happens to the links, cycle by cycle.
type ground []map[string]bool

// draw makes up a history: links that fail alone, by POP and by site, that are slow, and
// probers whose uplink is gone, or suffers.
func draw(r *rand.Rand, cycles int, probers []string) ground {
	what := []string{"link 0", "link 1", "link 3", "link 4", "link 5", "pop P1", "pop P3", "site S5", "slow"}
	for _, p := range probers {
		what = append(what, "cut "+p, "weak "+p)
	}
	left := map[string]int{}
	out := make(ground, cycles)
	for i := range out {
		out[i] = map[string]bool{}
		for _, w := range what {
			if left[w]--; left[w] < 0 && r.IntN(50) == 0 {
				left[w] = 1 + r.IntN(25)
			}
			out[i][w] = left[w] > 0
		}
	}
	return out
}

// see is what a prober finds of a link: the round trips of its echoes.
func (g ground) see(cycle int, link int) []int32 {
	if cycle < 0 || cycle >= len(g) {
		return []int32{fastMicros, fastMicros}
	}
	l, now := accesses[link], g[cycle]
	switch {
	case now[fmt.Sprint("link ", link)], now["pop "+l.pop], now["site "+l.sites[0]]:
		return []int32{probe.Lost, probe.Lost}
	case now["slow"] && link == 5:
		return []int32{slowMicros, slowMicros}
	}
	return []int32{fastMicros, fastMicros}
}

// canary is what a prober finds of a canary.
func (g ground) canary(cycle int, prober string) []int32 {
	if cycle < 0 || cycle >= len(g) {
		return []int32{fastMicros, fastMicros}
	}
	switch now := g[cycle]; {
	case now["cut "+prober]:
		return []int32{probe.Lost, probe.Lost}
	case now["weak "+prober]:
		return []int32{fastMicros, probe.Lost}
	}
	return []int32{fastMicros, fastMicros}
}

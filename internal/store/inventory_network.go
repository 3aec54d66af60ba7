package store

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/inventory"
)

type operatorRow struct {
	ID              int64      `json:"-"`
	Key             string     `json:"key"`
	Name            string     `json:"name"`
	TicketEmail     string     `json:"ticket_email"`
	EscalationEmail string     `json:"escalation_email"`
	Phone           string     `json:"phone"`
	Channel         string     `json:"channel"`
	Ends            *time.Time `json:"ends"`
	Source          string     `json:"source"`
}

var operatorShelf = typedShelf[inventory.Operator, operatorRow]{
	what:  "operators",
	all:   query("operator.all", `SELECT id, key, name, ticket_email, escalation_email, phone, channel, ends, source FROM operator`),
	put:   query("operator.put", upsert("operator", "key", "name, ticket_email, escalation_email, phone, channel, ends, source")),
	slice: func(s *inventory.Snapshot) *[]inventory.Operator { return &s.Operators },
	toRow: func(o inventory.Operator) operatorRow {
		return operatorRow{
			Key: o.Key, Name: o.Name, TicketEmail: o.TicketEmail, EscalationEmail: o.EscalationEmail, Phone: o.Phone,
			Channel: string(o.Channel), Ends: zeroNull(o.Ends), Source: o.Source,
		}
	},
	toFact: func(r operatorRow) inventory.Operator {
		return inventory.Operator{
			ID: r.ID, Key: r.Key, Name: r.Name, TicketEmail: r.TicketEmail, EscalationEmail: r.EscalationEmail, Phone: r.Phone,
			Channel: inventory.Channel(r.Channel), Ends: nullZero(r.Ends), Source: r.Source,
		}
	},
}

type popRow struct {
	ID        int64      `json:"-"`
	Key       string     `json:"key"`
	Operator  string     `json:"operator"`
	Name      string     `json:"name"`
	Latitude  *float64   `json:"latitude"`
	Longitude *float64   `json:"longitude"`
	Ends      *time.Time `json:"ends"`
	Source    string     `json:"source"`
}

var popShelf = typedShelf[inventory.POP, popRow]{
	what:  "POPs",
	all:   query("pop.all", `SELECT id, key, operator, name, latitude, longitude, ends, source FROM pop`),
	put:   query("pop.put", upsert("pop", "key", "operator, name, latitude, longitude, ends, source")),
	slice: func(s *inventory.Snapshot) *[]inventory.POP { return &s.POPs },
	toRow: func(p inventory.POP) popRow {
		return popRow{
			Key: p.Key, Operator: p.Operator, Name: p.Name, Latitude: zeroNull(p.Latitude), Longitude: zeroNull(p.Longitude),
			Ends: zeroNull(p.Ends), Source: p.Source,
		}
	},
	toFact: func(r popRow) inventory.POP {
		return inventory.POP{
			ID: r.ID, Key: r.Key, Operator: r.Operator, Name: r.Name, Latitude: nullZero(r.Latitude), Longitude: nullZero(r.Longitude),
			Ends: nullZero(r.Ends), Source: r.Source,
		}
	},
}

type linkRow struct {
	ID                 int64              `json:"-"`
	Ref                string             `json:"ref"`
	Operator           string             `json:"operator"`
	Lot                *string            `json:"lot"`
	POP                *string            `json:"pop"`
	Sites              []string           `json:"sites"`
	PriceItem          string             `json:"price_item"`
	DownKbps           int64              `json:"down_kbps"`
	UpKbps             int64              `json:"up_kbps"`
	Technology         string             `json:"technology"`
	ProbeAddress       netip.Addr         `json:"probe_address"`
	DemarcationAddress *netip.Addr        `json:"demarcation_address"`
	ReflectorAddress   *netip.Addr        `json:"reflector_address"`
	ReflectorPort      *int               `json:"reflector_port"`
	TestAddress        *netip.Addr        `json:"test_address"`
	CPEOwner           inventory.CPEOwner `json:"cpe_owner"`
	Starts             time.Time          `json:"starts"`
	Ends               *time.Time         `json:"ends"`
	Source             string             `json:"source"`
}

// linkShelf keeps links with the sites they serve, which are rows of their own.
var linkShelf = linksWithSites{typedShelf[inventory.Link, linkRow]{
	what: "links",
	all: query("link.all", `
		SELECT id, ref, operator, lot, pop, served.sites, price_item, down_kbps, up_kbps, technology, probe_address,
			demarcation_address, reflector_address, reflector_port, test_address, cpe_owner, starts, ends, source
		FROM link JOIN (SELECT link, array_agg(site ORDER BY ordinal) AS sites FROM link_site GROUP BY link) served
			ON served.link = link.ref`),
	put: query("link.put", upsert("link", "ref",
		"operator, lot, pop, price_item, down_kbps, up_kbps, technology, probe_address, demarcation_address, reflector_address, reflector_port, test_address, "+
			"cpe_owner, starts, ends, source")),
	slice: func(s *inventory.Snapshot) *[]inventory.Link { return &s.Links },
	toRow: func(l inventory.Link) linkRow {
		return linkRow{
			Ref: l.Ref, Operator: l.Operator, Lot: zeroNull(l.Lot), POP: zeroNull(l.POP), Sites: l.Sites, PriceItem: l.PriceItem,
			DownKbps: l.DownKbps, UpKbps: l.UpKbps, Technology: l.Technology, ProbeAddress: l.ProbeAddress,
			DemarcationAddress: zeroNull(l.Demarcation), ReflectorAddress: zeroNull(l.ReflectorAddress),
			ReflectorPort: zeroNull(l.ReflectorPort), TestAddress: zeroNull(l.TestAddress), CPEOwner: l.CPEOwner, Starts: l.Starts, Ends: zeroNull(l.Ends), Source: l.Source,
		}
	},
	toFact: func(r linkRow) inventory.Link {
		return inventory.Link{
			ID: r.ID, Ref: r.Ref, Operator: r.Operator, Lot: nullZero(r.Lot), POP: nullZero(r.POP), Sites: r.Sites, PriceItem: r.PriceItem,
			DownKbps: r.DownKbps, UpKbps: r.UpKbps, Technology: r.Technology, ProbeAddress: r.ProbeAddress,
			Demarcation:      nullZero(r.DemarcationAddress),
			ReflectorAddress: nullZero(r.ReflectorAddress), ReflectorPort: nullZero(r.ReflectorPort), TestAddress: nullZero(r.TestAddress),
			CPEOwner: r.CPEOwner, Starts: r.Starts, Ends: nullZero(r.Ends), Source: r.Source,
		}
	},
}}

type linksWithSites struct {
	typedShelf[inventory.Link, linkRow]
}

var (
	sqlLinkSiteClear = query("link_site.clear", `DELETE FROM link_site WHERE link = ANY (@links::text[])`)
	sqlLinkSitePut   = query("link_site.put", `
		INSERT INTO link_site (link, ordinal, site)
		SELECT link, ordinal, site FROM unnest(@links::text[], @ordinals::smallint[], @sites::text[]) AS served (link, ordinal, site)`)
)

func (s linksWithSites) save(ctx context.Context, tx pgx.Tx, from inventory.Snapshot) error {
	if err := s.typedShelf.save(ctx, tx, from); err != nil || len(from.Links) == 0 {
		return err
	}
	var refs, links, sites []string
	var ordinals []int16
	for _, l := range from.Links {
		refs = append(refs, l.Ref)
		for i, site := range l.Sites {
			links, ordinals, sites = append(links, l.Ref), append(ordinals, int16(i+1)), append(sites, site)
		}
	}
	if _, err := tx.Exec(ctx, sqlLinkSiteClear, pgx.NamedArgs{"links": refs}); err != nil {
		return fmt.Errorf("clear the sites of links: %w", err)
	}
	args := pgx.NamedArgs{"links": links, "ordinals": ordinals, "sites": sites}
	if _, err := tx.Exec(ctx, sqlLinkSitePut, args); err != nil {
		return fmt.Errorf("save the sites of links: %w", err)
	}
	return nil
}

type routerRow struct {
	Key       string      `json:"key"`
	Link      string      `json:"link"`
	Model     string      `json:"model"`
	Address   *netip.Addr `json:"address"`
	SNMP      string      `json:"snmp"`
	Interface string      `json:"interface"`
	Ends      *time.Time  `json:"ends"`
	Source    string      `json:"source"`
}

var routerShelf = typedShelf[inventory.Router, routerRow]{
	what:  "routers",
	all:   query("router.all", `SELECT key, link, model, address, snmp, interface, ends, source FROM router`),
	put:   query("router.put", upsert("router", "key", "link, model, address, snmp, interface, ends, source")),
	slice: func(s *inventory.Snapshot) *[]inventory.Router { return &s.Routers },
	toRow: func(r inventory.Router) routerRow {
		return routerRow{
			Key: r.Key, Link: r.Link, Model: r.Model, Address: zeroNull(r.Address), SNMP: r.SNMP, Interface: r.Interface,
			Ends: zeroNull(r.Ends), Source: r.Source,
		}
	},
	toFact: func(r routerRow) inventory.Router {
		return inventory.Router{
			Key: r.Key, Link: r.Link, Model: r.Model, Address: nullZero(r.Address), SNMP: r.SNMP, Interface: r.Interface,
			Ends: nullZero(r.Ends), Source: r.Source,
		}
	},
}

type canaryRow struct {
	ID      int64      `json:"-"`
	Key     string     `json:"key"`
	Name    string     `json:"name"`
	Address netip.Addr `json:"address"`
	Path    string     `json:"path"`
	Ends    *time.Time `json:"ends"`
	Source  string     `json:"source"`
}

var canaryShelf = typedShelf[inventory.Canary, canaryRow]{
	what:  "canaries",
	all:   query("canary.all", `SELECT id, key, name, address, path, ends, source FROM canary`),
	put:   query("canary.put", upsert("canary", "key", "name, address, path, ends, source")),
	slice: func(s *inventory.Snapshot) *[]inventory.Canary { return &s.Canaries },
	toRow: func(c inventory.Canary) canaryRow {
		return canaryRow{c.ID, c.Key, c.Name, c.Address, c.Path, zeroNull(c.Ends), c.Source}
	},
	toFact: func(r canaryRow) inventory.Canary {
		return inventory.Canary{
			ID: r.ID, Key: r.Key, Name: r.Name, Address: r.Address, Path: r.Path, Ends: nullZero(r.Ends), Source: r.Source,
		}
	},
}

type maintenanceRow struct {
	Key       string              `json:"key"`
	Scope     inventory.ScopeKind `json:"scope"`
	Subject   string              `json:"subject"`
	FromAt    time.Time           `json:"from_at"`
	ToAt      time.Time           `json:"to_at"`
	Announced time.Time           `json:"announced"`
	Note      string              `json:"note"`
	Source    string              `json:"source"`
}

var maintenanceShelf = typedShelf[inventory.Maintenance, maintenanceRow]{
	what:  "planned works",
	all:   query("maintenance.all", `SELECT key, scope, subject, from_at, to_at, announced, note, source FROM maintenance`),
	put:   query("maintenance.put", upsert("maintenance", "key", "scope, subject, from_at, to_at, announced, note, source")),
	slice: func(s *inventory.Snapshot) *[]inventory.Maintenance { return &s.Maintenances },
	toRow: func(m inventory.Maintenance) maintenanceRow {
		return maintenanceRow{m.Key, m.Scope, m.Subject, m.From, m.To, m.Announced, m.Note, m.Source}
	},
	toFact: func(r maintenanceRow) inventory.Maintenance {
		return inventory.Maintenance{
			Key: r.Key, Scope: r.Scope, Subject: r.Subject, From: r.FromAt.UTC(), To: r.ToAt.UTC(), Announced: r.Announced.UTC(),
			Note: r.Note, Source: r.Source,
		}
	},
}

package store

import (
	"time"

	"vigie/internal/inventory"
	"vigie/internal/org"
)

type organisationRow struct {
	Key        string   `json:"key"`
	Name       string   `json:"name"`
	Kind       org.Kind `json:"kind"`
	SIRET      string   `json:"siret"`
	BudgetLine string   `json:"budget_line"`
	Source     string   `json:"source"`
}

var organisationShelf = typedShelf[org.Organisation, organisationRow]{
	what:   "organisations",
	all:    query("organisation.all", `SELECT key, name, kind, siret, budget_line, source FROM organisation`),
	put:    query("organisation.put", upsert("organisation", "key", "name, kind, siret, budget_line, source")),
	slice:  func(s *inventory.Snapshot) *[]org.Organisation { return &s.Organisations },
	toRow:  func(o org.Organisation) organisationRow { return organisationRow(o) },
	toFact: func(r organisationRow) org.Organisation { return org.Organisation(r) },
}

type communeRow struct {
	INSEE       string `json:"insee"`
	Name        string `json:"name"`
	Departement string `json:"departement"`
	Temple      bool   `json:"temple"`
	Source      string `json:"source"`
}

var communeShelf = typedShelf[inventory.Commune, communeRow]{
	what:   "communes",
	all:    query("commune.all", `SELECT insee, name, departement, temple, source FROM commune`),
	put:    query("commune.put", upsert("commune", "insee", "name, departement, temple, source")),
	slice:  func(s *inventory.Snapshot) *[]inventory.Commune { return &s.Communes },
	toRow:  func(c inventory.Commune) communeRow { return communeRow(c) },
	toFact: func(r communeRow) inventory.Commune { return inventory.Commune(r) },
}

type siteRow struct {
	ID           int64              `json:"-"`
	Key          string             `json:"key"`
	Name         string             `json:"name"`
	Kind         inventory.SiteKind `json:"kind"`
	Address      string             `json:"address"`
	Postcode     string             `json:"postcode"`
	Commune      string             `json:"commune"`
	Latitude     *float64           `json:"latitude"`
	Longitude    *float64           `json:"longitude"`
	Organisation string             `json:"organisation"`
	Ends         *time.Time         `json:"ends"`
	Source       string             `json:"source"`
}

var siteShelf = typedShelf[inventory.Site, siteRow]{
	what: "sites",
	all: query("site.all", `
		SELECT id, key, name, kind, address, postcode, commune, latitude, longitude, organisation, ends, source FROM site`),
	put: query("site.put", upsert("site", "key",
		"name, kind, address, postcode, commune, latitude, longitude, organisation, ends, source")),
	slice: func(s *inventory.Snapshot) *[]inventory.Site { return &s.Sites },
	toRow: func(v inventory.Site) siteRow {
		return siteRow{
			Key: v.Key, Name: v.Name, Kind: v.Kind, Address: v.Address, Postcode: v.Postcode, Commune: v.Commune,
			Latitude: zeroNull(v.Latitude), Longitude: zeroNull(v.Longitude), Organisation: v.Organisation,
			Ends: zeroNull(v.Ends), Source: v.Source,
		}
	},
	toFact: func(r siteRow) inventory.Site {
		return inventory.Site{
			ID: r.ID, Key: r.Key, Name: r.Name, Kind: r.Kind, Address: r.Address, Postcode: r.Postcode, Commune: r.Commune,
			Latitude: nullZero(r.Latitude), Longitude: nullZero(r.Longitude), Organisation: r.Organisation,
			Ends: nullZero(r.Ends), Source: r.Source,
		}
	},
}

type establishmentRow struct {
	UAI          string                      `json:"uai"`
	Name         string                      `json:"name"`
	Kind         inventory.EstablishmentKind `json:"kind"`
	Site         string                      `json:"site"`
	Organisation string                      `json:"organisation"`
	Pupils       *int                        `json:"pupils"`
	PupilsYear   *int                        `json:"pupils_year"`
	Ends         *time.Time                  `json:"ends"`
	Source       string                      `json:"source"`
}

var establishmentShelf = typedShelf[inventory.Establishment, establishmentRow]{
	what: "establishments",
	all: query("establishment.all", `
		SELECT uai, name, kind, site, organisation, pupils, pupils_year, ends, source FROM establishment`),
	put: query("establishment.put", upsert("establishment", "uai",
		"name, kind, site, organisation, pupils, pupils_year, ends, source")),
	slice: func(s *inventory.Snapshot) *[]inventory.Establishment { return &s.Establishments },
	toRow: func(e inventory.Establishment) establishmentRow {
		return establishmentRow{
			UAI: e.UAI, Name: e.Name, Kind: e.Kind, Site: e.Site, Organisation: e.Organisation,
			Pupils: zeroNull(e.Pupils), PupilsYear: zeroNull(e.PupilsYear), Ends: zeroNull(e.Ends), Source: e.Source,
		}
	},
	toFact: func(r establishmentRow) inventory.Establishment {
		return inventory.Establishment{
			UAI: r.UAI, Name: r.Name, Kind: r.Kind, Site: r.Site, Organisation: r.Organisation,
			Pupils: nullZero(r.Pupils), PupilsYear: nullZero(r.PupilsYear), Ends: nullZero(r.Ends), Source: r.Source,
		}
	},
}

type contactRow struct {
	Key    string `json:"key"`
	Site   string `json:"site"`
	Name   string `json:"name"`
	Phone  string `json:"phone"`
	Email  string `json:"email"`
	Hours  string `json:"hours"`
	Source string `json:"source"`
}

var contactShelf = typedShelf[inventory.Contact, contactRow]{
	what:   "contacts",
	all:    query("contact.all", `SELECT key, site, name, phone, email, hours, source FROM contact`),
	put:    query("contact.put", upsert("contact", "key", "site, name, phone, email, hours, source")),
	slice:  func(s *inventory.Snapshot) *[]inventory.Contact { return &s.Contacts },
	toRow:  func(c inventory.Contact) contactRow { return contactRow(c) },
	toFact: func(r contactRow) inventory.Contact { return inventory.Contact(r) },
}

type keyShareRow struct {
	Subject      string     `json:"subject"`
	FromDay      time.Time  `json:"from_day"`
	ToDay        *time.Time `json:"to_day"`
	Organisation string     `json:"organisation"`
	Weight       string     `json:"weight"`
	Basis        string     `json:"basis"`
	Legal        string     `json:"legal"`
	Source       string     `json:"source"`
}

// A subject is a site or else a link: both exist by now, and no key is both.
var keyShareShelf = typedShelf[inventory.KeyShare, keyShareRow]{
	what: "split keys",
	all: query("key_share.all", `
		SELECT subject, from_day, to_day, organisation, trim_scale(weight)::text AS weight, basis, legal, source FROM key_share`),
	put: query("key_share.put", `
		INSERT INTO key_share (subject, site, link, from_day, to_day, organisation, weight, basis, legal, source)
		SELECT r.subject, s.key, l.ref, r.from_day, r.to_day, r.organisation, r.weight, r.basis, r.legal, r.source
		FROM json_populate_recordset(NULL::key_share, @rows::json) r
			LEFT JOIN site s ON s.key = r.subject
			LEFT JOIN link l ON l.ref = r.subject
		ON CONFLICT (subject, from_day, organisation) DO UPDATE SET site = excluded.site, link = excluded.link,
			to_day = excluded.to_day, weight = excluded.weight, basis = excluded.basis, legal = excluded.legal, source = excluded.source`),
	slice: func(s *inventory.Snapshot) *[]inventory.KeyShare { return &s.Keys },
	toRow: func(k inventory.KeyShare) keyShareRow {
		return keyShareRow{
			Subject: k.Subject, FromDay: k.From, ToDay: zeroNull(k.To), Organisation: k.Organisation,
			Weight: k.Weight, Basis: k.Basis, Legal: k.Legal, Source: k.Source,
		}
	},
	toFact: func(r keyShareRow) inventory.KeyShare {
		return inventory.KeyShare{
			Subject: r.Subject, From: r.FromDay, To: nullZero(r.ToDay), Organisation: r.Organisation,
			Weight: r.Weight, Basis: r.Basis, Legal: r.Legal, Source: r.Source,
		}
	},
}

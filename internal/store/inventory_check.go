package store

import (
	"time"

	"vigie/internal/inventory"
)

type checkRow struct {
	ID                int64               `json:"-"`
	Key               string              `json:"key"`
	Scope             inventory.ScopeKind `json:"scope"`
	Subject           string              `json:"subject"`
	Name              string              `json:"name"`
	Direction         inventory.Direction `json:"direction"`
	Service           string              `json:"service"`
	EverySeconds      int64               `json:"every_seconds"`
	Status            string              `json:"status"`
	Text              string              `json:"text"`
	CertificateDays   int                 `json:"certificate_days"`
	CertificateSHA256 string              `json:"certificate_sha256"`
	Ends              *time.Time          `json:"ends"`
	Source            string              `json:"source"`
}

var checkShelf = typedShelf[inventory.Check, checkRow]{
	what: "checks of services",
	all: query("service_check.all", `
		SELECT id, key, scope, subject, name, direction, service, every_seconds, status, text, certificate_days, certificate_sha256, ends, source FROM service_check`),
	put: query("service_check.put", upsert("service_check", "key",
		"scope, subject, name, direction, service, every_seconds, status, text, certificate_days, certificate_sha256, ends, source")),
	slice: func(s *inventory.Snapshot) *[]inventory.Check { return &s.Checks },
	toRow: func(c inventory.Check) checkRow {
		return checkRow{
			Key: c.Key, Scope: c.Scope, Subject: c.Subject, Name: c.Name, Direction: c.From, Service: c.Service,
			EverySeconds: int64(c.Every / time.Second), Status: c.Status, Text: c.Text, CertificateDays: c.CertificateDays, CertificateSHA256: c.CertificateSHA256,
			Ends: zeroNull(c.Ends), Source: c.Source,
		}
	},
	toFact: func(r checkRow) inventory.Check {
		return inventory.Check{
			ID: r.ID, Key: r.Key, Scope: r.Scope, Subject: r.Subject, Name: r.Name, From: r.Direction, Service: r.Service,
			Every: time.Duration(r.EverySeconds) * time.Second, Status: r.Status, Text: r.Text, CertificateDays: r.CertificateDays, CertificateSHA256: r.CertificateSHA256,
			Ends: nullZero(r.Ends), Source: r.Source,
		}
	},
}

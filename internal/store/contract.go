package store

import (
	"fmt"
	"time"

	"vigie/billing/money"
	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/inventory"
)

type marketRow struct {
	Key         string     `json:"key"`
	Name        string     `json:"name"`
	Number      string     `json:"number"`
	Coordinator string     `json:"coordinator"`
	Starts      time.Time  `json:"starts"`
	Ends        *time.Time `json:"ends"`
	Source      string     `json:"source"`
}

var marketShelf = typedShelf[contract.Market, marketRow]{
	what:  "markets",
	all:   query("market.all", `SELECT key, name, number, coordinator, starts, ends, source FROM market`),
	put:   query("market.put", upsert("market", "key", "name, number, coordinator, starts, ends, source")),
	slice: func(s *inventory.Snapshot) *[]contract.Market { return &s.Markets },
	toRow: func(m contract.Market) marketRow {
		return marketRow{m.Key, m.Name, m.Number, m.Coordinator, m.Starts, zeroNull(m.Ends), m.Source}
	},
	toFact: func(r marketRow) contract.Market {
		return contract.Market{
			Key: r.Key, Name: r.Name, Number: r.Number, Coordinator: r.Coordinator,
			Starts: r.Starts, Ends: nullZero(r.Ends), Source: r.Source,
		}
	},
}

type lotRow struct {
	Key      string `json:"key"`
	Market   string `json:"market"`
	Operator string `json:"operator"`
	Name     string `json:"name"`
	Source   string `json:"source"`
}

var lotShelf = typedShelf[contract.Lot, lotRow]{
	what:   "lots",
	all:    query("lot.all", `SELECT key, market, operator, name, source FROM lot`),
	put:    query("lot.put", upsert("lot", "key", "market, operator, name, source")),
	slice:  func(s *inventory.Snapshot) *[]contract.Lot { return &s.Lots },
	toRow:  func(l contract.Lot) lotRow { return lotRow(l) },
	toFact: func(r lotRow) contract.Lot { return contract.Lot(r) },
}

type clauseRow struct {
	Lot               string              `json:"lot"`
	FromDay           time.Time           `json:"from_day"`
	Service           serviceText         `json:"service"`
	Holidays          calendar.Holidays   `json:"holidays"`
	GTRMinutes        int                 `json:"gtr_minutes"`
	ClockStart        contract.ClockStart `json:"clock_start"`
	PercentPerHour    string              `json:"percent_per_hour"`
	CapPercent        string              `json:"cap_percent"`
	AvailabilitySteps []contract.Step     `json:"availability_steps"`
	VATPercent        string              `json:"vat_percent"`
	Proration         string              `json:"proration"`
	RevisionFixed     *string             `json:"revision_fixed"`
	Index0            *string             `json:"index0"`
	Index             *string             `json:"index"`
	RevisionDecimals  *int                `json:"revision_decimals"`
	MaxRTTMicros      *int32              `json:"max_rtt_micros"`
	MaxLossPercent    *int                `json:"max_loss_percent"`
	Source            string              `json:"source"`
}

// serviceText is a service in the notation of calendar.ParseService, without holidays.
type serviceText struct{ calendar.Service }

// MarshalText writes the notation.
func (s serviceText) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Scan reads the notation back.
func (s *serviceText) Scan(column any) error {
	text, ok := column.(string)
	if !ok {
		return fmt.Errorf("service hours: a column of type %T, expected text", column)
	}
	service, err := calendar.ParseService(text)
	s.Service = service
	return err
}

var clauseShelf = typedShelf[contract.Clause, clauseRow]{
	what: "clauses",
	all: query("clause.all", `
		SELECT lot, from_day, service, holidays, gtr_minutes, clock_start, trim_scale(percent_per_hour)::text AS percent_per_hour,
			trim_scale(cap_percent)::text AS cap_percent, availability_steps, trim_scale(vat_percent)::text AS vat_percent,
			proration, trim_scale(revision_fixed)::text AS revision_fixed, trim_scale(index0)::text AS index0,
			trim_scale(index)::text AS index, revision_decimals, max_rtt_micros, max_loss_percent, source
		FROM clause`),
	put: query("clause.put", upsert("clause", "lot, from_day",
		"service, holidays, gtr_minutes, clock_start, percent_per_hour, cap_percent, availability_steps, vat_percent, "+
			"proration, revision_fixed, index0, index, revision_decimals, max_rtt_micros, max_loss_percent, source")),
	slice: func(s *inventory.Snapshot) *[]contract.Clause { return &s.Clauses },
	toRow: func(c contract.Clause) clauseRow {
		return clauseRow{
			Lot: c.Lot, FromDay: c.From, Service: serviceText{c.Service}, Holidays: c.Service.Holidays,
			GTRMinutes: int(c.GTR / time.Minute), ClockStart: c.ClockStart, PercentPerHour: c.PercentHour, CapPercent: c.CapPercent,
			AvailabilitySteps: append([]contract.Step{}, c.Availability...), VATPercent: c.VATPercent, Proration: c.Proration,
			RevisionFixed: zeroNull(c.Revision.Fixed), Index0: zeroNull(c.Revision.Index0), Index: zeroNull(c.Revision.Index),
			RevisionDecimals: zeroNull(c.Revision.Decimals),
			MaxRTTMicros:     zeroNull(c.MaxRTTMicros), MaxLossPercent: zeroNull(c.MaxLossPercent), Source: c.Source,
		}
	},
	toFact: func(r clauseRow) contract.Clause {
		service := r.Service.Service
		service.Holidays = r.Holidays
		return contract.Clause{
			Lot: r.Lot, From: r.FromDay, Service: service, GTR: time.Duration(r.GTRMinutes) * time.Minute,
			ClockStart: r.ClockStart, PercentHour: r.PercentPerHour, CapPercent: r.CapPercent,
			Availability: r.AvailabilitySteps, VATPercent: r.VATPercent, Proration: r.Proration,
			Revision: contract.Revision{
				Fixed: nullZero(r.RevisionFixed), Index0: nullZero(r.Index0), Index: nullZero(r.Index), Decimals: nullZero(r.RevisionDecimals),
			},
			MaxRTTMicros: nullZero(r.MaxRTTMicros), MaxLossPercent: nullZero(r.MaxLossPercent), Source: r.Source,
		}
	},
}

type priceRow struct {
	Lot          string      `json:"lot"`
	Item         string      `json:"item"`
	FromDay      time.Time   `json:"from_day"`
	ToDay        *time.Time  `json:"to_day"`
	MonthlyCents money.Cents `json:"monthly_cents"`
	Source       string      `json:"source"`
}

var priceShelf = typedShelf[contract.Price, priceRow]{
	what:  "prices",
	all:   query("price.all", `SELECT lot, item, from_day, to_day, monthly_cents, source FROM price`),
	put:   query("price.put", upsert("price", "lot, item, from_day", "to_day, monthly_cents, source")),
	slice: func(s *inventory.Snapshot) *[]contract.Price { return &s.Prices },
	toRow: func(p contract.Price) priceRow {
		return priceRow{p.Lot, p.Item, p.From, zeroNull(p.To), p.Monthly, p.Source}
	},
	toFact: func(r priceRow) contract.Price {
		return contract.Price{Lot: r.Lot, Item: r.Item, From: r.FromDay, To: nullZero(r.ToDay), Monthly: r.MonthlyCents, Source: r.Source}
	},
}

type termsRow struct {
	Link      string    `json:"link"`
	FromDay   time.Time `json:"from_day"`
	PriceItem string    `json:"price_item"`
	DownKbps  int64     `json:"down_kbps"`
	UpKbps    int64     `json:"up_kbps"`
	Source    string    `json:"source"`
}

var termsShelf = typedShelf[contract.Terms, termsRow]{
	what:  "terms",
	all:   query("terms.all", `SELECT link, from_day, price_item, down_kbps, up_kbps, source FROM terms`),
	put:   query("terms.put", upsert("terms", "link, from_day", "price_item, down_kbps, up_kbps, source")),
	slice: func(s *inventory.Snapshot) *[]contract.Terms { return &s.Terms },
	toRow: func(t contract.Terms) termsRow {
		return termsRow{t.Link, t.From, t.PriceItem, t.DownKbps, t.UpKbps, t.Source}
	},
	toFact: func(r termsRow) contract.Terms {
		return contract.Terms{Link: r.Link, From: r.FromDay, PriceItem: r.PriceItem, DownKbps: r.DownKbps, UpKbps: r.UpKbps, Source: r.Source}
	},
}

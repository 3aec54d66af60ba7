package store_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/org"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func civil(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC)
}

// full has every column of every table filled.
func full() inventory.Snapshot {
	hours := calendar.Service{OpenMinute: 480, CloseMinute: 1080, Holidays: calendar.SiteHolidays}
	for weekday := 1; weekday <= 5; weekday++ {
		hours.Days[weekday] = true
	}
	return inventory.Snapshot{
		Organisations:  []org.Organisation{{Key: "cea", Name: "Membre", Kind: org.Collectivite, SIRET: "00000000000000", BudgetLine: "011", Source: "s"}},
		Communes:       []inventory.Commune{{INSEE: "67001", Name: "Achenheim", Departement: "67", Temple: true, Source: "s"}},
		Sites:          []inventory.Site{{Key: "site", Name: "Site", Kind: inventory.College, Address: "1 rue", Postcode: "67204", Commune: "67001", Latitude: 48.5, Longitude: -7.5, Organisation: "cea", Ends: civil(12, 1), Source: "s"}},
		Establishments: []inventory.Establishment{{UAI: "0670068K", Name: "Collège", Kind: inventory.KindCollege, Site: "site", Organisation: "cea", Pupils: 365, PupilsYear: 2020, Ends: civil(12, 1), Source: "s"}},
		Contacts:       []inventory.Contact{{Key: "c", Site: "site", Name: "Accueil", Phone: "03 53 01 00 00", Email: "a@b.example", Hours: "24x7", Source: "s"}},
		Operators:      []inventory.Operator{{Key: "op", Name: "Opérateur", TicketEmail: "a@b.example", EscalationEmail: "c@b.example", Phone: "1", Ends: civil(12, 1), Source: "s"}},
		POPs:           []inventory.POP{{Key: "pop", Operator: "op", Name: "POP", Latitude: 48, Longitude: 7, Ends: civil(12, 1), Source: "s"}},
		Markets:        []contract.Market{{Key: "m", Name: "Marché", Number: "1", Coordinator: "cea", Starts: civil(1, 1), Ends: civil(12, 1), Source: "s"}},
		Lots:           []contract.Lot{{Key: "lot", Market: "m", Operator: "op", Name: "Lot", Source: "s"}},
		Clauses: []contract.Clause{{
			Lot: "lot", From: civil(1, 1), Service: hours, GTR: 4 * time.Hour, ClockStart: contract.StartDelivered,
			PercentHour: "5.5", CapPercent: "50", Availability: []contract.Step{{Below: "99.85", Percent: "5"}}, VATPercent: "20", Proration: "30/360",
			Revision: contract.Revision{Fixed: "0.15", Index0: "121.2", Index: "130", Decimals: 3}, MaxRTTMicros: 40_000, MaxLossPercent: 10, Source: "s",
		}},
		Prices: []contract.Price{{Lot: "lot", Item: "100M", From: civil(1, 1), To: civil(12, 1), Monthly: 41250, Source: "s"}},
		Links: []inventory.Link{{
			Ref: "L-1", Operator: "op", Lot: "lot", POP: "pop", Sites: []string{"site"}, PriceItem: "100M", DownKbps: 100_000, UpKbps: 512, Technology: "FTTO",
			ProbeAddress: netip.MustParseAddr("2001:db8::1"), Demarcation: netip.MustParseAddr("192.0.2.9"),
			ReflectorAddress: netip.MustParseAddr("2001:db8::9"), ReflectorPort: 20001, TestAddress: netip.MustParseAddr("192.0.2.11"), CPEOwner: inventory.OperatorCPE, Starts: civil(1, 1), Ends: civil(12, 1), Source: "s",
		}},
		Terms: []contract.Terms{{Link: "L-1", From: civil(6, 1), PriceItem: "100M", DownKbps: 200_000, UpKbps: 1_024, Source: "s"}},
		Routers: []inventory.Router{{
			Key: "r", Link: "L-1", Model: "R", Address: netip.MustParseAddr("192.0.2.1"), SNMP: "access", Interface: "wan", Ends: civil(12, 1), Source: "s",
		}},
		Canaries: []inventory.Canary{{Key: "canary", Name: "C", Address: netip.MustParseAddr("192.0.2.2"), Path: "p", Ends: civil(12, 1), Source: "s"}},
		Keys: []inventory.KeyShare{
			{Subject: "L-1", From: civil(1, 1), Organisation: "cea", Weight: "1.5", Basis: "forfait", Legal: "Convention", Source: "s"},
			{Subject: "site", From: civil(1, 1), To: civil(12, 1), Organisation: "cea", Weight: "0", Basis: "forfait", Legal: "Convention", Source: "s"},
		},
		Maintenances: []inventory.Maintenance{{
			Key: "tp", Scope: inventory.ScopePOP, Subject: "pop", From: civil(3, 29).Add(time.Hour), To: civil(3, 29).Add(2 * time.Hour),
			Announced: civil(3, 1), Note: "n", Source: "s",
		}},
		Checks: []inventory.Check{{
			Key: "amon", Scope: inventory.ScopeLink, Subject: "L-1", Name: "AMON", From: inventory.FromCore, Service: "https://192.0.2.7/", Every: time.Minute,
			Status: "200,401", Text: "AMON", CertificateDays: 21, CertificateSHA256: strings.Repeat("0a", 32), Ends: civil(12, 1), Source: "s",
		}},
	}
}

func save(db *store.DB, rows inventory.Snapshot) error {
	return store.NewIntake(db).ChangeInventory(context.Background(), func(intake.Current) (intake.Saving, error) {
		return intake.Saving{Rows: rows}, nil
	})
}

func loadInventory(t *testing.T, db *store.DB) inventory.Snapshot {
	t.Helper()
	s, err := store.NewInventory(db).Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Sites {
		s.Sites[i].ID = 0
	}
	for i := range s.Operators {
		s.Operators[i].ID = 0
	}
	for i := range s.POPs {
		s.POPs[i].ID = 0
	}
	for i := range s.Links {
		s.Links[i].ID = 0
	}
	for i := range s.Canaries {
		s.Canaries[i].ID = 0
	}
	for i := range s.Checks {
		s.Checks[i].ID = 0
	}
	return s
}

var sameAddress = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestEveryColumnOfTheInventoryComesBack(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	for _, attempt := range []string{"inserted", "replaced"} {
		if err := save(db, full()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(loadInventory(t, db), full(), sameAddress); diff != "" {
			t.Errorf("%s (-got +want):\n%s", attempt, diff)
		}
	}
}

func TestTheTablesHoldWhatNoImportMayBreak(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*inventory.Snapshot)
		kind   fault.Kind
	}{
		"two prices of one item at a time": {func(s *inventory.Snapshot) {
			s.Prices = append(s.Prices, contract.Price{Lot: "lot", Item: "100M", From: civil(11, 30), Monthly: 1, Source: "s"})
		}, fault.Conflict},
		"two links at one address": {func(s *inventory.Snapshot) {
			other := s.Links[0]
			other.Ref = "L-2"
			s.Links = append(s.Links, other)
		}, fault.Conflict},
		"two keys of one subject at a time": {func(s *inventory.Snapshot) {
			other := s.Keys[0]
			other.From = civil(2, 1)
			s.Keys = append(s.Keys, other)
		}, fault.Conflict},
		"a key of nothing":          {func(s *inventory.Snapshot) { s.Keys[0].Subject = "nothing" }, fault.Internal},
		"a key without legal basis": {func(s *inventory.Snapshot) { s.Keys[0].Legal = "" }, fault.Internal},
		"a link of another operator's lot": {func(s *inventory.Snapshot) {
			other := s.Operators[0]
			other.Key = "other"
			s.Operators, s.Lots[0].Operator = append(s.Operators, other), "other"
		}, fault.Internal},
		"a site of an unknown commune":        {func(s *inventory.Snapshot) { s.Sites[0].Commune = "99999" }, fault.Internal},
		"a link that ends before it begins":   {func(s *inventory.Snapshot) { s.Links[0].Ends = civil(1, 1).AddDate(-1, 0, 0) }, fault.Internal},
		"a link of a lot without price":       {func(s *inventory.Snapshot) { s.Links[0].PriceItem = "" }, fault.Internal},
		"holidays of a service without pause": {func(s *inventory.Snapshot) { s.Clauses[0].Service.Always = true }, fault.Internal},
		"half a revision":                     {func(s *inventory.Snapshot) { s.Clauses[0].Revision.Index = "" }, fault.Internal},
		"a row of unknown origin":             {func(s *inventory.Snapshot) { s.Communes[0].Source = "" }, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storetest.New(t)
			rows := full()
			c.change(&rows)
			err := save(db, rows)
			if err == nil || fault.KindOf(err) != c.kind {
				t.Errorf("error is %v, want one of kind %v", err, c.kind)
			}
			if diff := cmp.Diff(loadInventory(t, db), inventory.Snapshot{}, sameAddress, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("something was saved (-got +want):\n%s", diff)
			}
		})
	}
}

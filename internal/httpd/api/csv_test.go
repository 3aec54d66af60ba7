package api_test

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"vigie/internal/httpd/api"
)

func TestATableHasTheNamesOfJSONAndNullIsEmpty(t *testing.T) {
	t.Parallel()
	since, ticket, micros := time.Date(2026, 11, 24, 13, 0, 0, 0, time.FixedZone("", 3600)), "VIGIE-2026-000001", int32(5200)
	link := api.Link{
		LinkRef: api.LinkRef{ID: 7, Ref: "A-1", Sites: []api.Place{{Name: "Collège; A"}, {Name: "B"}}},
		State:   "down", StateSince: &since, InMarket: true, MedianRTT: &micros, TicketNumber: &ticket,
	}
	var out strings.Builder
	if err := api.WriteCSV(&out, []api.Link{link}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	text, err := json.Marshal(link)
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || len(rows[0]) != len(fields) {
		t.Errorf("%d rows of %d columns, want 2 of the %d fields", len(rows), len(rows[0]), len(fields))
	}
	for name, want := range map[string]string{
		"id": "7", "ref": "A-1", "sites": "Collège; A;B", "state": "down", "state_since": "2026-11-24T12:00:00Z", "in_market": "true",
		"median_rtt_microseconds": "5200", "ticket_number": ticket, "incident_id": "", "measured_at": "",
	} {
		at := slices.Index(rows[0], name)
		if at < 0 || rows[1][at] != want {
			t.Errorf("column %s is %d: %q, want %q", name, at, rows[1], want)
		}
	}
}

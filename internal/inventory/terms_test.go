package inventory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/contract"
	"vigie/internal/inventory"
)

func TestTermsAreThoseOfTheDayAndTheLinksOwnBefore(t *testing.T) {
	t.Parallel()
	link := inventory.Link{Ref: "L-1", PriceItem: "100M", DownKbps: 100, UpKbps: 50, Starts: day("2025-09-01"), Source: "s"}
	later := []contract.Terms{
		{Link: "L-1", From: day("2026-09-01"), PriceItem: "1000M", DownKbps: 1000, UpKbps: 500},
		{Link: "L-1", From: day("2026-01-01"), PriceItem: "500M", DownKbps: 500, UpKbps: 250},
		{Link: "L-2", From: day("2026-01-01"), PriceItem: "200M", DownKbps: 200, UpKbps: 100},
	}
	x := inventory.NewIndex(inventory.Snapshot{Links: []inventory.Link{link, {Ref: "L-2"}}, Terms: later})
	for date, want := range map[string]string{
		"2025-08-31": "100M", "2025-12-31": "100M", "2026-01-01": "500M", "2026-08-31": "500M", "2026-09-01": "1000M", "2030-01-01": "1000M",
	} {
		if got := x.TermsAt(link, day(date)); got.PriceItem != want {
			t.Errorf("on %s the item is %s, want %s", date, got.PriceItem, want)
		}
	}
	var items []string
	for _, terms := range x.TermsOf(link) {
		items = append(items, terms.From.Format("2006-01 ")+terms.PriceItem)
	}
	if diff := cmp.Diff(items, []string{"2025-09 100M", "2026-01 500M", "2026-09 1000M"}); diff != "" {
		t.Errorf("terms (-got +want):\n%s", diff)
	}
}

package app

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/inventory"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

var pastNow = time.Date(2026, 11, 24, 13, 47, 20, 0, time.UTC)

// pastOf is the past of three links, the last of them in service for a month only.
func pastOf(t testing.TB, db *store.DB, links int) *Past {
	t.Helper()
	var s inventory.Snapshot
	for i := range links {
		s.Links = append(s.Links, inventory.Link{
			ID: int64(i + 1), Ref: fmt.Sprintf("L-%03d", i), Operator: "o", POP: fmt.Sprintf("p%d", i/20), DownKbps: 100_000, UpKbps: 20_000,
			ProbeAddress: netip.AddrFrom4([4]byte{198, 18, byte(i / 200), byte(1 + i%200)}), Starts: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		})
	}
	s.Links[links-1].Starts = time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC)
	p, err := NewPast(inventory.NewIndex(s), PastOptions{
		Store: store.NewPast(db), Prober: "p", Now: pastNow, Workers: 2, Written: func(store.PastMark) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// found counts what the database holds of the past, and sums it.
func found(t *testing.T, db *store.DB) (all []string) {
	t.Helper()
	for _, sql := range []string{
		`SELECT 'minutes', count(*), sum(received) FROM minute`,
		`SELECT 'intervals', count(*), sum(down_octets) FROM utilisation`,
		`SELECT 'hours', count(*), sum(length(body)) FROM link_hours`,
		`SELECT 'days', count(*), sum(received) FROM link_day`,
		`SELECT 'loads', count(*), sum(get_byte(body, 700)) FROM utilisation_day`,
		`SELECT 'outages', count(*), sum(extract(epoch FROM to_at - from_at))::bigint FROM outage`,
	} {
		var name string
		var count, sum int64
		if err := db.Pool().QueryRow(context.Background(), sql).Scan(&name, &count, &sum); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %d %d", name, count, sum))
	}
	return all
}

func TestThePastIsWhollyWrittenAndHangsTogether(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	past := pastOf(t, db, 3)
	mark, err := past.Fill(t.Context())
	if err != nil || mark.Percent() != 100 {
		t.Fatalf("written back to %v (%d %%), %v", mark.Written, mark.Percent(), err)
	}
	for what, sql := range map[string]string{
		"days that are missing or twice there": `SELECT count(*) FROM (
			SELECT link_id, d::date AS day FROM (VALUES (1), (2), (3)) l (link_id), generate_series('2025-10-24'::date, '2026-11-22', '1 day') d
			WHERE link_id < 3 OR d >= '2026-10-24'
			EXCEPT SELECT link_id, day FROM link_day) AS missing`,
		"days before a link's service":  `SELECT count(*) FROM link_day WHERE link_id = 3 AND day < '2026-10-24'`,
		"minutes that are missing":      `SELECT count(*) - 3 * (24 * 60 + 13 * 60 + 47) FROM minute`,
		"minutes that are not labelled": `SELECT count(*) FROM minute WHERE NOT simulated`,
		"outages that are not labelled, last or follow the past": `SELECT count(*) FROM outage
			WHERE NOT simulated OR to_at IS NULL OR to_at > '2026-11-24 13:47Z' OR incident_id IS NOT NULL`,
		"tickets and letters": `SELECT (SELECT count(*) FROM ticket) + (SELECT count(*) FROM message) + (SELECT count(*) FROM incident)`,
		// Five echoes are lost every five seconds of an outage, and little more in a day.
		"days whose loss is less than their outages": `SELECT count(*) FROM link_day d WHERE sent - received < (
			SELECT coalesce(sum(extract(epoch FROM least(to_at, d.day + 1) - greatest(from_at, d.day))), 0) FROM outage o
			WHERE o.link_id = d.link_id AND o.from_at < d.day + 1 AND o.to_at > d.day)`,
	} {
		var count int
		if err := db.Pool().QueryRow(t.Context(), sql).Scan(&count); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if count != 0 {
			t.Errorf("%d %s", count, what)
		}
	}
}

func TestThePastGoesOnWhereItWasStopped(t *testing.T) {
	t.Parallel()
	whole := storetest.New(t)
	if _, err := pastOf(t, whole, 2).Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := found(t, whole)

	db := storetest.New(t)
	errStop := errors.New("stopped")
	for start := 0; ; start++ {
		ctx, cancel := context.WithCancelCause(t.Context())
		past := pastOf(t, db, 2)
		past.until = past.until.Add(time.Duration(start) * time.Hour) // a later start changes nothing
		pieces := 0
		past.options.Written = func(store.PastMark) {
			if pieces++; pieces == 9 {
				cancel(errStop)
			}
		}
		mark, err := past.Fill(ctx)
		cancel(nil)
		if err != nil {
			t.Fatal(err)
		}
		if mark.Percent() == 100 {
			if start < 3 {
				t.Errorf("written in %d starts, want to have been stopped several times", start+1)
			}
			break
		}
	}
	if diff := cmp.Diff(want, found(t, db)); diff != "" {
		t.Errorf("with stops (-without +with):\n%s", diff)
	}
}

package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/audit"
	"vigie/internal/measure"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/probe"
)

func packed(t testing.TB, fill func(i int) (down, up uint32)) []byte {
	t.Helper()
	d := measure.NewUtilisationDay()
	for i := range measure.FiveMinutesADay {
		d.Down[i], d.Up[i] = fill(i)
	}
	body, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestPackedAndRecentUtilisationCountOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	same := packed(t, func(int) (uint32, uint32) { return 1000, 100 })
	for _, link := range []int64{1, 3, 4} {
		for _, day := range []string{"2026-03-01", "2026-03-02"} {
			if _, err := db.Pool().Exec(ctx, `INSERT INTO utilisation_day (link_id, day, body, simulated) VALUES ($1, $2, $3, true)`, link, day, same); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := db.Pool().Exec(ctx, `INSERT INTO utilisation (link_id, at, down_octets, up_octets, covered_millis, simulated) VALUES
		(1, '2026-03-02 10:00Z', 999, 999, 300000, false), -- packed already
		(1, '2026-03-03 00:00Z', 600000, 300000, 300000, false), (1, '2026-03-03 00:05Z', 600000, 300000, 100000, false),
		(2, '2026-03-03 23:55Z', 300000, 0, 150000, false),
		(3, '2026-03-04 00:00Z', 1, 1, 300000, false), -- outside
		(5, '2026-03-03 00:00Z', 300000, 300000, 300000, false)`); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `UPDATE packing SET packed = changes, doing = changes WHERE day = '2026-03-02'`)
	var got []string
	err := store.NewAudit(db).Utilisation(ctx, []int64{1, 2, 3, 5}, date("2026-03-01"), date("2026-03-04"), func(d audit.Day) error {
		known := 0
		for _, rate := range d.Rates.Down {
			if rate != measure.NoRate {
				known++
			}
		}
		got = append(got, fmt.Sprintf("%d %s %d simulated %t, first %d, last %d", d.Link, d.Day.Format(time.DateOnly), known, d.Simulated, d.Rates.Down[0], d.Rates.Down[287]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{
		"1 2026-03-01 288 simulated true, first 1000, last 1000",
		"1 2026-03-02 288 simulated true, first 1000, last 1000",
		"1 2026-03-03 1 simulated false, first 2000, last 4294967295", // the second interval was measured for a third
		"2 2026-03-03 1 simulated false, first 4294967295, last 2000",
		"3 2026-03-01 288 simulated true, first 1000, last 1000",
		"3 2026-03-02 288 simulated true, first 1000, last 1000",
		"5 2026-03-03 1 simulated false, first 1000, last 4294967295",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
}

func TestAnAuditCountsWhatCameAfterItsDayWasPacked(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	measuredDay(t, db, 2)
	pack(t, db, packedDay.Add(26*time.Hour))
	exec(t, db, `INSERT INTO utilisation (link_id, at, down_octets, up_octets, covered_millis, simulated)
		VALUES (1, '2026-11-23 05:30Z', 2100, 300, 300000, false)
		ON CONFLICT (link_id, at) DO UPDATE SET down_octets = 2100, up_octets = 300, covered_millis = 300000`)
	const late = 5*12 + 6
	audited := func() (rates measure.UtilisationDay) {
		err := store.NewAudit(db).Utilisation(t.Context(), []int64{1}, packedDay, packedDay.Add(24*time.Hour), func(d audit.Day) error {
			rates = *d.Rates
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return rates
	}
	before := audited()
	if before.Down[late] != 7 || before.Up[late] != 1 {
		t.Errorf("before the day is packed again %d and %d octets a second, want 7 and 1", before.Down[late], before.Up[late])
	}
	pack(t, db, packedDay.Add(27*time.Hour))
	if diff := cmp.Diff(before, audited()); diff != "" {
		t.Errorf("packed again (-rows +packed):\n%s", diff)
	}
}

func date(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestADayThatIsNoneIsNamed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	if _, err := db.Pool().Exec(ctx, `INSERT INTO utilisation_day (link_id, day, body, simulated) VALUES (7, '2026-03-01', '\x01', false)`); err != nil {
		t.Fatal(err)
	}
	err := store.NewAudit(db).Utilisation(ctx, []int64{7}, date("2026-01-01"), date("2027-01-01"), func(audit.Day) error { return nil })
	if err == nil || !containsAll(err.Error(), "link 7", "2026-03-01") {
		t.Errorf("error %v", err)
	}
}

func containsAll(text string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}

func TestTheVersionOfUtilisationMovesWithEveryWrite(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	audits := store.NewAudit(db)
	seen := map[int64]string{}
	for _, step := range []struct{ name, sql string }{
		{"nothing", `SELECT 1`},
		{"a row", `INSERT INTO utilisation (link_id, at, down_octets, up_octets, covered_millis, simulated) VALUES (1, '2026-03-02 10:00Z', 9, 9, 300000, false)`},
		{"a row that changes", `UPDATE utilisation SET down_octets = 10`},
		{"a packed day", `UPDATE packing SET packed = changes, doing = changes WHERE day = '2026-03-02'`},
		{"a past that begins", `INSERT INTO simulated_past (since, written, until) VALUES ('2025-03-01Z', '2026-03-01Z', '2026-03-01Z')`},
		{"a past that is written further", `UPDATE simulated_past SET written = '2026-02-28Z'`},
	} {
		if _, err := db.Pool().Exec(ctx, step.sql); err != nil {
			t.Fatal(err)
		}
		version, err := audits.UtilisationVersion(ctx, date("2026-03-01"), date("2026-04-01"))
		if err != nil {
			t.Fatal(err)
		}
		if former, known := seen[version]; known {
			t.Errorf("%s leaves the version of %s, %d", step.name, former, version)
		}
		seen[version] = step.name
	}
	if _, err := db.Pool().Exec(ctx, `INSERT INTO utilisation (link_id, at, down_octets, up_octets, covered_millis, simulated) VALUES (1, '2026-04-01 00:00Z', 9, 9, 300000, false)`); err != nil {
		t.Fatal(err)
	}
	if version, err := audits.UtilisationVersion(ctx, date("2026-03-01"), date("2026-04-01")); err != nil || seen[version] != "a past that is written further" {
		t.Errorf("a day outside moves the version to %d: %v", version, err)
	}
}

func TestTheAuditTakesTheLastFigureElseTheLastReason(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	exec(t, db, `INSERT INTO finding (link_id, kind, at, prober, body) VALUES
		(1, 'throughput', '2026-01-02Z', 'older', '{"began":"2026-01-02T00:00:00Z","method":"http","load_permille":1}'),
		(1, 'throughput', '2026-02-02Z', 'figure', '{"began":"2026-02-02T00:00:00Z","method":"iperf3","load_permille":1,"down":{"bits_per_second":94000000,"layer":"tcp-payload","millis":1,"streams":1}}'),
		(1, 'throughput', '2026-03-02Z', 'reason', '{"began":"2026-03-02T00:00:00Z","not_run":"load-high","load_permille":500}'),
		(1, 'look', '2026-03-03Z', 'another kind', '{}'),
		(2, 'throughput', '2026-02-01Z', 'old reason', '{"began":"2026-02-01T00:00:00Z","not_run":"no-server","load_permille":-1}'),
		(2, 'throughput', '2026-02-02Z', 'last reason', '{"began":"2026-02-02T00:00:00Z","not_run":"load-high","load_permille":500}'),
		(3, 'throughput', '2025-12-31Z', 'before', '{"began":"2025-12-31T00:00:00Z","load_permille":0}'),
		(3, 'throughput', '2027-01-01Z', 'after', '{"began":"2027-01-01T00:00:00Z","load_permille":0}')`)
	tests, err := store.NewAudit(db).Tests(t.Context(), []int64{1, 2, 3}, date("2026-01-01"), date("2027-01-01"))
	if err != nil {
		t.Fatal(err)
	}
	if len(tests) != 2 || tests[1].Prober != "figure" || tests[1].Down.BitsPerSecond != 94_000_000 || tests[2].Prober != "last reason" || tests[2].NotRun != probe.LoadHigh {
		t.Errorf("got %+v, want the last figure of the first, the last reason of the second, none of the third", tests)
	}
}

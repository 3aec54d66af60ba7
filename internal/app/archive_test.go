package app

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"vigie/internal/fault"
	"vigie/internal/history"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

var (
	archived = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	lately   = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
)

// openArchive opens a new database with three links, their numbers from first on.
func openArchive(t *testing.T, first int) (*Archive, func(sql string)) {
	t.Helper()
	c := DefaultConfiguration()
	c.DatabaseURL = storetest.DSN(t) + "&pool_max_conns=4"
	a, err := OpenArchive(t.Context(), t.TempDir(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	exec := func(sql string) {
		t.Helper()
		if _, err := a.db.Pool().Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO operator (key, name, ticket_email, source) VALUES ('o', 'O', 'o@o.test', 'test')`)
	exec(fmt.Sprintf(`ALTER TABLE link ALTER COLUMN id RESTART WITH %d`, first))
	exec(`INSERT INTO link (ref, operator, down_kbps, up_kbps, probe_address, cpe_owner, starts, source)
		SELECT 'l' || i, 'o', 1000, 1000, '198.18.0.0'::inet + i, 'operator', '2026-01-01', 'test' FROM generate_series(1, 3) i`)
	return a, exec
}

// measuredMonth fills two days of October with everything that an archive holds.
func measuredMonth(t *testing.T, a *Archive, exec func(string)) {
	t.Helper()
	exec(`SELECT minute_partition('2026-10-05'), minute_partition('2026-10-31')`)
	exec(`INSERT INTO prober (name) VALUES ('metz')`)
	exec(`INSERT INTO minute (link_id, at, prober, planned, sent, received, min_micros, median_micros, p95_micros, max_micros, jitter_micros, simulated, duplicates, reordered, loss_periods, longest_loss)
		SELECT l.id, day + m * interval '1 minute', 1, 60, 60, 60 - m % 3, 500, 600 + m, 1200 + m, 2500, 20, l.ref = 'l2', 1, 0, m % 2, 1
		FROM link l, generate_series(0, 700) m, unnest('{2026-10-05Z, 2026-10-31Z}'::timestamptz[]) day WHERE l.ref <> 'l3'`)
	exec(`INSERT INTO utilisation (link_id, at, down_octets, up_octets, covered_millis, simulated)
		SELECT l.id, '2026-10-05Z'::timestamptz + i * interval '5 minutes', i * 100000, i * 1000, 300000, false FROM link l, generate_series(0, 287, 2) i`)
	exec(`INSERT INTO outage (link_id, from_at, to_at, cause, told_at, router_started, simulated)
		SELECT id, '2026-10-05 10:00:00.123456Z', '2026-10-05 11:00Z', 'power', '2026-10-05 11:05Z', '2026-10-05 10:59Z', false FROM link WHERE ref = 'l1'`)
	exec(`INSERT INTO outage (link_id, from_at) SELECT id, '2026-10-31 23:59Z' FROM link WHERE ref = 'l2'`)
	exec(`INSERT INTO finding (link_id, kind, at, prober, body)
		SELECT id, 'look', '2026-10-05 10:00Z', 'metz', '{"from": "2026-10-05T10:00:00Z", "last_lost": "2026-10-05T10:00:00Z", "until": "2026-10-05T10:00:01Z",
			"end": "passed", "round_sent": 5, "round_lost": 1, "gap_nanos": 100000000, "rtt_micros": [1000, 2000], "together": 1}' FROM link WHERE ref = 'l1'`)
	for {
		again, err := store.NewPacking(a.db, history.DefaultRetention()).Run(t.Context(), lately)
		if err != nil {
			t.Fatal(err)
		}
		if again == 0 {
			return
		}
	}
}

// keptRows is what the tables of an archive hold, links by reference.
func keptRows(t *testing.T, a *Archive) map[string][]string {
	t.Helper()
	kept := map[string][]string{}
	for table, columns := range map[string]string{
		"link_hours":      "day, encode(body, 'hex'), encode(delays, 'hex'), simulated",
		"link_day":        "day, planned, sent, received, covered_millis, min_micros, median_micros, p95_micros, max_micros, jitter_micros, simulated",
		"utilisation_day": "day, encode(body, 'hex'), simulated",
		"outage":          "from_at, to_at, cause, told_at, router_started, simulated",
		"finding":         "kind, at, prober, body",
	} {
		rows, err := a.db.Pool().Query(t.Context(), `SELECT (l.ref, `+columns+`)::text FROM `+table+` t JOIN link l ON l.id = t.link_id ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		if kept[table], err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
		if len(kept[table]) == 0 {
			t.Errorf("the table %s is empty", table)
		}
	}
	return kept
}

func export(t *testing.T, a *Archive, folder string) {
	t.Helper()
	if _, err := a.Export(t.Context(), archived, folder, "test", lately, func(int64) {}); err != nil {
		t.Fatal(err)
	}
}

func takeAll(t *testing.T, a *Archive, folder string) (Taken, error) {
	t.Helper()
	months, err := FindArchives(folder)
	if err != nil {
		t.Fatal(err)
	}
	return a.Import(t.Context(), months[0], func(int64) {})
}

func TestAMonthThatWasExportedIsTheSameElsewhere(t *testing.T) {
	t.Parallel()
	from, exec := openArchive(t, 1)
	measuredMonth(t, from, exec)
	folder := t.TempDir()
	export(t, from, filepath.Join(folder, "2026-10"))
	to, _ := openArchive(t, 100) // the same links under other numbers
	taken, err := takeAll(t, to, folder)
	if err != nil {
		t.Fatal(err)
	}
	// 48 hours, 4 days, 432 five minutes of 3 days, 2 outages and a finding.
	if want := (Taken{Month: "2026-10", Rows: 487, Added: 14}); taken != want {
		t.Errorf("taken: %+v, want %+v", taken, want)
	}
	if diff := cmp.Diff(keptRows(t, from), keptRows(t, to)); diff != "" {
		t.Errorf("(-exported +imported):\n%s", diff)
	}
	if taken, err = takeAll(t, to, folder); err != nil || taken.Added != 0 {
		t.Errorf("a second time: %+v, %v, want nothing added", taken, err)
	}
	if taken, err = takeAll(t, from, folder); err != nil || taken.Added != 0 {
		t.Errorf("where it came from: %+v, %v, want nothing added", taken, err)
	}
	// What comes out again is the same to the octet, and so are the sums.
	export(t, to, filepath.Join(folder, "again"))
	for _, table := range history.Tables() {
		one, err := os.ReadFile(filepath.Join(folder, "2026-10", history.FileName(table)))
		if err != nil {
			t.Fatal(err)
		}
		other, err := os.ReadFile(filepath.Join(folder, "again", history.FileName(table)))
		if err != nil || string(one) != string(other) {
			t.Errorf("%s is another file: %v", table, err)
		}
	}
}

func TestAMonthThatIsNotWholeIsNotExported(t *testing.T) {
	t.Parallel()
	a, exec := openArchive(t, 1)
	measuredMonth(t, a, exec)
	to := filepath.Join(t.TempDir(), "2026-10")
	if _, err := a.Export(t.Context(), archived, to, "test", archived.AddDate(0, 0, 20), func(int64) {}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a month that is not over: %v", err)
	}
	exec(`UPDATE minute SET received = 0 WHERE at = '2026-10-31 00:01Z'`)
	if _, err := a.Export(t.Context(), archived, to, "test", lately, func(int64) {}); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "2026-10-31") {
		t.Errorf("a day that is not packed as it is: %v", err)
	}
	for _, name := range []string{to, to + partialEnds} {
		if _, err := os.Lstat(name); !os.IsNotExist(err) {
			t.Errorf("%s was left behind: %v", name, err)
		}
	}
}

// spoil changes a text of a table, and the manifest with it unless damaged.
func spoil(t *testing.T, folder, table, from, to string, damaged bool) {
	t.Helper()
	name := filepath.Join(folder, history.FileName(table))
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	spoiled := strings.Replace(string(text), from, to, 1)
	if spoiled == string(text) {
		t.Fatalf("%q is not in %s:\n%s", from, table, text[:min(len(text), 500)])
	}
	var out strings.Builder
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, spoiled); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if damaged {
		return
	}
	months, err := FindArchives(folder)
	if err != nil {
		t.Fatal(err)
	}
	m := months[0].Manifest
	for i := range m.Files {
		if m.Files[i].Table == table {
			sum := sha256.Sum256([]byte(out.String()))
			m.Files[i].Octets, m.Files[i].SHA256 = int64(out.Len()), hex.EncodeToString(sum[:])
			m.Files[i].Rows += int64(strings.Count(spoiled, "\n") - strings.Count(string(text), "\n"))
		}
	}
	manifest, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, manifestName), manifest, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAnArchiveThatContradictsWhatIsStoredChangesNothing(t *testing.T) {
	t.Parallel()
	from, exec := openArchive(t, 1)
	measuredMonth(t, from, exec)
	for name, c := range map[string]struct {
		table, from, to string
		damaged         bool
		want            string
	}{
		"damaged":           {table: "outage", from: "power", to: "mouse", damaged: true, want: "outage.csv.gz is damaged"},
		"hours":             {table: "link_hours", from: ",3600,3600,", to: ",3601,3600,", want: `link_hours.csv.gz, line 2: the hour 2026-10-05T00`},
		"days":              {table: "link_day", from: "l1,2026-10-05,42060,", to: "l1,2026-10-05,42061,", want: `link_day.csv.gz, line 2: figures`},
		"five minutes":      {table: "utilisation", from: ",0,0,false", to: ",1,0,false", want: `utilisation.csv.gz, line 2: rates of 2026-10-05T00:00:00Z`},
		"an end":            {table: "outage", from: "2026-10-05T11:00:00Z", to: "2026-10-05T10:59:00Z", want: `outage.csv.gz, line 2: to: "2026-10-05T10:59:00Z", expected 2026-10-05T11:00:00Z`},
		"a cause":           {table: "outage", from: "power", to: "line", want: `line 2: cause: "line", expected "power", as it is stored`},
		"a link of nowhere": {table: "outage", from: "l1,", to: "k1,", want: `line 2: link: "k1", expected the reference of a link`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "2026-10")
			export(t, from, folder)
			spoil(t, folder, c.table, c.from, c.to, c.damaged)
			if _, err := takeAll(t, from, folder); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestAMonthIsTakenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	from, exec := openArchive(t, 1)
	measuredMonth(t, from, exec)
	folder := filepath.Join(t.TempDir(), "2026-10")
	export(t, from, folder)
	to, exec := openArchive(t, 1)
	exec(`INSERT INTO outage (link_id, from_at, to_at) SELECT id, '2026-10-05 10:00:00.123456Z', '2026-10-05 10:30Z' FROM link WHERE ref = 'l1'`)
	if _, err := takeAll(t, to, folder); err == nil {
		t.Fatal("an outage with another end was taken")
	}
	for _, table := range []string{"link_hours", "link_day", "utilisation_day", "packing"} {
		var n int
		if err := to.db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n > 0 {
			t.Errorf("%d rows in %s: %v", n, table, err)
		}
	}
}

func TestTheCostOfAHistoryIsMeasured(t *testing.T) {
	t.Parallel()
	a, exec := openArchive(t, 1)
	measuredMonth(t, a, exec)
	cost, err := a.Cost(t.Context(), 60_000, lately)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, table := range cost.Tables {
		known[table.Table] = table.OctetsALinkDay != nil
		if table.OctetsALinkDay != nil && (*table.OctetsALinkDay < 10 || *table.Octets < 60_000) {
			t.Errorf("%s: %f octets a link and day, %d in all", table.Table, *table.OctetsALinkDay, *table.Octets)
		}
	}
	want := map[string]bool{
		"batch": false, "minute": true, "utilisation": true, "link_hours": true, "utilisation_day": true, "finding": false, "link_day": true,
	}
	if diff := cmp.Diff(want, known); diff != "" {
		t.Errorf("tables that are projected (-want +got):\n%s", diff)
	}
	if cost.Known || cost.Links != 60_000 || cost.RestOctets <= 0 {
		t.Errorf("cost: %+v", cost)
	}
}

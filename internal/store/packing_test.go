package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/history"
	"vigie/internal/measure"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/view"
	"vigie/internal/watch"
	"vigie/probe"
)

var packedDay = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// measuredDay fills some links' day with minutes of two probers and five-minute
// figures: a gap here and there, loss, a minute of nothing but loss.
func measuredDay(t *testing.T, db *store.DB, links int) {
	t.Helper()
	exec(t, db, `INSERT INTO operator (key, name, ticket_email, source) VALUES ('o', 'O', 'o@o.test', 'test')`)
	exec(t, db, fmt.Sprintf(`INSERT INTO link (ref, operator, down_kbps, up_kbps, probe_address, cpe_owner, starts, source)
		SELECT 'l' || i, 'o', 1000, 1000, '198.18.0.0'::inet + i, 'operator', '2026-01-01', 'test' FROM generate_series(1, %d) i`, links))
	exec(t, db, `SELECT minute_partition('2026-11-23'), minute_partition('2026-11-24')`)
	exec(t, db, `INSERT INTO prober (name) VALUES ('a'), ('b')`)
	exec(t, db, fmt.Sprintf(`
		INSERT INTO minute (link_id, at, prober, planned, sent, received, min_micros, median_micros, p95_micros, max_micros, simulated)
		SELECT link, '2026-11-23Z'::timestamptz + m * interval '1 minute', p, 60, sent, sent - lost,
			CASE WHEN lost < sent THEN 500 + m %% 7 END, CASE WHEN lost * 2 <= sent THEN 600 + (m * 37 + link * 11) %% 400 END,
			CASE WHEN lost = 0 THEN 1200 + (m * 53 + p) %% 900 END, CASE WHEN lost < sent THEN 2500 + m END, link %% 2 = 0
		FROM generate_series(1, %d) link, generate_series(0, 1499) m, generate_series(1, 2) p,
			LATERAL (SELECT CASE WHEN m %% 11 = 0 THEN 0 WHEN m %% 5 = p THEN 30 ELSE 60 END AS sent) s,
			LATERAL (SELECT CASE WHEN m %% 17 = 0 THEN sent WHEN m %% 13 = 0 THEN sent / 10 ELSE 0 END AS lost) l
		WHERE m NOT BETWEEN 300 AND 420 AND (p = 1 OR m %% 3 = 0)`, links))
	exec(t, db, fmt.Sprintf(`
		INSERT INTO utilisation (link_id, at, down_octets, up_octets, covered_millis, simulated)
		SELECT link, '2026-11-23Z'::timestamptz + i * interval '5 minutes', i * 100000 + link, i * 1000, CASE WHEN i %% 10 = 0 THEN 100000 ELSE 300000 END, true
		FROM generate_series(1, %d) link, generate_series(0, 299) i WHERE i NOT BETWEEN 60 AND 84`, links))
}

// pack runs the packing until nothing is left.
func pack(t *testing.T, db *store.DB, now time.Time) {
	t.Helper()
	for range 10 {
		again, err := store.NewPacking(db, history.DefaultRetention()).Run(context.Background(), now)
		if err != nil {
			t.Fatal(err)
		}
		if again == 0 {
			return
		}
	}
	t.Fatal("the packing does not come to an end")
}

func count(t *testing.T, db *store.DB, sql string) (n int) {
	t.Helper()
	if err := db.Pool().QueryRow(context.Background(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// pastOfLink is what the pages read of a link's days.
type pastOfLink struct {
	Hours   []view.Measured
	Carried []view.FiveMinutes
}

func readHistory(t *testing.T, db *store.DB, link int64) (h pastOfLink) {
	t.Helper()
	ctx := context.Background()
	w := view.Window{From: packedDay.Add(-48 * time.Hour), To: packedDay.Add(48 * time.Hour)}
	var err error
	if h.Hours, err = store.NewView(db).Hours(ctx, link, w); err != nil {
		t.Fatal(err)
	}
	if h.Carried, err = store.NewView(db).Carried(ctx, link, w); err != nil {
		t.Fatal(err)
	}
	return h
}

// withoutPlan leaves out what the rows cannot tell any more once they are summed.
func (h pastOfLink) withoutPlan() pastOfLink {
	hours := make([]view.Measured, len(h.Hours))
	for i, hour := range h.Hours {
		hour.Planned = 0
		hours[i] = hour
	}
	h.Hours = hours
	return h
}

func TestAPackedDayReadsAsItsRowsDid(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	measuredDay(t, db, 3)
	before := readHistory(t, db, 2)
	if len(before.Hours) != 23 || len(before.Carried) < 200 {
		t.Fatalf("%d hours and %d intervals before the packing", len(before.Hours), len(before.Carried))
	}
	now := packedDay.Add(25 * time.Hour)
	pack(t, db, now)
	exec(t, db, `DELETE FROM minute WHERE at < '2026-11-24Z'; DELETE FROM utilisation WHERE at < '2026-11-24Z'`)
	if diff := cmp.Diff(before.withoutPlan(), readHistory(t, db, 2).withoutPlan()); diff != "" {
		t.Errorf("read from the packed day (-rows +packed):\n%s", diff)
	}
	if n := count(t, db, `SELECT count(*) FROM link_day WHERE day = '2026-11-24'`); n > 0 {
		t.Error("a day that is not over was packed")
	}
	if n := count(t, db, `SELECT count(*) FROM link_day d WHERE covered_millis = 0 OR received >= sent OR (link_id % 2 = 0) <> simulated`); n > 0 {
		t.Errorf("%d days as a whole without coverage, without loss or with the wrong label", n)
	}
}

func TestALateMinuteChangesItsPackedDay(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	measuredDay(t, db, 2)
	now := packedDay.Add(26 * time.Hour)
	pack(t, db, now)
	late := `INSERT INTO minute (link_id, at, prober, planned, sent, received, min_micros, median_micros, p95_micros, max_micros, simulated)
		VALUES (1, '2026-11-23 05:30Z', 1, 60, 60, 60, 7, 8, 9, 10, false)`
	exec(t, db, late)
	at := packedDay.Add(5 * time.Hour)
	find := func() (found view.Measured) {
		for _, h := range readHistory(t, db, 1).Hours {
			if h.At.Equal(at) {
				found = h
			}
		}
		return found
	}
	if got := find(); got.MinMicros != 7 {
		t.Errorf("before the day is packed again: %+v, want the late minute in it", got)
	}
	pack(t, db, now)
	exec(t, db, `DELETE FROM minute`)
	if got := find(); got.MinMicros != 7 || got.Sent != 60 {
		t.Errorf("after: %+v, want the late minute alone in its hour", got)
	}
}

func TestAPackingThatIsKilledGoesOnAndLosesNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	const links = 120 // three transactions
	measuredDay(t, db, links)
	want := readHistory(t, db, links)
	// The second transaction meets a server that goes away: it is rolled back.
	exec(t, db, `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.link_id = 75 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
		CREATE TRIGGER die BEFORE INSERT ON link_day FOR EACH ROW EXECUTE FUNCTION die()`)
	now := packedDay.Add(25 * time.Hour)
	if _, err := store.NewPacking(db, history.DefaultRetention()).Run(ctx, now); err == nil {
		t.Fatal("the packing did not notice that its server went away")
	}
	exec(t, db, `DROP TRIGGER die ON link_day`)
	var through int64
	if err := db.Pool().QueryRow(ctx, `SELECT through FROM packing WHERE day = '2026-11-23'`).Scan(&through); err != nil || through != 50 {
		t.Fatalf("packed through link %d, %v; want 50", through, err)
	}
	if diff := cmp.Diff(want, readHistory(t, db, links)); diff != "" {
		t.Errorf("half packed, the day reads otherwise:\n%s", diff)
	}
	exec(t, db, `DELETE FROM link_hours WHERE link_id = 1`) // seen again only if the work is done twice
	pack(t, db, now)
	if n := count(t, db, `SELECT count(*) FROM link_hours WHERE day = '2026-11-23'`); n != links-1 {
		t.Errorf("%d links packed, want the other %d and what was done not done again", n, links-1)
	}
	if diff := cmp.Diff(want.withoutPlan(), readHistory(t, db, links).withoutPlan()); diff != "" {
		t.Errorf("packed, the day reads otherwise:\n%s", diff)
	}
}

func TestAMinuteThatCommitsBesideThePackingIsPackedNext(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	measuredDay(t, db, 1)
	exec(t, db, `DELETE FROM minute WHERE at >= '2026-11-23 04:00Z' AND at < '2026-11-23 05:00Z'`)
	writer, err := db.Pool().Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Exec(ctx, `INSERT INTO minute (link_id, at, prober, planned, sent, received, min_micros, median_micros, p95_micros, max_micros, simulated)
		VALUES (1, '2026-11-23 04:00Z', 1, 60, 60, 60, 7, 8, 9, 10, false)`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := store.NewPacking(db, history.DefaultRetention()).Run(ctx, packedDay.Add(25*time.Hour))
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("the packing did not wait for a writer of its day: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	if err := writer.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var body measure.Hours
	var raw []byte
	if err := db.Pool().QueryRow(ctx, `SELECT body FROM link_hours WHERE link_id = 1 AND day = '2026-11-23'`).Scan(&raw); err != nil {
		t.Fatal(err)
	}
	if err := body.UnmarshalBinary(raw); err != nil || body[4].MinMicros != 7 {
		t.Errorf("the hour of the writer: %+v, %v", body[4], err)
	}
}

func TestRowsAreDroppedOnlyWhenTheyArePackedAndOld(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := storetest.New(t)
	measuredDay(t, db, 1)
	rows := func() [2]int {
		return [2]int{
			count(t, db, `SELECT count(*) FROM minute WHERE at < '2026-11-24Z'`),
			count(t, db, `SELECT count(*) FROM utilisation WHERE at < '2026-11-24Z'`),
		}
	}
	full := rows()
	old := packedDay.Add(36*24*time.Hour + time.Hour)
	upkeep := func(now time.Time) {
		t.Helper()
		if err := store.NewUpkeep(db, history.DefaultRetention()).Run(ctx, now); err != nil {
			t.Fatal(err)
		}
	}
	pack(t, db, old)
	upkeep(packedDay.Add(35 * 24 * time.Hour))
	if got := rows(); got != full {
		t.Errorf("rows of a day that is not old: %v, want %v", got, full)
	}
	exec(t, db, `UPDATE minute SET received = 0 WHERE at = '2026-11-23 00:01Z'`)
	upkeep(old)
	if got := rows(); got != full {
		t.Errorf("rows of a day that is not packed as it is: %v, want %v", got, full)
	}
	pack(t, db, old)
	before := readHistory(t, db, 1)
	upkeep(old)
	if got := rows(); got != [2]int{} {
		t.Errorf("rows of an old packed day: %v, want none", got)
	}
	// What comes later than that does not replace the day it belongs to.
	exec(t, db, `SELECT minute_partition('2026-11-23')`)
	exec(t, db, `INSERT INTO minute (link_id, at, prober, planned, sent, received, simulated) VALUES (1, '2026-11-23 05:30Z', 1, 60, 60, 0, false)`)
	pack(t, db, old)
	if diff := cmp.Diff(before, readHistory(t, db, 1)); diff != "" {
		t.Errorf("a minute later than any changed its day:\n%s", diff)
	}
	upkeep(old)
	if got := rows(); got != [2]int{} {
		t.Errorf("rows that came too late: %v, want none", got)
	}
}

// saveMinutes writes minutes as the watching service does.
func saveMinutes(t *testing.T, db *store.DB, prober string, minutes ...measure.Minute) {
	t.Helper()
	w, err := store.NewWatch(db)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range minutes {
		err := w.InTx(context.Background(), func(ctx context.Context, tx watch.Tx) error {
			return tx.SaveMinutes(ctx, prober, []measure.Minute{m})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPackedDayKeepsItsDelaysAndWhatTheStandardsAsk(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	exec(t, db, `INSERT INTO operator (key, name, ticket_email, source) VALUES ('o', 'O', 'o@o.test', 'test')`)
	exec(t, db, `INSERT INTO link (ref, operator, down_kbps, up_kbps, probe_address, cpe_owner, starts, source)
		VALUES ('l', 'o', 1000, 1000, '198.18.0.1', 'operator', '2026-01-01', 'test')`)
	exec(t, db, `INSERT INTO prober (name) VALUES ('a'), ('b')`)
	minute := func(n int, rtt ...int32) measure.Minute {
		o := probe.Observation{At: packedDay, RTTMicros: rtt, Duplicates: 1, Reordered: 2}
		return measure.Summarise(1, packedDay.Add(time.Duration(n)*time.Minute), len(rtt), []measure.Round{{Observation: o}})
	}
	first := minute(60, 1000, 1100, probe.Lost, probe.Lost, 1200)
	saveMinutes(t, db, "a", first, minute(61, 9000, probe.Lost), minute(200, 50))
	saveMinutes(t, db, "b", minute(60, 1050, 1300))
	saveMinutes(t, db, "a", minute(61, 7000, probe.Lost)) // summed again, it takes the place of the first
	// A minute of an older version, in an hour of its own.
	exec(t, db, `INSERT INTO minute (link_id, at, prober, planned, sent, received, min_micros, median_micros, p95_micros, max_micros, simulated)
		VALUES (1, '2026-11-23 05:30Z', 1, 60, 60, 59, 7, 8, 9, 10, false)`)
	before := readHistory(t, db, 1)
	if len(before.Hours) != 3 {
		t.Fatalf("%d hours before the packing, want 3", len(before.Hours))
	}
	hour := before.Hours[0]
	want := measure.Extras{Duplicates: 3, Reordered: 6, LossPeriods: 2, LongestLoss: 2}
	if diff := cmp.Diff(want, hour.Extras); diff != "" || hour.Detailed != 9 || hour.PDVMicros != 250 {
		t.Errorf("an hour: %d of %d detailed, PDV %d µs, (-want +got):\n%s", hour.Detailed, hour.Sent, hour.PDVMicros, diff)
	}
	largest := hour.Delays.ReceivedAt(measure.Quantile{Num: 1, Den: 1})
	if hour.Delays.Sent() != 9 || hour.Delays.Lost != 3 || largest < 6972 || largest > 7028 {
		t.Errorf("its delays: %s up to %d µs, want nine, three lost, the largest 7 ms", hour.Delays, largest)
	}
	if old := before.Hours[2]; old.Detailed != 0 || old.Delays.Sent() != 0 || old.Sent != 60 {
		t.Errorf("an hour of an older version: %+v, want no details", old)
	}
	pack(t, db, packedDay.Add(25*time.Hour))
	exec(t, db, `DELETE FROM minute`)
	if diff := cmp.Diff(before.withoutPlan(), readHistory(t, db, 1).withoutPlan()); diff != "" {
		t.Errorf("read from the packed day (-rows +packed):\n%s", diff)
	}
	// A day that an older version packed.
	exec(t, db, `UPDATE link_hours SET delays = NULL`)
	for _, h := range readHistory(t, db, 1).Hours {
		if h.Delays.Sent() != 0 || !h.Measured() {
			t.Errorf("a day packed without delays: %+v", h)
		}
	}
}

func TestAPackedDayThatIsNotWhatItsRowsSayIsPackedAgainBeforeTheyAreDropped(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]string{
		"its hours":               `UPDATE link_hours SET body = set_byte(body, 3, 7) WHERE link_id = 60`,
		"its delays":              `UPDATE link_hours SET delays = NULL WHERE link_id = 2`,
		"the day as a whole":      `UPDATE link_day SET received = received - 1 WHERE link_id = 2`,
		"its five-minute figures": `UPDATE utilisation_day SET body = set_byte(body, 3, 7) WHERE link_id = 60`,
		"its label":               `UPDATE utilisation_day SET simulated = NOT simulated WHERE link_id = 2`,
		"a link left out":         `DELETE FROM link_hours WHERE link_id = 2`,
		"a link without figures":  `DELETE FROM utilisation_day WHERE link_id = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storetest.New(t)
			measuredDay(t, db, 60)
			old := packedDay.Add(36*24*time.Hour + time.Hour)
			pack(t, db, packedDay.Add(25*time.Hour))
			before := readHistory(t, db, 60).withoutPlan()
			exec(t, db, spoil)
			if err := store.NewUpkeep(db, history.DefaultRetention()).Run(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			if count(t, db, `SELECT count(*) FROM minute WHERE at < '2026-11-24Z'`) == 0 {
				t.Fatal("rows were dropped before they were compared")
			}
			if _, err := store.NewPacking(db, history.DefaultRetention()).Run(t.Context(), old); err == nil {
				t.Fatal("nothing was found")
			}
			pack(t, db, old)
			if err := store.NewUpkeep(db, history.DefaultRetention()).Run(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			if n := count(t, db, `SELECT count(*) FROM minute WHERE at < '2026-11-24Z'`); n > 0 {
				t.Errorf("%d rows are left of a day that was packed again and compared", n)
			}
			if diff := cmp.Diff(before, readHistory(t, db, 60).withoutPlan()); diff != "" {
				t.Errorf("the day as it was packed first and in the end (-first +end):\n%s", diff)
			}
		})
	}
}

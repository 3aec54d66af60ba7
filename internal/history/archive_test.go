package history_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/history"
	"vigie/internal/measure"
)

var october = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

// memory is a month in memory, as a source and as a sink.
type memory struct {
	hours    []history.HoursDay
	days     []history.Whole
	carried  []history.CarriedDay
	outages  []history.Outage
	findings []history.Finding
}

func all[T any](list []T, each func(T) error) error {
	for _, v := range list {
		if err := each(v); err != nil {
			return err
		}
	}
	return nil
}

type source struct{ *memory }

func (source) Ready(context.Context, time.Time) error { return nil }

func (m source) Hours(_ context.Context, _ time.Time, each func(history.HoursDay) error) error {
	return all(m.hours, each)
}

func (m source) Days(_ context.Context, _ time.Time, each func(history.Whole) error) error {
	return all(m.days, each)
}

func (m source) Carried(_ context.Context, _ time.Time, each func(history.CarriedDay) error) error {
	return all(m.carried, each)
}

func (m source) Outages(_ context.Context, _ time.Time, each func(history.Outage) error) error {
	return all(m.outages, each)
}

func (m source) Findings(_ context.Context, _ time.Time, each func(history.Finding) error) error {
	return all(m.findings, each)
}

type sink struct{ *memory }

func (m sink) Hours(_ context.Context, list []history.HoursDay) (int, error) {
	m.hours = append(m.hours, list...)
	return len(list), nil
}

func (m sink) Days(_ context.Context, list []history.Whole) (int, error) {
	m.days = append(m.days, list...)
	return len(list), nil
}

func (m sink) Carried(_ context.Context, list []history.CarriedDay) (int, error) {
	m.carried = append(m.carried, list...)
	return len(list), nil
}

func (m sink) Outages(_ context.Context, list []history.Outage) (int, error) {
	m.outages = append(m.outages, list...)
	return len(list), nil
}

func (m sink) Findings(_ context.Context, list []history.Finding) (int, error) {
	m.findings = append(m.findings, list...)
	return len(list), nil
}

// month is some records of each table, more than one read of them at once.
func month() *memory {
	m := &memory{}
	figures := measure.Figures{
		Planned: 600, Sent: 590, Received: 580, CoveredMillis: 59_000, MinMicros: 900, MedianMicros: 1000, P95Micros: 2000, MaxMicros: 9000,
		JitterMicros: 30, PDVMicros: 40, Detailed: 500, Extras: measure.Extras{Duplicates: 1, Reordered: 2, LossPeriods: 3, LongestLoss: 4},
	}
	lost := measure.Figures{
		Planned: 600, Sent: 600, CoveredMillis: 60_000, MinMicros: measure.Undefined, MedianMicros: measure.Undefined, P95Micros: measure.Undefined,
		MaxMicros: measure.Undefined, JitterMicros: measure.Undefined, PDVMicros: measure.Undefined,
	}
	for i := range 230 {
		link, day := fmt.Sprintf("L%03d", i/10), october.AddDate(0, 0, i%10)
		h := history.HoursDay{Link: link, Day: day, Hours: measure.NewHours(), Simulated: i%2 == 0}
		h.Hours[0], h.Hours[7], h.Hours[23] = figures, lost, figures
		if i%3 > 0 {
			h.Delays = &measure.HourlyDelays{}
			h.Delays[7].Lost = 600
		}
		m.hours = append(m.hours, h)
		whole := history.Whole{Link: link, Day: day, Figures: lost, Simulated: i%2 == 0}
		m.days = append(m.days, whole)
		c := history.CarriedDay{Link: link, Day: day, Rates: measure.NewUtilisationDay()}
		c.Rates.Down[0], c.Rates.Up[0], c.Rates.Down[287] = 1, 0, measure.NoRate-1
		m.carried = append(m.carried, c)
	}
	at := october.Add(90 * time.Minute)
	m.outages = []history.Outage{
		{Link: "L001", From: at, To: at.Add(123456 * time.Microsecond), Cause: "power", Told: at.Add(time.Hour), Started: at.Add(time.Second)},
		{Link: "L001", From: at.Add(time.Hour), Simulated: true},
		{Link: "L002, \"the second\"", From: at, To: at},
	}
	m.findings = []history.Finding{
		{Kind: "look", At: at, Prober: "metz", Body: []byte(`{"began": "2026-10-01T01:29:00Z"}`)},
	}
	return m
}

func write(t testing.TB, table string, m *memory) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := history.Write(t.Context(), &out, table, october, source{m}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// unplaced leaves out where records stood.
func unplaced(m *memory) *memory {
	for i := range m.hours {
		m.hours[i].Place = 0
	}
	for i := range m.days {
		m.days[i].Place = 0
	}
	for i := range m.carried {
		m.carried[i].Place = 0
	}
	for i := range m.outages {
		m.outages[i].Place = 0
	}
	for i := range m.findings {
		m.findings[i].Place = 0
	}
	return m
}

func TestWhatIsWrittenIsReadAsItWas(t *testing.T) {
	t.Parallel()
	want := month()
	want.findings = nil // what a finding says is that of its kind: tested with a database
	got := &memory{}
	for _, table := range history.Tables() {
		text := write(t, table, want)
		rows, _, err := history.Read(t.Context(), strings.NewReader(text), table, october, sink{got})
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		if lines := int64(strings.Count(text, "\n")) - 1; rows != lines {
			t.Errorf("%s: %d rows read of %d", table, rows, lines)
		}
	}
	if diff := cmp.Diff(want, unplaced(got), cmp.AllowUnexported(memory{}), cmp.Comparer(sameDelays)); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
}

func sameDelays(a, b *measure.HourlyDelays) bool {
	if a == nil || b == nil {
		return a == b
	}
	one, err := a.MarshalBinary()
	other, err2 := b.MarshalBinary()
	return err == nil && err2 == nil && bytes.Equal(one, other)
}

func TestAWrongValueIsNamedByFileLineAndField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ table, from, to, want string }{
		"no number":                {"link_day", "600,600,0", "600,600,none", `link_day.csv.gz, line 2: received: "none"`},
		"more received than sent":  {"link_day", "600,600,0", "600,600,601", `line 2: received: "601", expected no more`},
		"more sent than planned":   {"link_hours", "600,590,580", "580,590,580", `line 2: sent: "590"`},
		"another month":            {"link_day", "2026-10-02", "2026-11-02", `line 3: day: "2026-11-02", expected a time in 2026-10`},
		"a day twice":              {"link_day", "2026-10-02", "2026-10-01", `line 3: link: "L000", expected rows in the order`},
		"no beginning of an hour":  {"link_hours", "2026-10-01T07:00:00Z", "2026-10-01T07:30:00Z", `line 3: at: "2026-10-01T07:30:00Z"`},
		"another zone":             {"utilisation", "2026-10-01T23:55:00Z", "2026-10-01T23:55:00+02:00", `line 3: at`},
		"no boolean":               {"utilisation", "1,0,false", "1,0,no", `line 2: simulated: "no", expected true or false`},
		"labels that differ":       {"utilisation", "T23:55:00Z,4294967294,,false", "T23:55:00Z,4294967294,,true", `line 3: simulated`},
		"a rate that none has":     {"utilisation", "4294967294", "4294967295", `line 3: down_octets_per_second`},
		"a rate in no direction":   {"utilisation", ",4294967294,,", ",,,", `line 3: down_octets_per_second`},
		"a cause that is not ours": {"outage", ",power,", ",mice,", `outage.csv.gz, line 2: cause: "mice"`},
		"a cause without a time":   {"outage", ",power,2026-10-01T02:30:00Z,", ",power,,", `line 2: told_at`},
		"delays of half a day":     {"link_hours", "true,\n", "true,AAAA\n", `delays: "AAAA", expected a distribution`},
		"delays that are none":     {"link_hours", "false,A", "false,!A", `delays: "!A`},
		"a column more":            {"link_day", "link,day", "link,day,more", `line 1: columns`},
		"a cell more":              {"link_day", "600,600,0", "600,600,0,0", "wrong number of fields"},
		"an unknown kind":          {"finding", "look", "mice", `finding.csv.gz, line 2: body`},
		"no link":                  {"link_day", "L000", "", `line 2: link: ""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := write(t, c.table, month())
			spoiled := strings.Replace(text, c.from, c.to, 1)
			if spoiled == text {
				t.Fatalf("%q is not in the table", c.from)
			}
			_, _, err := history.Read(t.Context(), strings.NewReader(spoiled), c.table, october, sink{&memory{}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

var errFull = errors.New("full")

type full struct{ sink }

func (full) Days(context.Context, []history.Whole) (int, error) { return 0, errFull }

func TestWhatTheSinkRefusesEndsTheReading(t *testing.T) {
	t.Parallel()
	text := write(t, history.TableDays, month())
	if _, _, err := history.Read(t.Context(), strings.NewReader(text), history.TableDays, october, full{}); !errors.Is(err, errFull) {
		t.Errorf("got %v, want %v", err, errFull)
	}
}

func TestTheCostIsWhatIsStoredTimesLinksAndDays(t *testing.T) {
	t.Parallel()
	size := history.Size{Links: 2, Rest: 7, Tables: []history.TableSize{
		{Table: history.TableMinutes, Octets: 2000, LinkDays: 20},
		{Table: history.TableBatches, Octets: 10},
		{Table: history.TableDays, Octets: 300, LinkDays: 3},
	}}
	got := history.CostOf(size, history.DefaultRetention(), 1000)
	each, rows := 100.0, int64(100*1000*35)
	days := int64(100 * 1000 * 365.2425 * 10)
	want := history.Cost{Links: 1000, RestOctets: 7, TotalOctets: rows + days, Tables: []history.TableCost{
		{Table: "minute", Key: "rows", Kept: history.Span{Count: 35, Unit: history.Day}, Stored: 2000, OctetsALinkDay: &each, Octets: &rows},
		{Table: "batch", Key: "batches", Kept: history.Span{Count: 24, Unit: history.Hour}, Stored: 10},
		{Table: "link_day", Key: "days", Kept: history.Span{Count: 10, Unit: history.Year}, Stored: 300, OctetsALinkDay: &each, Octets: &days},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzTable(f *testing.F) {
	short := &memory{hours: month().hours[:2], days: month().days[:2], carried: month().carried[:2], outages: month().outages}
	for i, table := range history.Tables() {
		f.Add(byte(i), []byte(write(f, table, short)))
	}
	f.Fuzz(func(t *testing.T, which byte, text []byte) {
		table := history.Tables()[int(which)%len(history.Tables())]
		read := &memory{}
		if _, _, err := history.Read(t.Context(), bytes.NewReader(text), table, october, sink{read}); err != nil {
			return
		}
		written, again := write(t, table, read), &memory{}
		if _, _, err := history.Read(t.Context(), strings.NewReader(written), table, october, sink{again}); err != nil {
			t.Fatalf("what was read is refused when written again: %v\n%s", err, written)
		}
		if diff := cmp.Diff(unplaced(read), unplaced(again), cmp.AllowUnexported(memory{}), cmp.Comparer(sameDelays)); diff != "" {
			t.Errorf("(-read +read again):\n%s", diff)
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format": 1, "month": "2026-10", "files": []}`))
	f.Add([]byte(`{"format": 1, "month": "2026-10", "files": [{"table": "link_hours", "file": "../x", "rows": 1, "octets": 1, "sha256": ""}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := history.ReadManifest(text)
		if err != nil {
			return
		}
		for i, file := range m.Files {
			if file.File != history.FileName(history.Tables()[i]) {
				t.Errorf("a manifest may name the file %q", file.File)
			}
		}
	})
}

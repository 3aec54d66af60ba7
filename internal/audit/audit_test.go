package audit_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the tests need Europe/Paris on any machine

	"pgregory.net/rapid"

	"vigie/billing/money"
	"vigie/configs"
	"vigie/internal/audit"
	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/measure"
	"vigie/internal/org"
)

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

func at(text string) time.Time {
	instant, err := calendar.ParseLocal(text)
	if err != nil {
		panic(err)
	}
	return instant
}

// world is one inventory, with what its links carried, by link and UTC day.
type world struct {
	index *inventory.Index
	late  bool // the latest days come first
	days  map[int64]map[time.Time]measure.UtilisationDay
	tests func(links []int64, from, to time.Time) map[int64]audit.Test // nil = no test
	err   error
}

func (w world) Tests(_ context.Context, links []int64, from, to time.Time) (map[int64]audit.Test, error) {
	if w.tests == nil {
		return nil, nil
	}
	return w.tests(links, from, to), nil
}

func (w world) Inventory(context.Context) (*inventory.Index, error) { return w.index, nil }

// UtilisationVersion is the day that a test changes last.
func (w world) UtilisationVersion(context.Context, time.Time, time.Time) (int64, error) {
	return int64(len(w.days[1])), nil
}

func (w world) Utilisation(_ context.Context, links []int64, from, to time.Time, each func(audit.Day) error) error {
	if from != from.Truncate(24*time.Hour) || to != to.Truncate(24*time.Hour) {
		return errors.New("asked for a part of a UTC day")
	}
	for _, link := range links {
		days := slices.SortedFunc(maps.Keys(w.days[link]), time.Time.Compare)
		if w.late {
			slices.Reverse(days)
		}
		for _, d := range days {
			if rates := w.days[link][d]; !d.Before(from) && d.Before(to) {
				if err := each(audit.Day{Link: link, Day: d, Rates: &rates}); err != nil {
					return err
				}
			}
		}
	}
	return w.err
}

// newWorld has a collège of Strasbourg with a temple (link 1, 100/50 Mbit/s), one of
// Meuse (link 2), and a third link outside the market.
func newWorld() world {
	links := []inventory.Link{
		{ID: 1, Ref: "L-1", Operator: "op", Lot: "lot", Sites: []string{"college"}, PriceItem: "100M", DownKbps: 100_000, UpKbps: 50_000, Starts: day("2020-01-01")},
		{ID: 2, Ref: "L-2", Operator: "op", Lot: "lot", Sites: []string{"verdun"}, PriceItem: "200M", DownKbps: 200_000, UpKbps: 200_000, Starts: day("2020-01-01")},
		{ID: 3, Ref: "L-3", Operator: "op", Sites: []string{"college"}, DownKbps: 20_000, UpKbps: 20_000, Starts: day("2026-03-01")},
		{ID: 4, Ref: "L-4", Operator: "op", Lot: "lot", Sites: []string{"verdun"}, PriceItem: "50M", DownKbps: 50_000, UpKbps: 50_000, Starts: day("2027-01-01")},
	}
	return world{
		index: inventory.NewIndex(inventory.Snapshot{
			Organisations:  []org.Organisation{{Key: "cea"}, {Key: "meuse"}},
			Communes:       []inventory.Commune{{INSEE: "67482", Departement: "67", Temple: true}, {INSEE: "55545", Departement: "55"}},
			Sites:          []inventory.Site{{ID: 1, Key: "college", Name: "Collège A", Organisation: "cea", Commune: "67482"}, {ID: 2, Key: "verdun", Name: "Collège B", Organisation: "meuse", Commune: "55545"}},
			Establishments: []inventory.Establishment{{UAI: "1", Site: "college", Organisation: "cea", Pupils: 400}, {UAI: "2", Site: "verdun", Organisation: "meuse"}},
			Operators:      []inventory.Operator{{Key: "op", Name: "Opérateur"}},
			Lots:           []contract.Lot{{Key: "lot"}},
			Prices: []contract.Price{
				{Lot: "lot", Item: "50M", From: day("2020-01-01"), Monthly: 20000},
				{Lot: "lot", Item: "100M", From: day("2020-01-01"), Monthly: 41250},
				{Lot: "lot", Item: "200M", From: day("2020-01-01"), Monthly: 60000},
			},
			Links: links,
		}),
		days: map[int64]map[time.Time]measure.UtilisationDay{},
	}
}

// carry fills the UTC days that touch [from, to) with what rates gives for the
// beginning of each five minutes; false is a gap.
func (w world) carry(link int64, from, to time.Time, rates func(at time.Time) (down, up uint32, ok bool)) {
	if w.days[link] == nil {
		w.days[link] = map[time.Time]measure.UtilisationDay{}
	}
	for d := from.AddDate(0, 0, -1); !d.After(to); d = d.AddDate(0, 0, 1) {
		u := measure.NewUtilisationDay()
		for i := range measure.FiveMinutesADay {
			if down, up, ok := rates(d.Add(time.Duration(i) * 5 * time.Minute)); ok {
				u.Down[i], u.Up[i] = down, up
			}
		}
		w.days[link][d] = u
	}
}

// steady is always the same rate.
func steady(down, up uint32) func(time.Time) (uint32, uint32, bool) {
	return func(time.Time) (uint32, uint32, bool) { return down, up, true }
}

func vacations(t testing.TB) *calendar.Vacations {
	t.Helper()
	v, err := calendar.ReadVacations(configs.VacationsName, bytes.NewReader(configs.Vacations))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (w world) service(t testing.TB) *audit.Service {
	t.Helper()
	accounts := func(_ context.Context, from, to, _ time.Time) (map[string]audit.Account, error) {
		days := money.Cents(to.Sub(from) / (24 * time.Hour))
		return map[string]audit.Account{
			"L-1": {HT: 1000 * days, VAT: 200 * days, TTC: 1200 * days, Penalties: 5},
			"L-2": {HT: 2000 * days, VAT: 400 * days, TTC: 2400 * days},
		}, nil
	}
	return audit.New(audit.Options{Store: w, Accounts: accounts, Vacations: vacations(t), Policy: audit.DefaultPolicy()})
}

var afterwards = at("2027-03-01T12:00")

func (w world) report(t testing.TB, p audit.Period) audit.Report {
	t.Helper()
	r, err := w.service(t).Report(context.Background(), p, afterwards)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func line(t testing.TB, r audit.Report, link string) audit.Line {
	t.Helper()
	for _, l := range r.Lines {
		if l.Link == link {
			return l
		}
	}
	t.Fatalf("no line of %s", link)
	return audit.Line{}
}

func days(from, to string) audit.Period { return audit.Period{From: day(from), To: day(to)} }

func TestThePercentilesAreThoseOfAllSamplesSortedByHand(t *testing.T) {
	t.Parallel()
	week := calendar.DefaultWeek()
	known := vacations(t)
	rapid.Check(t, func(rt *rapid.T) {
		from := day("2026-03-20").AddDate(0, 0, rapid.IntRange(0, 230).Draw(rt, "from")) // over both clock changes
		p := audit.Period{From: from, To: from.AddDate(0, 0, rapid.IntRange(1, 12).Draw(rt, "days"))}
		seed := rapid.Uint32().Draw(rt, "seed")
		gaps := rapid.Uint32Range(2, 30).Draw(rt, "one gap in") // up to half is missing
		rates := func(at time.Time) (uint32, uint32, bool) {
			x := uint32(at.Unix()/300)*2654435761 ^ seed
			x ^= x >> 15
			x *= 2246822519
			x ^= x >> 13
			return x % 13_000_000, (x >> 7) % 6_000_000, x%gaps != 0
		}
		w := newWorld()
		w.carry(1, p.From, p.To, rates)
		got := line(t, w.report(t, p), "L-1")

		school := calendar.School{Vacations: known, Academie: "Strasbourg", Holidays: calendar.AlsaceMoselle, Week: week}
		hours := school.Hours(calendar.Midnight(p.From), calendar.Midnight(p.To))
		var all, inSchool []uint32
		var whole, schoolWhole int64
		for at := calendar.Midnight(p.From); at.Before(calendar.Midnight(p.To)); at = at.Add(5 * time.Minute) {
			down, _, ok := rates(at)
			lesson := slices.ContainsFunc(hours, func(h calendar.Interval) bool { return h.Contains(at) })
			whole++
			if lesson {
				schoolWhole++
			}
			if ok {
				all = append(all, down)
				if lesson {
					inSchool = append(inSchool, down)
				}
			}
		}
		if want := (audit.Share{Part: int64(len(all)), Whole: whole}); got.Coverage != want {
			rt.Fatalf("coverage %+v, want %+v", got.Coverage, want)
		}
		if want := (audit.Share{Part: int64(len(inSchool)), Whole: schoolWhole}); got.School != want {
			rt.Fatalf("coverage of school time %+v, want %+v", got.School, want)
		}
		byHand := func(samples []uint32, whole int64) audit.Rate {
			octets, ok := measure.Percentile(samples, measure.P95)
			if !ok || int64(len(samples))*100 < 90*whole {
				return audit.Rate{}
			}
			return audit.Rate{BitsPerSecond: int64(octets) * 8, Known: true}
		}
		if want := byHand(all, whole); got.Down.P95 != want {
			rt.Fatalf("p95 %+v, want %+v", got.Down.P95, want)
		}
		if want := byHand(inSchool, schoolWhole); got.Down.School != want {
			rt.Fatalf("p95 of school time %+v, want %+v", got.Down.School, want)
		}
		if got.Down.Peak.Known {
			if want := int64(slices.Max(all)) * 8; got.Down.Peak.BitsPerSecond != want {
				rt.Fatalf("peak %d, want %d", got.Down.Peak.BitsPerSecond, want)
			}
		}
	})
}

func TestANightOfAClockChangeHasItsRealLength(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p    audit.Period
		want int64
	}{
		"spring": {days("2026-03-29", "2026-03-30"), 23 * 12},
		"autumn": {days("2026-10-25", "2026-10-26"), 25 * 12},
		"winter": {days("2026-01-15", "2026-01-16"), 24 * 12},
	} {
		if got := line(t, newWorld().report(t, c.p), "L-1").Coverage; got != (audit.Share{Whole: c.want}) {
			t.Errorf("%s: %+v, want nothing of %d", name, got, c.want)
		}
	}
}

func TestGoodFridayIsSchoolTimeInMeuseOnly(t *testing.T) {
	t.Parallel()
	r := newWorld().report(t, days("2026-04-03", "2026-04-04"))
	if got := line(t, r, "L-1").School.Whole; got != 0 {
		t.Errorf("Strasbourg: %d intervals", got)
	}
	if got := line(t, r, "L-2").School.Whole; got != 10*12 {
		t.Errorf("Verdun: %d intervals, want 120", got)
	}
}

func TestBelowTheLeastCoverageThereIsNoFigure(t *testing.T) {
	t.Parallel()
	p := days("2026-03-02", "2026-03-22") // 20 days
	for name, c := range map[string]struct {
		measured int
		want     bool
	}{"18 days of 20": {18, true}, "an interval less": {17, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			end := calendar.Midnight(p.From).AddDate(0, 0, c.measured)
			w.carry(1, p.From, p.To, func(at time.Time) (uint32, uint32, bool) { return 1_000_000, 500_000, at.Before(end) })
			l := line(t, w.report(t, p), "L-1")
			if l.Down.P95.Known != c.want || l.Down.Peak.Known != c.want || l.Up.Busy.Known != c.want {
				t.Errorf("coverage %+v: p95 %+v, peak %+v, busy hour %+v", l.Coverage, l.Down.P95, l.Down.Peak, l.Up.Busy)
			}
		})
	}
}

func TestTheBusyHourIsAMeasuredClockHour(t *testing.T) {
	t.Parallel()
	p := days("2026-03-10", "2026-03-11")
	w := newWorld()
	w.carry(1, p.From, p.To, func(at time.Time) (uint32, uint32, bool) {
		switch local := calendar.Local(at); {
		case local.Hour() == 10: // 12 averages, of which the mean is 7.5 Mbit/s
			return 875_000 + 125_000*uint32(local.Minute()/30), 1, true
		case local.Hour() == 14: // higher, with a gap
			return 5_000_000, 1, local.Minute() != 20
		}
		return 1000, 1, true
	})
	d := line(t, w.report(t, p), "L-1").Down
	if want := (audit.Rate{BitsPerSecond: 7_500_000, Known: true}); d.Busy != want || !d.BusyAt.Equal(at("2026-03-10T10:00")) {
		t.Errorf("busy hour %+v at %s, want 7.5 Mbit/s at 10:00", d.Busy, d.BusyAt)
	}
	if want := (audit.Rate{BitsPerSecond: 40_000_000, Known: true}); d.Peak != want || !d.PeakAt.Equal(at("2026-03-10T14:00")) {
		t.Errorf("peak %+v at %s, want 40 Mbit/s at 14:00", d.Peak, d.PeakAt)
	}
}

func TestOfEqualPeaksTheFirstIsToldInWhateverOrderDaysCome(t *testing.T) {
	t.Parallel()
	p := days("2026-03-09", "2026-03-20")
	w := newWorld()
	w.carry(1, p.From, p.To, steady(1_000_000, 500_000))
	for _, w.late = range []bool{false, true} {
		for _, d := range []audit.Direction{line(t, w.report(t, p), "L-1").Down, line(t, w.report(t, p), "L-1").Up} {
			if first := at("2026-03-09T00:00"); !d.PeakAt.Equal(first) || !d.BusyAt.Equal(first) {
				t.Errorf("the latest first %v: peak at %s, busy hour at %s, want %s", w.late, d.PeakAt, d.BusyAt, first)
			}
		}
	}
}

func TestSaturationCountsEitherDirectionInSchoolTimeOnly(t *testing.T) {
	t.Parallel()
	p := days("2026-03-10", "2026-03-11") // a Tuesday, 100/50 Mbit/s
	w := newWorld()
	w.carry(1, p.From, p.To, func(at time.Time) (uint32, uint32, bool) {
		switch calendar.Local(at).Hour() {
		case 9:
			return 10_000_000, 1, true // exactly 80 % down
		case 10:
			return 1, 5_937_500, true // exactly 95 % up
		case 11:
			return 9_999_999, 4_999_999, true // just below
		case 20:
			return 12_500_000, 6_250_000, true // full, in the evening
		}
		return 1, 1, true
	})
	l := line(t, w.report(t, p), "L-1")
	if got, ok := l.SaturatedMinutes(); got != 120 || !ok {
		t.Errorf("saturated for %d minutes, want 120", got)
	}
	if got, ok := l.NearFullMinutes(); got != 60 || !ok {
		t.Errorf("full for %d minutes, want 60", got)
	}
}

func TestOnlyTheServedDaysOfAPeriodCount(t *testing.T) {
	t.Parallel()
	r := newWorld().report(t, days("2026-02-20", "2026-03-03"))
	if got := line(t, r, "L-3"); got.Served != days("2026-03-01", "2026-03-03") || got.Coverage.Whole != 2*288 {
		t.Errorf("served %+v, %d intervals", got.Served, got.Coverage.Whole)
	}
	if slices.ContainsFunc(r.Lines, func(l audit.Line) bool { return l.Link == "L-4" }) {
		t.Error("L-4 begins in 2027 and has a line in 2026")
	}
}

func TestAPeriodInProgressEndsYesterday(t *testing.T) {
	t.Parallel()
	r, err := newWorld().service(t).Report(context.Background(), audit.CivilYear(2026), at("2026-11-25T14:00"))
	if err != nil {
		t.Fatal(err)
	}
	if want := days("2026-01-01", "2026-11-25"); r.Period != want || r.Asked != audit.CivilYear(2026) {
		t.Errorf("the figures are of %+v, asked %+v", r.Period, r.Asked)
	}
	if got := line(t, r, "L-1").Cost.HT; got != 1000*328 {
		t.Errorf("L-1 cost %s, want 328 days", got)
	}
}

func TestAPeriodWithoutADayThatIsOverIsRefused(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]audit.Period{
		"the future": audit.CivilYear(2030), "reversed": days("2026-03-02", "2026-03-01"), "a century": days("1950-01-01", "2026-01-01"),
	} {
		if _, err := newWorld().service(t).Report(context.Background(), p, afterwards); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPastTheSchoolCalendarNothingIsRecommended(t *testing.T) {
	t.Parallel()
	p := days("2027-09-01", "2027-10-01")
	w := newWorld()
	w.carry(1, p.From, p.To, steady(1_000_000, 1_000_000))
	r, err := w.service(t).Report(context.Background(), p, at("2027-12-01T12:00"))
	if err != nil {
		t.Fatal(err)
	}
	l := line(t, r, "L-1")
	if l.Calendar.Part != 0 || l.Calendar.Whole == 0 || l.Advice != audit.Insufficient {
		t.Errorf("calendar %+v, advice %s", l.Calendar, l.Advice)
	}
	if !l.Down.School.Known {
		t.Error("the week gives school hours all the same, and they were measured")
	}
}

func TestAFailureOfTheStoreIsNoReport(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.err = errors.New("away")
	if _, err := w.service(t).Report(context.Background(), audit.CivilYear(2026), afterwards); !errors.Is(err, w.err) {
		t.Errorf("error %v", err)
	}
}

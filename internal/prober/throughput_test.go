package prober

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/configs"
	"vigie/internal/calendar"
	"vigie/internal/i18n"
	"vigie/probe"
	"vigie/probe/schedule"
	"vigie/probe/throughput"
)

// pretended is a client whose flows take ten seconds and give 90 Mbit/s, or fail.
type pretended struct {
	failure error
	host    int  // how busy our machine is beside them, in thousandths
	under   *int // flows under way
	most    *int
}

func (pretended) Method() probe.ThroughputMethod { return probe.ByIperf3 }
func (pretended) Server() string                 { return "198.18.4.1:5201" }

func (c pretended) Flow(ctx context.Context, _ throughput.Direction, b throughput.Bounds, _ func(throughput.Progress)) (probe.Flow, error) {
	*c.under++
	*c.most = max(*c.most, *c.under)
	pause(ctx, 10*time.Second)
	*c.under--
	var f *throughput.Failure
	switch {
	case errors.As(context.Cause(ctx), &f):
		return probe.Flow{}, f
	case ctx.Err() != nil:
		return probe.Flow{}, &throughput.Failure{Reason: probe.Interrupted}
	case c.failure != nil:
		return probe.Flow{}, c.failure
	}
	return probe.Flow{BitsPerSecond: 90e6, Layer: probe.PayloadLayer, Octets: 1e8, Millis: 10_000, Streams: b.Streams, Retransmits: -1, CapBits: b.BitsPerSecond, HostPermille: c.host}, nil
}

// bench runs tests over some links for a while, and gives what was reported.
type bench struct {
	links    []Tested
	canaries func(n int) int32 // the round trip of the echo of that number
	refusal  error             // of the canaries
}

func (b bench) run(length time.Duration, at func(h *heavy)) []probe.Report {
	var mu sync.Mutex
	var reports []probe.Report
	var h heavy
	watch := func(ctx context.Context, echo func(int32)) error {
		if b.refusal != nil {
			return b.refusal
		}
		for n := 0; ctx.Err() == nil; n++ {
			echo(b.canaries(n))
			pause(ctx, 100*time.Millisecond)
		}
		return nil
	}
	policy := schedule.HeavyPolicy{Every: 720 * time.Hour, Again: 24 * time.Hour, Retry: time.Hour, MostLoadPerMille: 100, Together: 1}
	links := func(context.Context, time.Time, bool) ([]Tested, error) { return b.links, nil }
	t := newTesting(Testing{Policy: policy, Look: 5 * time.Second, Links: links}, &h, watch, func(r probe.Report) {
		mu.Lock()
		defer mu.Unlock()
		reports = append(reports, r)
	}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); t.run(ctx) }()
	time.Sleep(length)
	at(&h)
	cancel()
	<-done
	return reports
}

func quiet(int) int32 { return 1000 }

func tested(link int64, client throughput.Client) Tested {
	bounds := throughput.Bounds{Streams: 4, BitsPerSecond: 125e6}
	return Tested{
		Heavy: schedule.Heavy{Link: link, Up: true, Sites: []string{"s"}}, Client: client, Down: bounds, Up: bounds, DownBits: 100e6, UpBits: 50e6,
	}
}

type outcome struct {
	Link     int64
	Reason   probe.NotRun
	Down, Up int64
}

func outcomes(t *testing.T, reports []probe.Report) []outcome {
	t.Helper()
	var out []outcome
	for _, r := range reports {
		f := r.Finding.(*probe.Throughput)
		if _, err := r.Body(); err != nil {
			t.Errorf("a report that cannot travel: %v", err)
		}
		o := outcome{Link: r.Link, Reason: f.NotRun}
		if f.Down != nil {
			o.Down = f.Down.BitsPerSecond
			if f.Down.ContractBits != 100e6 {
				t.Errorf("contracted %d beside %d", f.Down.ContractBits, f.Down.BitsPerSecond)
			}
		}
		if f.Up != nil {
			o.Up = f.Up.BitsPerSecond
		}
		out = append(out, o)
	}
	return out
}

func TestLinksAreTestedOneAfterTheOtherAndOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		under, most := 0, 0
		client := pretended{under: &under, most: &most}
		b := bench{canaries: quiet, links: []Tested{tested(1, client), tested(2, client), tested(3, client)}}
		got := outcomes(t, b.run(5*time.Minute, func(*heavy) {}))
		if diff := cmp.Diff([]outcome{{1, "", 90e6, 90e6}, {2, "", 90e6, 90e6}, {3, "", 90e6, 90e6}}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if most != 1 {
			t.Errorf("%d flows at a time, want one", most)
		}
	})
}

func TestATestThatCannotRunSaysWhyAndWaits(t *testing.T) {
	t.Parallel()
	busy, unknown, closed := tested(1, nil), tested(2, nil), tested(3, nil)
	busy.LoadPerMille, unknown.LoadPerMille, closed.Closed = 300, -1, probe.InSchoolHours
	under, most := 0, 0
	none := pretended{failure: &throughput.Failure{Reason: probe.NoServer, Detail: "refused"}, under: &under, most: &most}
	for name, test := range map[string]struct {
		bench
		want []outcome
	}{
		"what the plan refuses is told once, the hour is not": {bench{canaries: quiet, links: []Tested{busy, unknown, closed}}, []outcome{{1, probe.LoadHigh, 0, 0}, {2, probe.LoadUnknown, 0, 0}}},
		"nothing answers at the far end":                      {bench{canaries: quiet, links: []Tested{tested(4, none)}}, []outcome{{4, probe.NoServer, 0, 0}}},
		"no canary is probed":                                 {bench{refusal: errNoCanary, links: []Tested{tested(4, none)}}, []outcome{{4, probe.CanarySilent, 0, 0}}},
		"no canary answers":                                   {bench{canaries: func(int) int32 { return probe.Lost }, links: []Tested{tested(4, none)}}, []outcome{{4, probe.CanarySilent, 0, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if diff := cmp.Diff(test.want, outcomes(t, test.run(30*time.Minute, func(*heavy) {}))); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

func TestATestStopsWhenItHarmsOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		under, most := 0, 0
		// The delay of the canaries grows a while after the second flow began.
		slow := func(n int) int32 {
			if n > 140 {
				return 9000
			}
			return 1000
		}
		b := bench{canaries: slow, links: []Tested{tested(1, pretended{under: &under, most: &most})}}
		got := outcomes(t, b.run(time.Minute, func(*heavy) {}))
		if diff := cmp.Diff([]outcome{{1, probe.CanaryDelay, 90e6, 0}}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// The figures are told, and the next try is that of one without a verdict.
func TestABusyMachineOfOursGivesNoVerdict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		under, most := 0, 0
		b := bench{canaries: quiet, links: []Tested{tested(1, pretended{host: 950, under: &under, most: &most})}}
		got := outcomes(t, b.run(90*time.Minute, func(*heavy) {}))
		want := outcome{1, probe.HostBusy, 90e6, 90e6}
		if diff := cmp.Diff([]outcome{want, want}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestStoppingTheProberTellsNothingOfTheTestUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		under, most := 0, 0
		b := bench{canaries: quiet, links: []Tested{tested(1, pretended{under: &under, most: &most})}}
		if got := b.run(10*time.Second, func(*heavy) {}); len(got) > 0 || most != 1 {
			t.Errorf("got %+v after %d flows", got, most)
		}
	})
}

func TestTheRoundsBesideATestAreKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		under, most := 0, 0
		start := time.Now()
		at := func(from, to time.Duration, link int64, h *heavy) bool {
			return h.loaded(link, start.Add(from), start.Add(to))
		}
		b := bench{canaries: quiet, links: []Tested{tested(1, pretended{under: &under, most: &most})}}
		// From the look at 5 s on canaries are asked for a second, then two flows run.
		b.run(time.Minute, func(h *heavy) {
			for _, test := range []struct {
				from, to time.Duration
				link     int64
				want     bool
			}{
				{0, 5 * time.Second, 1, false},
				{5 * time.Second, 7 * time.Second, 1, true},
				{12 * time.Second, 13 * time.Second, 1, true},
				{24 * time.Second, 30 * time.Second, 1, true},
				{40 * time.Second, 50 * time.Second, 1, false},
				{12 * time.Second, 13 * time.Second, 2, false},
			} {
				if got := at(test.from, test.to, test.link, h); got != test.want {
					t.Errorf("link %d from %s to %s: got %t, want %t", test.link, test.from, test.to, got, test.want)
				}
			}
		})
		if most != 1 {
			t.Error("no test ran")
		}
	})
}

func TestTheTraceOfAnOutageStopsTheTestUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		under, most := 0, 0
		b := bench{canaries: quiet, links: []Tested{tested(1, pretended{under: &under, most: &most})}}
		var release func()
		// The first flow began after six seconds and would end after sixteen.
		reports := b.run(10*time.Second, func(h *heavy) {
			if under != 1 {
				t.Fatalf("%d flows under way, want one to stop", under)
			}
			began, free := time.Now(), false
			if release, free = h.seize(t.Context(), schedule.Occupied{Link: 1}); !free || under != 0 {
				t.Errorf("free is %t with %d flows under way, want the link alone", free, under)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("the link was given up after %s", took)
			}
			time.Sleep(2 * time.Hour) // a held link is not tested
			if most != 1 || under != 0 {
				t.Error("a test began beside the trace")
			}
			release()
		})
		if diff := cmp.Diff([]outcome{{1, probe.LinkNotUp, 0, 0}}, outcomes(t, reports)); diff != "" {
			t.Errorf("what is told of the test (-want +got):\n%s", diff)
		}
	})
}

func TestTheHourAndTheCalendarCloseTheWindow(t *testing.T) {
	t.Parallel()
	vacations, err := calendar.ReadVacations(configs.VacationsName, bytes.NewReader(configs.Vacations))
	if err != nil {
		t.Fatal(err)
	}
	school := calendar.School{Vacations: vacations, Academie: "Strasbourg", Holidays: calendar.AlsaceMoselle, Week: calendar.DefaultWeek()}
	nights, err := ParseClosing("22:00-05:00", []string{"2026-06-15/2026-06-17", "2026-06-30"})
	if err != nil {
		t.Fatal(err)
	}
	days, err := ParseClosing("07:00-23:00", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		c    Closing
		at   string // local
		want probe.NotRun
	}{
		{nights, "2026-03-10 02:00", ""},
		{nights, "2026-03-10 22:00", ""},
		{nights, "2026-03-10 04:54", ""},
		{nights, "2026-03-10 04:56", probe.OutsideWindow}, // it might not be over at 05:00
		{nights, "2026-03-10 05:00", probe.OutsideWindow},
		{nights, "2026-03-10 21:59", probe.OutsideWindow},
		{nights, "2026-03-10 10:00", probe.InSchoolHours},
		{nights, "2026-06-14 23:54", ""},
		{nights, "2026-06-14 23:59", probe.InExams}, // it might not be over at midnight
		{nights, "2026-06-15 02:00", probe.InExams},
		{nights, "2026-06-17 23:59", probe.InExams},
		{nights, "2026-06-17 23:00", probe.InExams},
		{nights, "2026-06-18 02:00", ""},
		{nights, "2026-06-30 02:00", probe.InExams},
		{days, "2026-03-10 07:54", ""},
		{days, "2026-03-10 07:56", probe.InSchoolHours}, // it might not be over at 08:00
		{days, "2026-03-10 18:00", ""},
		{days, "2026-03-11 14:00", ""}, // a Wednesday afternoon
		{days, "2026-02-17 10:00", ""}, // winter vacations
		{days, "2031-03-10 10:00", probe.CalendarUnknown},
		{days, "2031-03-10 19:00", ""},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", test.at, i18n.Paris())
		if err != nil {
			t.Fatal(err)
		}
		if got := test.c.At(at, school); got != test.want {
			t.Errorf("%s: got %q, want %q", test.at, got, test.want)
		}
	}
}

func TestAThroughputConfigurationNamesItsMistake(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		spoil func(*ThroughputConfiguration)
		want  string
	}{
		{func(c *ThroughputConfiguration) { c.Method = "ftp" }, `throughput.method: "ftp", expected iperf3, http or nothing`},
		{func(c *ThroughputConfiguration) { c.Port = 70000 }, "throughput.port: 70000"},
		{func(c *ThroughputConfiguration) { c.Every = time.Minute }, "throughput.every, again, retry: 1m0s"},
		{func(c *ThroughputConfiguration) { c.MostLoadPercent = 101 }, "throughput.most_load_percent: 101"},
		{func(c *ThroughputConfiguration) { c.MostMbps = 0 }, "throughput.most_mbps"},
		{func(c *ThroughputConfiguration) { c.Hours = "22:00" }, `throughput.hours: "22:00", expected such as 22:00-05:00`},
		{func(c *ThroughputConfiguration) { c.Hours = "23:58-00:03" }, `throughput.hours: "23:58-00:03", expected more than 5 minutes`},
		{func(c *ThroughputConfiguration) { c.Hours = "22:00-22:00" }, "throughput.hours"},
		{func(c *ThroughputConfiguration) { c.ExamDays = []string{"2027-06-18/2027-06-14"} }, "throughput.exam_days"},
		{func(c *ThroughputConfiguration) { c.Streams = 0 }, "throughput.streams: 0"},
		{func(c *ThroughputConfiguration) { c.Duration = time.Hour }, "throughput.duration: 1h0m0s"},
	} {
		c := DefaultConfiguration()
		c.Throughput.Method = probe.ByHTTP
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		test.spoil(&c.Throughput)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("got error %v, want %s...", err, test.want)
		}
	}
}

func TestTheBoundsFollowTheContract(t *testing.T) {
	t.Parallel()
	c := defaultThroughput()
	c.Method = probe.ByIperf3
	if err := c.validate(); err != nil {
		t.Fatal(err)
	}
	for contract, want := range map[int64]throughput.Bounds{
		100e6:   {BitsPerSecond: 125e6, Streams: 4},
		0:       {BitsPerSecond: 1e9, Streams: 4},
		10e9:    {BitsPerSecond: 1e9, Streams: 4},
		200_000: {BitsPerSecond: 250_000, Streams: 2},
	} {
		got, err := c.Bounds(contract)
		if err != nil || got.BitsPerSecond != want.BitsPerSecond || got.Streams != want.Streams {
			t.Errorf("contract %d: got %+v, %v, want %+v", contract, got, err, want)
		}
	}
	c.MostMegabytes = 300
	if got, err := c.Bounds(1e9); err != nil || got.BitsPerSecond > 200e6 {
		t.Errorf("300 MB in 12 s: got %+v, %v, want less than 200 Mbit/s", got, err)
	}
}

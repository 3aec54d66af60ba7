package measure_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/measure"
	"vigie/probe"
)

var (
	asked  = time.Date(2026, 11, 25, 8, 2, 0, 0, time.UTC)
	limits = measure.CounterLimits{Every: time.Minute, DownBits: 100e6, UpBits: 20e6}
)

// polled is a router that has run for a day, at the time of the first poll.
func polled() probe.Poll {
	return probe.Poll{Link: 1, At: asked, Uptime: 24 * time.Hour, Boots: 7, Access: probe.Interface{
		Index: 3, Name: "wan", Up: true, SpeedBits: 100e6, InOctets: 5_000_000_000, OutOctets: 1_000_000_000, Counted: true,
	}}
}

// later is the same router a minute on, having carried 80 and 8 Mbit/s.
func later() probe.Poll {
	p := polled()
	p.At, p.Uptime = p.At.Add(time.Minute), p.Uptime+time.Minute
	p.Access.InOctets += 600_000_000
	p.Access.OutOctets += 60_000_000
	return p
}

// TestWhatPeersShowAsPhantomsIsAGap names, with each doubt, the failure that it
// keeps out.
func TestWhatPeersShowAsPhantomsIsAGap(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	wrap := (1 << 32) * 10 * time.Millisecond
	for name, test := range map[string]struct {
		change func(before, after *probe.Poll)
		want   measure.Doubt
	}{
		"an ordinary minute counts":                                         {func(_, _ *probe.Poll) {}, measure.Certain},
		"a counter that went back is a reset, not a rate of 0 nor of 10^17": {func(_, b *probe.Poll) { b.Access.InOctets = 1 }, measure.Reset},
		"nor is one of the other direction":                                 {func(_, b *probe.Poll) { b.Access.OutOctets = 999_999_999 }, measure.Reset},
		"a router that started again has counted from 0, however much":      {func(_, b *probe.Poll) { b.Uptime, b.Boots = 40*time.Second, 8 }, measure.Restarted},
		"a count of starts that moved is enough":                            {func(_, b *probe.Poll) { b.Boots = 8 }, measure.Restarted},
		"a router that forgets its count of starts is caught by its uptime": {func(_, b *probe.Poll) { b.Uptime = 40 * time.Second }, measure.Restarted},
		"a start soon after a young poll hides behind a greater uptime": {func(a, b *probe.Poll) {
			a.Boots, b.Boots, a.Uptime, b.Uptime = 0, 0, 20*time.Second, 50*time.Second
		}, measure.Restarted},
		"an uptime that wraps after 497 days is no restart": {func(a, b *probe.Poll) {
			a.Boots, b.Boots, a.Uptime, b.Uptime = 0, 0, wrap-20*time.Second, 40*time.Second
		}, measure.Certain},
		"a router that never tells how long it runs is judged by its counters": {func(a, b *probe.Poll) {
			a.Boots, b.Boots, a.Uptime, b.Uptime = 0, 0, 0, 0
		}, measure.Certain},
		"an engine time never wraps so soon": {func(a, b *probe.Poll) { a.Uptime, b.Uptime = wrap-20*time.Second, 40*time.Second }, measure.Restarted},
		"a start near the 497th day is one when the uptime does not fit": {func(a, b *probe.Poll) {
			a.Boots, b.Boots, a.Uptime, b.Uptime = 0, 0, wrap-10*time.Minute, 40*time.Second
		}, measure.Restarted},
		"an engine time in whole seconds may lag":                  {func(_, b *probe.Poll) { b.Uptime -= 3 * time.Second }, measure.Certain},
		"a module that was exchanged tells a discontinuity":        {func(_, b *probe.Poll) { b.Access.Discontinuity = 9 }, measure.Discontinuity},
		"an ifIndex that moved is another counter":                 {func(_, b *probe.Poll) { b.Access.Index = 4 }, measure.OtherInterface},
		"so is another name under the same ifIndex":                {func(_, b *probe.Poll) { b.Access.Name = "lan" }, measure.OtherInterface},
		"an interface that is missing for a minute makes no spike": {func(a, _ *probe.Poll) { a.Access = probe.Interface{} }, measure.NoInterface},
		"nor one that is missing now":                              {func(_, b *probe.Poll) { b.Access = probe.Interface{} }, measure.NoInterface},
		"32-bit counters are not believed":                         {func(_, b *probe.Poll) { b.Access.Counted = false }, measure.NotCounted},
		"150 seconds are two and a half intervals":                 {func(_, b *probe.Poll) { b.At, b.Uptime = asked.Add(150*time.Second), day+150*time.Second }, measure.Certain},
		"more than that is a gap": {func(_, b *probe.Poll) {
			b.At, b.Uptime = asked.Add(150*time.Second+time.Microsecond), day+150*time.Second
		}, measure.TooLong},
		"a poll at the same instant has no rate":                   {func(_, b *probe.Poll) { b.At = asked }, measure.OutOfOrder},
		"an older poll has none either":                            {func(_, b *probe.Poll) { b.At = asked.Add(-time.Second) }, measure.OutOfOrder},
		"a tenth above the interface's speed is the most there is": {func(_, b *probe.Poll) { b.Access.InOctets = 5_825_000_000 }, measure.Certain},
		"one octet more is no traffic":                             {func(_, b *probe.Poll) { b.Access.InOctets = 5_825_000_001 }, measure.TooFast},
		"a bandwidth statement that understates the speed does not cut below the contract": {func(_, b *probe.Poll) {
			b.Access.SpeedBits, b.Access.OutOctets = 1_544_000, 1_000_000_000
		}, measure.Certain},
		"where the speed is not told the contract bounds each direction": {func(_, b *probe.Poll) {
			b.Access.SpeedBits, b.Access.OutOctets = 0, 1_165_000_001
		}, measure.TooFast},
		"counters set to their end are no traffic": {func(_, b *probe.Poll) { b.Access.InOctets = 1<<64 - 1 }, measure.TooFast},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := polled(), later()
			test.change(&before, &after)
			f, doubt := measure.Difference(before, after, limits)
			if doubt != test.want || doubt != measure.Certain && f != (measure.Flow{}) {
				t.Errorf("got doubt %q with %+v, want %q", doubt, f, test.want)
			}
		})
	}
}

func TestADifferenceIsSpreadOverItsIntervalsByTime(t *testing.T) {
	t.Parallel()
	f, doubt := measure.Difference(polled(), later(), limits)
	if doubt != measure.Certain {
		t.Fatal(doubt)
	}
	f.From, f.To = asked.Add(150*time.Second), asked.Add(210*time.Second) // 08:04:30 to 08:05:30
	f.UpOctets++
	want := []measure.Carried{
		{At: asked.Add(-2 * time.Minute), DownOctets: 300_000_000, UpOctets: 30_000_000, CoveredMillis: 30_000},
		{At: asked.Add(3 * time.Minute), DownOctets: 300_000_000, UpOctets: 30_000_001, CoveredMillis: 30_000},
	}
	if diff := cmp.Diff(want, f.Apportion()); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

// TestFlowsInARowLoseNoOctetAndCoverNoTimeTwice draws polls of any rhythm.
func TestFlowsInARowLoseNoOctetAndCoverNoTimeTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := asked.Add(time.Duration(rapid.Int64Range(0, 600e6).Draw(t, "begin")) * time.Microsecond)
		at, began := from, from
		var down, up uint64
		sums := map[time.Time]measure.Carried{}
		for range rapid.IntRange(1, 30).Draw(t, "flows") {
			f := measure.Flow{
				From: at, To: at.Add(time.Duration(rapid.Int64Range(1, 900e6).Draw(t, "took")) * time.Microsecond),
				DownOctets: rapid.Uint64Range(0, 1<<57).Draw(t, "down"), UpOctets: rapid.Uint64Range(0, 1<<57).Draw(t, "up"),
			}
			down, up, at = down+f.DownOctets, up+f.UpOctets, f.To
			for _, c := range f.Apportion() {
				s := sums[c.At]
				s.DownOctets, s.UpOctets, s.CoveredMillis = s.DownOctets+c.DownOctets, s.UpOctets+c.UpOctets, s.CoveredMillis+c.CoveredMillis
				sums[c.At] = s
				if c.DownOctets < 0 || c.UpOctets < 0 || c.CoveredMillis < 0 {
					t.Fatalf("a part is negative: %+v", c)
				}
			}
		}
		var millis int64
		for start, s := range sums {
			down, up, millis = down-uint64(s.DownOctets), up-uint64(s.UpOctets), millis+int64(s.CoveredMillis)
			if s.CoveredMillis > 300_000 || !start.Equal(start.Truncate(5*time.Minute)) {
				t.Errorf("interval %s covers %d ms", start, s.CoveredMillis)
			}
		}
		if down != 0 || up != 0 || millis != at.UnixMilli()-began.UnixMilli() {
			t.Errorf("%d and %d octets are lost; %d ms are covered of %d", down, up, millis, at.UnixMilli()-began.UnixMilli())
		}
	})
}

// TestNoDifferenceExceedsWhatTheLinkCouldCarry draws any two polls.
func TestNoDifferenceExceedsWhatTheLinkCouldCarry(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, after := polled(), later()
		after.At = asked.Add(time.Duration(rapid.Int64Range(-1e6, 400e6).Draw(t, "took")) * time.Microsecond)
		after.Uptime = before.Uptime + after.At.Sub(asked)
		after.Access.SpeedBits = rapid.Int64Range(0, 1<<53).Draw(t, "speed")
		after.Access.InOctets = rapid.Uint64().Draw(t, "in")
		after.Access.OutOctets = rapid.Uint64Range(0, 3_000_000_000).Draw(t, "out")
		f, doubt := measure.Difference(before, after, limits)
		if doubt != measure.Certain {
			return
		}
		took := f.To.Sub(f.From)
		for _, d := range []struct{ octets, rate float64 }{
			{float64(f.DownOctets), max(float64(after.Access.SpeedBits), float64(limits.DownBits))},
			{float64(f.UpOctets), max(float64(after.Access.SpeedBits), float64(limits.UpBits))},
		} {
			if took <= 0 || took > 150*time.Second || d.octets*8/took.Seconds() > d.rate*1.1000001 {
				t.Errorf("%g octets in %s at %g bit/s count", d.octets, took, d.rate)
			}
		}
	})
}

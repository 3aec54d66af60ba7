package measure_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/measure"
)

// anyDelay draws delays of every size.
var anyDelay = rapid.OneOf(rapid.Int32Range(0, 300), rapid.Int32Range(0, 100_000), rapid.Int32Range(0, math.MaxInt32))

func distributionOf(lost int64, delays []int32) measure.Distribution {
	d := measure.Distribution{Lost: lost}
	for _, micros := range delays {
		d.Add(micros, 1)
	}
	return d
}

// near reports whether a delay read back is as near as the buckets promise.
func near(got, want int32) bool {
	return math.Abs(float64(got)-float64(want)) <= 0.004*float64(want)
}

func TestQuantilesAreThoseOfTheEchoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		delays := rapid.SliceOfN(anyDelay, 0, 80).Draw(t, "delays")
		lost := rapid.IntRange(0, 20).Draw(t, "lost")
		q := measure.Quantile{Num: rapid.Int64Range(0, 1000).Draw(t, "quantile"), Den: 1000}
		d := distributionOf(int64(lost), delays)
		if d.Sent() != int64(len(delays)+lost) || d.Received() != int64(len(delays)) {
			t.Fatalf("%s, of %d and %d lost", d, len(delays), lost)
		}
		const infinite = math.MaxInt64
		sent := make([]int64, 0, len(delays)+lost)
		for _, micros := range delays {
			sent = append(sent, int64(micros))
		}
		received := slices.Clone(sent)
		for range lost {
			sent = append(sent, infinite)
		}
		for name, test := range map[string]struct {
			of  []int64
			got int32
		}{"sent": {sent, d.At(q)}, "received": {received, d.ReceivedAt(q)}} {
			want, ok := measure.Percentile(test.of, q)
			switch {
			case !ok || want == infinite:
				if test.got != measure.Undefined {
					t.Fatalf("of the %s: %d µs, want none", name, test.got)
				}
			case !near(test.got, int32(want)):
				t.Fatalf("of the %s: %d µs, want %d within 0.4 %%", name, test.got, want)
			}
		}
	})
}

func TestMergedDistributionsAreTheDistributionOfAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var merged, whole measure.Distribution
		for range rapid.IntRange(0, 5).Draw(t, "parts") {
			part := rapid.SliceOfN(anyDelay, 0, 20).Draw(t, "delays")
			lost := rapid.Int64Range(0, 3).Draw(t, "lost")
			d := distributionOf(lost, part)
			before := distributionOf(lost, part)
			merged.Merge(d)
			for _, micros := range part {
				whole.Add(micros, 1)
			}
			whole.Lost += lost
			if !d.Equal(before) {
				t.Fatal("what was merged changed")
			}
		}
		if !merged.Equal(whole) {
			t.Fatalf("merged %s, whole %s", merged, whole)
		}
	})
}

func TestDistributionsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var day measure.HourlyDelays
		for i := range day {
			if rapid.Bool().Draw(t, "measured") {
				day[i] = distributionOf(rapid.Int64Range(0, 1<<40).Draw(t, "lost"), rapid.SliceOfN(anyDelay, 0, 40).Draw(t, "delays"))
				day[i].Add(rapid.Int32Range(0, 9000).Draw(t, "often"), rapid.Uint32Range(0, 1<<31-1).Draw(t, "echoes"))
			}
		}
		packed, err := day.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var got measure.HourlyDelays
		if err := got.UnmarshalBinary(packed); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(day, got); diff != "" {
			t.Fatalf("a day came back changed (-want +got):\n%s", diff)
		}
		one, err := day[3].MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var alone measure.Distribution
		if err := alone.UnmarshalBinary(one); err != nil || !alone.Equal(day[3]) {
			t.Fatalf("an hour alone came back as %s, %v, want %s", alone, err, day[3])
		}
	})
}

func TestAMinuteIsFewOctets(t *testing.T) {
	t.Parallel()
	// Ten echoes of a quiet line of 8 ms, and sixty.
	quiet := []int32{8010, 8040, 8060, 8100, 8110, 8150, 8190, 8230, 8350, 8800}
	for _, test := range []struct {
		delays []int32
		most   int
	}{{quiet, 12}, {slices.Repeat(quiet, 6), 13}} {
		packed, err := distributionOf(1, test.delays).MarshalBinary()
		if err != nil || len(packed) > test.most {
			t.Errorf("%d echoes take %d octets, want at most %d, %v", len(test.delays), len(packed), test.most, err)
		}
	}
}

func TestDelaysGoToTheirHour(t *testing.T) {
	t.Parallel()
	minute := func(after time.Duration, micros int32) measure.Minute {
		return measure.Minute{At: midnight.Add(after), Delays: distributionOf(0, []int32{micros})}
	}
	got := measure.DelaysOf(midnight, []measure.Minute{
		minute(-time.Minute, 1), minute(0, 2), minute(59*time.Minute, 3), minute(59*time.Minute, 4), minute(23*time.Hour, 5), minute(24*time.Hour, 6),
	})
	want := measure.HourlyDelays{0: distributionOf(0, []int32{2, 3, 4}), 23: distributionOf(0, []int32{5})}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzDistribution(f *testing.F) {
	for _, d := range []measure.Distribution{{}, {Lost: 3}, distributionOf(1, []int32{0, 5, 5, 300, 90_000, math.MaxInt32})} {
		packed, err := d.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Add([]byte{1, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		var d, again measure.Distribution
		if d.UnmarshalBinary(data) != nil {
			return
		}
		packed, err := d.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalBinary(packed); err != nil || !d.Equal(again) {
			t.Fatalf("%s came back as %s, %v", d, again, err)
		}
	})
}

func FuzzHourlyDelays(f *testing.F) {
	day := measure.HourlyDelays{4: distributionOf(1, []int32{0, 5, 5, 300, 90_000}), 5: {Lost: 7}}
	packed, err := day.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, data []byte) {
		var read, again measure.HourlyDelays
		if read.UnmarshalBinary(data) != nil {
			return
		}
		packed, err := read.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalBinary(packed); err != nil || !cmp.Equal(read, again) {
			t.Fatalf("%d octets were taken and come back otherwise, %v", len(data), err)
		}
	})
}

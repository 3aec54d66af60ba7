package measure_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/measure"
)

var midnight = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// anyMinute draws a minute that could be: delays in order, some undefined.
func anyMinute(at time.Time) *rapid.Generator[measure.Minute] {
	return rapid.Custom(func(t *rapid.T) measure.Minute {
		m := measure.Minute{
			Link: 7, At: at, MinMicros: measure.Undefined, MedianMicros: measure.Undefined,
			P95Micros: measure.Undefined, MaxMicros: measure.Undefined, JitterMicros: measure.Undefined,
		}
		m.Planned = rapid.IntRange(0, 60).Draw(t, "planned")
		m.Sent = rapid.IntRange(0, m.Planned).Draw(t, "sent")
		m.Received = rapid.IntRange(0, m.Sent).Draw(t, "received")
		if m.Received == 0 {
			return m
		}
		rtt := rapid.SliceOfN(rapid.Int32Range(0, 900_000), 4, 4).Draw(t, "rtt")
		slices.Sort(rtt)
		m.MinMicros, m.MaxMicros = rtt[0], rtt[3]
		if 2*m.Received >= m.Sent {
			m.MedianMicros = rtt[1]
		}
		if 20*m.Received >= 19*m.Sent {
			m.P95Micros = rtt[2]
		}
		m.JitterMicros = rapid.Int32Range(measure.Undefined, 5000).Draw(t, "jitter")
		if m.Detailed = rapid.Bool().Draw(t, "detailed"); m.Detailed {
			m.Delays.Lost = int64(m.Sent - m.Received)
			m.Delays.Add(rtt[1], uint32(m.Received))
			m.Duplicates, m.Reordered = rapid.Int64Range(0, 9).Draw(t, "duplicates"), rapid.Int64Range(0, 9).Draw(t, "reordered")
			m.LossPeriods = rapid.Int64Range(0, m.Delays.Lost).Draw(t, "periods")
			m.LongestLoss = m.Delays.Lost - m.LossPeriods
		}
		return m
	})
}

// anyDay draws some minutes of a day, now and then by two probers.
func anyDay(t *rapid.T) []measure.Minute {
	var minutes []measure.Minute
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, 1439), 0, 90, rapid.ID[int]).Draw(t, "minutes") {
		at := midnight.Add(time.Duration(n) * time.Minute)
		for range rapid.IntRange(1, 2).Draw(t, "probers") {
			minutes = append(minutes, anyMinute(at).Draw(t, "minute"))
		}
	}
	slices.SortStableFunc(minutes, func(a, b measure.Minute) int { return a.At.Compare(b.At) })
	return minutes
}

func TestWhatIsRolledUpAddsUpExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minutes := anyDay(t)
		hours := measure.HoursOf(midnight, minutes)
		day := hours.Day()
		want := measure.Figures{MinMicros: measure.Undefined, MaxMicros: measure.Undefined}
		covered := map[time.Time]int64{}
		for _, m := range minutes {
			want.Planned += int64(m.Planned)
			want.Sent += int64(m.Sent)
			want.Received += int64(m.Received)
			want.MaxMicros = max(want.MaxMicros, m.MaxMicros)
			if m.MinMicros != measure.Undefined && (want.MinMicros == measure.Undefined || m.MinMicros < want.MinMicros) {
				want.MinMicros = m.MinMicros
			}
			if m.Sent > 0 && m.Detailed {
				want.Detailed += int64(m.Sent)
				want.Duplicates += m.Duplicates
				want.Reordered += m.Reordered
				want.LossPeriods += m.LossPeriods
				want.LongestLoss = max(want.LongestLoss, m.LongestLoss)
			}
			if m.Sent > 0 {
				covered[m.At] = max(covered[m.At], int64(m.Sent)*1000/int64(m.Planned))
			}
		}
		for _, millis := range covered {
			want.CoveredMillis += millis
		}
		got := day
		got.MedianMicros, got.P95Micros, got.JitterMicros, got.PDVMicros = 0, 0, 0, 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("a day (-want +got):\n%s", diff)
		}
		for _, micros := range []int32{day.MedianMicros, day.P95Micros} {
			if micros != measure.Undefined && (micros < day.MinMicros || micros > day.MaxMicros) {
				t.Fatalf("a delay of %d µs outside %d to %d", micros, day.MinMicros, day.MaxMicros)
			}
		}
	})
}

func TestAnHourWithoutMeasureIsAGap(t *testing.T) {
	t.Parallel()
	hours := measure.HoursOf(midnight, []measure.Minute{
		{At: midnight.Add(3 * time.Hour), Planned: 60, Sent: 60, Received: 60, MinMicros: 900, MedianMicros: 1000, P95Micros: 1500, MaxMicros: 2000, JitterMicros: 10},
		{At: midnight.Add(4 * time.Hour), Planned: 60, MinMicros: -1, MedianMicros: -1, P95Micros: -1, MaxMicros: -1, JitterMicros: -1},
		{At: midnight.Add(24 * time.Hour), Planned: 60, Sent: 60, Received: 60},
		{At: midnight.Add(-time.Minute), Planned: 60, Sent: 60, Received: 60},
	})
	if got := hours[3]; !got.Measured() || got.CoveredMillis != 1000 || got.MedianMicros != 1000 {
		t.Errorf("the hour with one minute: %+v", got)
	}
	if got := hours[4]; got.Measured() || got.Planned != 60 || got.CoveredMillis != 0 || got.MedianMicros != measure.Undefined {
		t.Errorf("the hour whose minute was void: %+v", got)
	}
	if got := hours.Day(); got.Planned != 120 || got.Sent != 60 {
		t.Errorf("minutes of the days beside were counted: %+v", got)
	}
}

func TestTheRolledUpPercentilesAreThoseOfTheParts(t *testing.T) {
	t.Parallel()
	parts := make([]measure.Figures, 21)
	for i := range parts {
		micros := int32(i + 1)
		parts[i] = measure.Figures{Planned: 1, Sent: 1, Received: 1, MinMicros: micros, MedianMicros: micros, P95Micros: micros, MaxMicros: micros, JitterMicros: micros}
	}
	parts[20].P95Micros, parts[20].MedianMicros = measure.Undefined, measure.Undefined
	got := measure.RollUp(parts)
	if got.MedianMicros != 10 || got.P95Micros != 19 || got.JitterMicros != 11 {
		t.Errorf("median %d, p95 %d, jitter %d; want 10, 19, 11", got.MedianMicros, got.P95Micros, got.JitterMicros)
	}
}

func TestHoursComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hours := measure.HoursOf(midnight, anyDay(t))
		packed, err := hours.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var got measure.Hours
		if err := got.UnmarshalBinary(packed); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(hours, got); diff != "" {
			t.Fatalf("a day came back changed (-want +got):\n%s", diff)
		}
	})
}

// firstVersion is a day as the first version packed it: an hour of 60 echoes sent, 59
// received, a delay undefined, and 23 hours of which nothing was planned.
var firstVersion = append([]byte{1, 60, 0, 1, 0xe8, 0x07, 2, 0xad, 0x02, 0xf1, 0xa2, 0x04, 0xa1, 0xf7, 0x36, 0}, make([]byte, 23)...)

func TestADayOfTheFirstVersionIsStillRead(t *testing.T) {
	t.Parallel()
	var got measure.Hours
	if err := got.UnmarshalBinary(firstVersion); err != nil {
		t.Fatal(err)
	}
	want := measure.NewHours()
	want[0] = measure.Figures{
		Planned: 60, Sent: 60, Received: 59, CoveredMillis: 1000,
		MinMicros: 1, MedianMicros: 300, P95Micros: 70_000, MaxMicros: 900_000, JitterMicros: measure.Undefined, PDVMicros: measure.Undefined,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("an old day (-want +got):\n%s", diff)
	}
	packed, err := got.MarshalBinary()
	if err != nil || packed[0] != 2 {
		t.Fatalf("packed again as % x, %v", packed[:1], err)
	}
	var again measure.Hours
	if err := again.UnmarshalBinary(packed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("packed again (-want +got):\n%s", diff)
	}
}

func TestImpossibleHoursAreNotEncoded(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]measure.Figures{
		"more received than sent": {Planned: 2, Sent: 1, Received: 2},
		"more sent than planned":  {Planned: 1, Sent: 2},
		"received below 0":        {Planned: 1, Sent: 1, Received: -1},
		"more details than sent":  {Planned: 2, Sent: 1, Detailed: 2},
		"duplicates below 0":      {Planned: 1, Sent: 1, Extras: measure.Extras{Duplicates: -1}},
		"a delay below undefined": {Planned: 1, Sent: 1, Received: 1, MinMicros: -2},
	} {
		hours := measure.NewHours()
		hours[5] = f
		if packed, err := hours.MarshalBinary(); err == nil {
			t.Errorf("%s became %d octets", name, len(packed))
		}
	}
}

func FuzzHours(f *testing.F) {
	empty, _ := measure.NewHours().MarshalBinary() // never fails
	f.Add(empty)
	full, err := measure.HoursOf(midnight, []measure.Minute{{At: midnight, Planned: 60, Sent: 60, Received: 59, MinMicros: 1, MedianMicros: 300, P95Micros: 70_000, MaxMicros: 900_000, JitterMicros: -1}}).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add(firstVersion)
	f.Add([]byte{1, 0x80, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var hours measure.Hours
		if hours.UnmarshalBinary(data) != nil {
			return
		}
		again, err := hours.MarshalBinary()
		if err != nil {
			t.Fatalf("%d octets were taken and are not packed again: %v", len(data), err)
		}
		if data[0] == 2 && string(again) != string(data) {
			t.Fatalf("%d octets were taken and come back otherwise", len(data))
		}
		var same measure.Hours
		if err := same.UnmarshalBinary(again); err != nil || !cmp.Equal(hours, same) {
			t.Fatalf("%d octets were taken and read otherwise after being packed again, %v", len(data), err)
		}
	})
}

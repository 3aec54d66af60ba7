package throughput

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vigie/probe"
)

var day = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)

var usual = Bounds{Duration: 10 * time.Second, SlowStart: 2 * time.Second, Streams: 4, BitsPerSecond: 1e9, Octets: 2e9}

func TestABoundThatCannotWorkIsNamed(t *testing.T) {
	t.Parallel()
	if err := usual.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		spoil func(*Bounds)
		want  string
	}{
		{func(b *Bounds) { b.Duration = time.Second }, "duration: 1s, expected 2s to 1m0s"},
		{func(b *Bounds) { b.SlowStart = -1 }, "slow start"},
		{func(b *Bounds) { b.Streams = 0 }, "streams: 0, expected 1 to 32"},
		{func(b *Bounds) { b.BitsPerSecond = 0 }, "rate: 0 bit/s"},
		{func(b *Bounds) { b.BitsPerSecond = 200_000 }, "rate: 200000 bit/s for 4 streams"},
		{func(b *Bounds) { b.Octets = 0 }, "octets: 0"},
		{func(b *Bounds) { b.Octets = 1e6 }, "octets: 1000000, expected at least 526315790, for 4s at 1000000000 bit/s"},
	} {
		b := usual
		test.spoil(&b)
		if err := b.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got error %v, want %s", err, test.want)
		}
	}
}

// Whatever is allowed, the rate over the whole test keeps within the octets.
func TestAFittedTestKeepsWithinItsOctets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := Bounds{
			Duration:      time.Duration(rapid.Int64Range(int64(ShortestTest), int64(LongestTest)).Draw(t, "duration")),
			SlowStart:     time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "slow start")),
			Streams:       rapid.IntRange(1, MostStreams).Draw(t, "streams"),
			BitsPerSecond: rapid.Int64Range(LeastRate*MostStreams, MostRate).Draw(t, "rate"),
		}
		b.Octets = int64(b.octetsPerSecond() * rapid.Float64Range(2, 80).Draw(t, "seconds"))
		if b.Validate() != nil {
			t.Skip("not allowed")
		}
		fitted := b.fitted()
		if used := fitted.octetsPerSecond() * (fitted.Duration + fitted.SlowStart).Seconds(); used > float64(b.Octets)*usable {
			t.Fatalf("%.0f octets, at most %d were allowed", used, b.Octets)
		}
		if fitted.Duration < ShortestTest || fitted.Duration > b.Duration {
			t.Fatalf("%s of %s", fitted.Duration, b.Duration)
		}
	})
}

func TestACanaryStopsATestThatHarmsOthers(t *testing.T) {
	t.Parallel()
	const lost = probe.Lost
	repeat := func(n int, rtt int32) []int32 {
		list := make([]int32, n)
		for i := range list {
			list[i] = rtt
		}
		return list
	}
	for name, test := range map[string]struct {
		before, beside []int32
		want           probe.NotRun
	}{
		"nothing happens":                          {repeat(10, 1000), repeat(100, 1100), ""},
		"one echo lost of few is chance":           {repeat(10, 1000), append(repeat(5, 1000), lost), ""},
		"two lost of a hundred are two percent":    {repeat(10, 1000), append(repeat(98, 1000), lost, lost), ""},
		"two lost of ten are too many":             {repeat(10, 1000), append(repeat(8, 1000), lost, lost), probe.CanaryLoss},
		"none answers any more":                    {repeat(10, 1000), repeat(2, lost), probe.CanaryLoss},
		"twice the delay":                          {repeat(10, 5000), repeat(10, 10100), probe.CanaryDelay},
		"twice a delay that is nothing is nothing": {repeat(10, 200), repeat(10, 900), ""},
		"a single slow answer":                     {repeat(10, 5000), append(repeat(9, 5000), 90000), ""},
		"too few to say":                           {repeat(10, 5000), repeat(9, 50000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c Canary
			for _, rtt := range test.before {
				c.Before(rtt)
			}
			if f := c.Ready(); f != nil {
				t.Fatal(f)
			}
			got := probe.NotRun("")
			for _, rtt := range test.beside {
				if f := c.Beside(rtt); f != nil {
					got = f.Reason
				}
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWithoutAnAnswerBeforeThereIsNoCanary(t *testing.T) {
	t.Parallel()
	var c Canary
	c.Before(probe.Lost)
	if f := c.Ready(); f == nil || f.Reason != probe.CanarySilent {
		t.Errorf("got %v", f)
	}
}

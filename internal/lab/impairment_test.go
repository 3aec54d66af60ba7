package lab_test

import (
	"math"
	"net/netip"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/lab"
)

var icmpFlow = lab.Flow{Addr: netip.MustParseAddr("198.18.3.7"), Protocol: 1}

// The figures are fixed for good: a recorded run must repeat with the next
// version of the lab.
func TestFatesAreTheSameForEver(t *testing.T) {
	t.Parallel()
	line := lab.Impairment{Delay: 10 * time.Millisecond, Jitter: 2 * time.Millisecond, LossPerMillion: 300_000}
	var got []lab.Fate
	for n := range uint64(6) {
		got = append(got, line.Fate(7, icmpFlow, n))
	}
	want := []lab.Fate{
		{Delay: 5_636_429},
		{Lost: true},
		{Delay: 5_774_267},
		{Delay: 5_412_366},
		{Delay: 5_874_601},
		{Delay: 5_355_982},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("fates (-want +got):\n%s", diff)
	}
}

func TestTheLossOfALongRunIsTheOneAskedFor(t *testing.T) {
	t.Parallel()
	const packets = 1_000_000
	for _, perMillion := range []uint32{0, 1_000, 50_000, 500_000, 1_000_000} {
		line := lab.Impairment{LossPerMillion: perMillion}
		var lost float64
		for n := range uint64(packets) {
			if line.Fate(seed, icmpFlow, n).Lost {
				lost++
			}
		}
		p := float64(perMillion) / 1e6
		want, tolerance := p*packets, 4*math.Sqrt(p*(1-p)*packets)
		if math.Abs(lost-want) > tolerance {
			t.Errorf("at %d per million %v packets are lost, want %v within %v", perMillion, lost, want, tolerance)
		}
	}
}

func TestTheShareOfDoublesIsTheOneAskedForInBothDirections(t *testing.T) {
	t.Parallel()
	const packets = 100_000
	line := lab.Impairment{DoublesPerMillion: 250_000}
	for _, back := range []bool{false, true} {
		flow := icmpFlow
		flow.Back = back
		twice := 0
		for n := range uint64(packets) {
			if line.Fate(seed, flow, n).Twice {
				twice++
			}
		}
		if math.Abs(float64(twice)-packets/4) > 600 {
			t.Errorf("back %t: %d of %d packets arrive twice, want a quarter", back, twice, packets)
		}
	}
}

func TestFlowsAndSeedsDrawApart(t *testing.T) {
	t.Parallel()
	line := lab.Impairment{LossPerMillion: 500_000}
	beside := icmpFlow
	beside.Addr = icmpFlow.Addr.Next()
	udp := icmpFlow
	udp.Protocol = 17
	for name, other := range map[string]func(n uint64) bool{
		"next address":   func(n uint64) bool { return line.Fate(seed, beside, n).Lost },
		"other protocol": func(n uint64) bool { return line.Fate(seed, udp, n).Lost },
		"next seed":      func(n uint64) bool { return line.Fate(seed+1, icmpFlow, n).Lost },
		"next packet":    func(n uint64) bool { return line.Fate(seed, icmpFlow, n+1).Lost },
	} {
		const packets = 10_000
		var alike int
		for n := range uint64(packets) {
			if line.Fate(seed, icmpFlow, n).Lost == other(n) {
				alike++
			}
		}
		if alike < packets*48/100 || alike > packets*52/100 {
			t.Errorf("%s: %d of %d fates are alike, want about half", name, alike, packets)
		}
	}
}

func TestAPacketIsNeverEarlyAndNeverLaterThanItsJitter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		line := impairments().Draw(t, "line")
		flow := icmpFlow
		flow.Back = rapid.Bool().Draw(t, "back")
		fate := line.Fate(rapid.Uint64().Draw(t, "seed"), flow, rapid.Uint64().Draw(t, "n"))
		if fate.Lost {
			if !line.Cut && (flow.Back || line.LossPerMillion == 0) {
				t.Fatalf("lost on %+v", line)
			}
			return
		}
		if line.Cut || (line.LossPerMillion == 1_000_000 && !flow.Back) {
			t.Fatalf("carried on %+v", line)
		}
		if least := line.Delay / 2; fate.Delay < least || fate.Delay > least+line.Jitter/2 {
			t.Fatalf("delayed by %v on %+v", fate.Delay, line)
		}
	})
}

func TestTheWorstOfImpairmentsHasNoOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := impairments().Draw(t, "a"), impairments().Draw(t, "b"), impairments().Draw(t, "c")
		if a.Worst(b) != b.Worst(a) {
			t.Fatalf("a with b is %+v, b with a is %+v", a.Worst(b), b.Worst(a))
		}
		if a.Worst(b).Worst(c) != a.Worst(b.Worst(c)) {
			t.Fatal("grouping matters")
		}
		if a.Worst(a) != a || a.Worst(lab.Impairment{}) != a {
			t.Fatal("the same again, or nothing, makes it worse")
		}
	})
}

func impairments() *rapid.Generator[lab.Impairment] {
	return rapid.Custom(func(t *rapid.T) lab.Impairment {
		return lab.Impairment{
			Delay:          time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "delay")),
			Jitter:         time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "jitter")),
			LossPerMillion: rapid.Uint32Range(0, 1_000_000).Draw(t, "loss"),
			Cut:            rapid.Bool().Draw(t, "cut"),
			DownBits:       rapid.SampledFrom([]int64{0, 1, 1e6, 1e9}).Draw(t, "down"),
			UpBits:         rapid.SampledFrom([]int64{0, 1, 1e6, 1e9}).Draw(t, "up"),
		}
	})
}

func TestTheBaseLineIsPlausibleAndRepeats(t *testing.T) {
	t.Parallel()
	region := topology(200)
	for i := range region.Links {
		region.Links[i].DownKbps, region.Links[i].UpKbps = 200_000, 100_000
	}
	baseline := lab.NewBaseline(region, seed)
	if diff := gocmp.Diff(baseline, lab.NewBaseline(region, seed), cmpAddr); diff != "" {
		t.Errorf("the same seed gives another base line:\n%s", diff)
	}
	var lossy, slow int
	for _, link := range region.Links {
		line := baseline[link.Addr]
		if line.Delay < 2*time.Millisecond || line.Delay > 14*time.Millisecond || line.Cut {
			t.Errorf("link %s has base line %+v, want a round trip of 2 to 14 ms", link.Ref, line)
		}
		if line.LossPerMillion > 0 {
			lossy++
		}
		if line.DownBits < link.DownKbps*600 || line.DownBits > link.DownKbps*1000 || line.UpBits < link.UpKbps*600 || line.UpBits > link.UpKbps*1000 {
			t.Errorf("link %s carries %d and %d bit/s, contracted are %d and %d kbit/s", link.Ref, line.DownBits, line.UpBits, link.DownKbps, link.UpKbps)
		}
		if line.DownBits < link.DownKbps*1000 {
			slow++
		}
		if line.LossPerMillion > 2_000 {
			t.Errorf("link %s loses %d per million, want a tiny loss", link.Ref, line.LossPerMillion)
		}
	}
	if lossy == 0 || lossy > 20 {
		t.Errorf("%d of 200 links lose packets, want a few", lossy)
	}
	if slow == 0 || slow > 40 {
		t.Errorf("%d of 200 links carry less than was bought, want a few", slow)
	}
}

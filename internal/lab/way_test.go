package lab

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever comes when, no second carries more than the rate and a queue.
func TestAWayCarriesItsRateAndNoMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Int64Range(64_000, 1_000_000_000).Draw(t, "rate")
		var w way
		var now, last time.Duration
		octets := int64(0)
		for range rapid.IntRange(1, 200).Draw(t, "packets") {
			now += time.Duration(rapid.Int64Range(0, int64(20*time.Millisecond)).Draw(t, "pause"))
			size := rapid.IntRange(20, mtu).Draw(t, "size")
			wait, fits := w.carry(now, size, rate)
			if !fits {
				continue
			}
			octets += int64(size)
			left := now + wait
			if alone := time.Duration(int64(size) * 8 * int64(time.Second) / rate); left < last || wait < alone || wait > queueTime+alone {
				t.Fatalf("a packet leaves %s after it came and at %s, the one before at %s", wait, left, last)
			}
			last = left
		}
		if carried := float64(octets*8) / float64(rate); carried > last.Seconds()+0.000_001 {
			t.Fatalf("%f s of octets in %s", carried, last)
		}
	})
}

func TestAWayWithoutRateHoldsNothingUp(t *testing.T) {
	t.Parallel()
	var w way
	if wait, fits := w.carry(time.Second, mtu, 0); wait != 0 || !fits {
		t.Errorf("got %s, %t", wait, fits)
	}
}

func TestTCPIsNotReordered(t *testing.T) {
	t.Parallel()
	var w way
	first := w.inOrder(0, 9*time.Millisecond)
	second := time.Millisecond + w.inOrder(time.Millisecond, 2*time.Millisecond)
	if second < first {
		t.Errorf("the second arrives at %s, the first at %s", second, first)
	}
}

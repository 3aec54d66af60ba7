package stamp

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDifferencesOfNTPTimesAreExactToTheNanosecond(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// Across the wrap of 2036 too.
		from := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
		apart := time.Duration(rapid.Int64Range(-int64(24*time.Hour), int64(24*time.Hour)).Draw(t, "apart"))
		if got := NTP(from.Add(apart)).sub(NTP(from), false); (got - apart).Abs() > 1 {
			t.Errorf("%s apart are read as %s", apart, got)
		}
	})
}

func TestAnErrorEstimateIsNeverUnderTheError(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		within := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "within"))
		e := estimate(within, true)
		if got := e.Within(); got < within-1 || got > within+within/100+1 || e.Multiplier == 0 {
			t.Errorf("%s is told as %+v: %s", within, e, got)
		}
		if back := errorEstimate(e.bits()); back != e {
			t.Errorf("%+v is read back as %+v", e, back)
		}
	})
	// RFC 4656, 4.1.2: multiplier x 2^-32 x 2^scale.
	for bits, want := range map[uint16]time.Duration{0x0001: 0, 0x2001: time.Second, 0x1f80: 64 * time.Second, 0x3fff: 1<<63 - 1} {
		if got := errorEstimate(bits).Within(); got != want {
			t.Errorf("%#04x is %s, want %s", bits, got, want)
		}
	}
}

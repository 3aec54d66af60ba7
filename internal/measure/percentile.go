package measure

import (
	"cmp"
	"math/bits"
	"slices"
)

// Quantile is the part Num/Den of a sample, from 0 to 1, Den above 0: an exact
// fraction, since a rank found with a rounded 99.9 may be one too far.
type Quantile struct{ Num, Den int64 }

// The quantiles of a minute.
var (
	Median = Quantile{1, 2} // the lower one of two
	P95    = Quantile{95, 100}
)

// Percentile is the nearest rank: the sample at place ceil(n x Num/Den) in
// ascending order, counted from 1, the smallest for the quantile 0. It is false
// without samples, which stay as they are.
func Percentile[T cmp.Ordered](samples []T, quantile Quantile) (T, bool) {
	if len(samples) == 0 {
		var none T
		return none, false
	}
	return atRank(slices.Sorted(slices.Values(samples)), quantile), true
}

// Select is Percentile in linear time, for samples by the hundred thousand; it
// changes their order.
func Select[T int32 | uint32](samples []T, quantile Quantile) (T, bool) {
	if len(samples) == 0 {
		return 0, false
	}
	return selectPlace(samples, rank(len(samples), quantile)), true
}

// selectPlace gives the sample that sorting would put at a place, and leaves none above
// it before that place and none below it after.
func selectPlace[T int32 | uint32](samples []T, place int) T {
	// Each turn should leave a small part; where the order is unlucky, sorting ends it.
	for turns := bits.Len(uint(len(samples))); turns > 0 && len(samples) > fewest; turns-- {
		pivot := samples[0]
		if len(samples) > 2*probes {
			pivot = pivotNear(samples, place)
		} else {
			pivot = middle(pivot, samples[len(samples)/2], samples[len(samples)-1])
		}
		below := split(samples, int64(pivot))
		if place < below {
			samples = samples[:below]
			continue
		}
		samples, place = samples[below:], place-below
		same := split(samples, int64(pivot)+1) // none lies below the pivot
		if place < same {
			return pivot
		}
		samples, place = samples[same:], place-same
	}
	slices.Sort(samples)
	return samples[place]
}

const (
	// probes is how many samples are looked at for a pivot where there are many.
	probes = 64
	// fewest are sorted sooner than split.
	fewest = 12
)

// middle is the second of three.
func middle[T int32 | uint32](a, b, c T) T { return max(min(a, b), min(max(a, b), c)) }

// pivotNear gives a sample that most likely has the place just on the shorter side of
// it, so that one turn leaves little more than what lies beyond the place.
func pivotNear[T int32 | uint32](samples []T, place int) T {
	const margin = probes / 20
	var seen [probes]T
	for i := range seen {
		seen[i] = samples[i*len(samples)/probes]
	}
	slices.Sort(seen[:])
	at := place * probes / len(samples)
	if 2*place < len(samples) {
		return seen[min(at+margin, probes-1)]
	}
	return seen[max(at-margin, 0)]
}

// split puts the samples below a bound first and counts them. It moves every sample
// and jumps for none: a jump that depends on what was measured is guessed wrong half of
// the time, which costs more than all else here.
func split[T int32 | uint32](samples []T, bound int64) (below int) {
	for i, v := range samples {
		samples[i] = samples[below]
		samples[below] = v
		below += int(uint64(int64(v)-bound) >> 63) // 1 when the difference is negative
	}
	return below
}

func atRank[T cmp.Ordered](sorted []T, quantile Quantile) T {
	return sorted[rank(len(sorted), quantile)]
}

// rank is the place of a quantile among n sorted samples, counted from 0.
func rank(n int, quantile Quantile) int {
	place := (int64(n)*quantile.Num + quantile.Den - 1) / quantile.Den
	return int(min(max(place, 1), int64(n)) - 1)
}

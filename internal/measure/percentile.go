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
func Select[T cmp.Ordered](samples []T, quantile Quantile) (T, bool) {
	if len(samples) == 0 {
		var none T
		return none, false
	}
	place := rank(len(samples), quantile)
	// Each turn should halve what is left; where the order is unlucky, sorting ends it.
	for turns := 2 * bits.Len(uint(len(samples))); turns > 0 && len(samples) > 1; turns-- {
		below, same := partition(samples)
		switch {
		case place < below:
			samples = samples[:below]
		case place < below+same:
			return samples[below], true
		default:
			samples, place = samples[below+same:], place-below-same
		}
	}
	slices.Sort(samples)
	return samples[place], true
}

// partition puts the samples below a pivot first, those equal to it next, and
// counts both.
func partition[T cmp.Ordered](samples []T) (below, same int) {
	first, middle, last := samples[0], samples[len(samples)/2], samples[len(samples)-1]
	pivot := max(min(first, middle), min(max(first, middle), last))
	above := len(samples)
	for i := 0; i < above; {
		switch {
		case samples[i] < pivot:
			samples[i], samples[below] = samples[below], samples[i]
			below++
			i++
		case samples[i] > pivot:
			above--
			samples[i], samples[above] = samples[above], samples[i]
		default:
			i++
		}
	}
	return below, above - below
}

func atRank[T cmp.Ordered](sorted []T, quantile Quantile) T {
	return sorted[rank(len(sorted), quantile)]
}

// rank is the place of a quantile among n sorted samples, counted from 0.
func rank(n int, quantile Quantile) int {
	place := (int64(n)*quantile.Num + quantile.Den - 1) / quantile.Den
	return int(min(max(place, 1), int64(n)) - 1)
}

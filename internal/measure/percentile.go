package measure

import (
	"cmp"
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

func atRank[T cmp.Ordered](sorted []T, quantile Quantile) T {
	n := int64(len(sorted))
	rank := (n*quantile.Num + quantile.Den - 1) / quantile.Den
	return sorted[min(max(rank, 1), n)-1]
}

package measure

// Upper finds a quantile of samples that come one after the other, and keeps only those
// that can still be it: of a year's 105,120 samples the 95th percentile rests on the
// 5,257 highest. It is exact, as Percentile is.
type Upper struct {
	quantile Quantile
	keep     int   // how many of the highest matter
	floor    int64 // the least kept once there are so many; below any sample before
	count    int   // of all that came
	kept     []uint32
}

// fewestGathered is worth a look through all.
const fewestGathered = 256

// NewUpper returns the quantile of at most so many samples.
func NewUpper(quantile Quantile, most int) Upper {
	return Upper{quantile: quantile, keep: max(1, most-rank(most, quantile)), floor: -1}
}

// Add takes samples.
func (u *Upper) Add(samples ...uint32) {
	u.count += len(samples)
	for _, v := range samples {
		if int64(v) > u.floor {
			u.take(v)
		}
	}
}

// AddUpTo takes samples of which top is the highest. Where all of them are too low to
// matter they are only counted.
func (u *Upper) AddUpTo(top uint32, samples []uint32) {
	if int64(top) <= u.floor {
		u.count += len(samples)
		return
	}
	u.Add(samples...)
}

// take lets as many again gather as matter before it looks for them, so that each costs
// a few steps however they are ordered.
func (u *Upper) take(v uint32) {
	u.kept = append(u.kept, v)
	if len(u.kept) < u.keep+max(u.keep, fewestGathered) {
		return
	}
	place := len(u.kept) - u.keep
	u.floor = int64(selectPlace(u.kept, place))
	u.kept = u.kept[:copy(u.kept, u.kept[place:])]
}

// Count is how many samples came.
func (u *Upper) Count() int { return u.count }

// Value is the quantile of what came; false when nothing did.
func (u *Upper) Value() (uint32, bool) {
	if u.count == 0 {
		return 0, false
	}
	above := u.count - 1 - rank(u.count, u.quantile)
	return selectPlace(u.kept, len(u.kept)-1-above), true
}

package main

import "slices"

// mostTries bounds how often a round is played again to find what it fails by.
const mostTries = 300

// replayed plays the round of a seed with some faults and no others, and reports whether
// it fails.
func replayed(seed uint64, faults []injected) (outcome, bool) {
	only := map[int]mishap{}
	for _, i := range faults {
		only[i.hazard] = i.what
	}
	o, err := play(seed, only, model)
	return o, err == nil && len(o.broken) > 0
}

// shrink looks for the fewest faults with which a round still fails, by leaving out halves,
// quarters and so on, and returns that round. Without a fault in front of them the later
// ones may strike elsewhere, so each try is played whole.
func shrink(failed outcome, again func(faults []injected) (outcome, bool)) outcome {
	script := failed.struck
	best, still := again(script)
	if !still {
		return failed // it fails by chance alone: there is nothing to leave out
	}
	tries := 0
	for size := max(len(script)/2, 1); ; size /= 2 {
		for from := 0; from < len(script) && tries < mostTries; {
			less := slices.Delete(slices.Clone(script), from, min(from+size, len(script)))
			tries++
			if o, fails := again(less); fails {
				script, best = less, o
			} else {
				from += size
			}
		}
		if size <= 1 {
			return best
		}
	}
}

package intake

import (
	"maps"
	"slices"
	"strings"
)

// inventedMark stands in the source of each row that the demo invents.
const inventedMark = "fictif (démo)"

// invented refuses what the demo invents: in a real installation its links would be
// ticketed, and its prices billed.
func invented(set Set) Problems {
	c := checker{set: set}
	for _, s := range sheets {
		if !slices.Contains(s.columnNames(), "source") {
			continue
		}
		sources := s.texts(set.Rows, "source")
		for _, key := range slices.Sorted(maps.Keys(sources)) {
			if strings.Contains(sources[key], inventedMark) {
				c.blame(place{s.name(), key}, finding{"source", sources[key], "is of the demo, and this is a real installation: give the row with the source it really has, or leave it out"})
			}
		}
	}
	return c.problems
}

package lab

import (
	"hash/fnv"
	"time"
)

// dice is a repeatable sequence of draws: the same seed and names give the
// same draws in the same order, on every machine.
type dice struct{ state uint64 }

func newDice(seed uint64, names ...string) *dice {
	hash := fnv.New64a()
	for _, name := range names {
		// A hash takes every write.
		_, _ = hash.Write([]byte(name))
		_, _ = hash.Write([]byte{0})
	}
	return &dice{state: mix(seed) ^ hash.Sum64()}
}

// below returns a draw of 0 <= result < n.
func (d *dice) below(n uint64) uint64 {
	d.state = mix(d.state)
	return below(d.state, n)
}

// duration returns a draw of 0 <= result < limit.
func (d *dice) duration(limit time.Duration) time.Duration {
	return time.Duration(d.below(uint64(limit)))
}

// one returns true for one draw in n.
func (d *dice) one(n uint64) bool { return d.below(n) == 0 }

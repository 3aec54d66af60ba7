//go:build linux

package main

import (
	"math/rand/v2"
	"time"

	"vigie/probe"
)

const (
	loadCycle  = 10 * time.Second
	loadEchoes = 5
)

// What lines do: echoes get lost alone, links fail for minutes, and delays vary about
// what the way takes.
const (
	lossPerMille      = 2  // of the echoes of a link in order
	failingPer10000   = 8  // of the links begin to fail in a span
	failingSpan       = 15 // minutes
	failingMinutes    = 5
	slowPer10000      = 20 // of the links are slow in a span
	nearestMicros     = 3_000
	furthestMicros    = 25_000
	slowMicros        = 70_000
	jitterMicros      = 600
	spikePerMille     = 5
	spikeMicros       = 20_000
	duplicatesPer1000 = 1
)

// fickle draws what depends on a link and a time, the same whenever it is asked.
func fickle(link int64, span int64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(link)*0x9e3779b97f4a7c15, uint64(span)+1))
}

// round is what a prober sees of a link in the cycle that starts at cycle, its first
// echo offset later.
func round(link int64, cycle time.Time, offset time.Duration) probe.Observation {
	span := cycle.Unix() / (60 * failingSpan)
	trouble := fickle(link, -span)
	fails, slow := trouble.IntN(10000) < failingPer10000, trouble.IntN(10000) < slowPer10000
	from := time.Unix(60*failingSpan*span, 0).Add(time.Duration(trouble.IntN(60*(failingSpan-failingMinutes))) * time.Second)
	fails = fails && !cycle.Before(from) && cycle.Before(from.Add(failingMinutes*time.Minute))
	way := nearestMicros + int32(fickle(link, 0).IntN(furthestMicros-nearestMicros))
	if slow {
		way += slowMicros
	}
	dice := fickle(link, cycle.Unix())
	o := probe.Observation{Target: link, Kind: probe.Link, At: cycle.Add(offset), RTTMicros: make([]int32, loadEchoes)}
	for i := range o.RTTMicros {
		rtt := way + int32(dice.ExpFloat64()*jitterMicros)
		if dice.IntN(1000) < spikePerMille {
			rtt += int32(dice.ExpFloat64() * spikeMicros)
		}
		if fails || dice.IntN(1000) < lossPerMille {
			rtt = probe.Lost
		}
		o.RTTMicros[i] = rtt
	}
	if !fails && dice.IntN(1000) < duplicatesPer1000 {
		o.Duplicates = 1
	}
	return o
}

// mostRounds is how many observations a prober puts into a batch.
const mostRounds = 4000

// batches are those of a cycle, in which the links are asked one after the other, as they
// would be made while it runs: each when it is full, the last with the canaries.
func batches(prober string, links, canaries []int64, cycle time.Time, f func(probe.Batch) error) error {
	b := probe.Batch{Prober: prober, Cycle: cycle, CycleLength: loadCycle}
	for i, link := range links {
		b.Observations = append(b.Observations, round(link, cycle, time.Duration(i)*loadCycle/time.Duration(len(links))))
		if len(b.Observations) == mostRounds && i+1 < len(links) {
			b.Planned = mostRounds
			if err := f(b); err != nil {
				return err
			}
			b.Observations = nil
		}
	}
	for _, id := range canaries {
		o := probe.Observation{Target: id, Kind: probe.Canary, At: cycle, RTTMicros: make([]int32, loadEchoes)}
		for i := range o.RTTMicros {
			o.RTTMicros[i] = nearestMicros
		}
		b.Observations = append(b.Observations, o)
	}
	b.Planned, b.Last = len(b.Observations), true
	b.Quality.WorstLag, b.Quality.Lag95 = 900*time.Microsecond, 300*time.Microsecond
	b.Quality.Clock = probe.Clock{Source: "chrony", Synchronised: true, Offset: 120 * time.Microsecond, MaxError: 2 * time.Millisecond}
	return f(b)
}

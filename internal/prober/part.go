package prober

import (
	"slices"
	"time"

	"vigie/probe"
	"vigie/probe/icmp"
)

// maxObservations bounds a batch, so that one of a large prober stays a message
// of reasonable size.
const maxObservations = 4000

// maxPolled and maxReported bound the octets of the polls and of the reports of a batch:
// both are as long as what routers and others say.
const (
	maxPolled   = 1 << 19
	maxReported = 1 << 19
)

// part is what this prober has of one cycle so far.
type part struct {
	cycle        time.Time
	end          time.Time // of the cycle, with a monotonic reading
	planned      int       // rounds
	finished     int
	quality      probe.Quality
	lags         []time.Duration // the longest of each round
	observations []probe.Observation
	began        int     // links that began to lose echoes
	passed       []*look // of them those that were not looked at more closely
}

// take adds a finished round. One without a single echo of known outcome is no
// observation.
func (p *part) take(r icmp.Result) {
	p.finished++
	p.quality.Unsent += r.Unsent
	p.quality.Void += r.Void
	p.lags = append(p.lags, r.WorstLag)
	if r.Observation.Sent() > 0 {
		r.Observation.RTTMicros = slices.Clone(r.Observation.RTTMicros) // the engine's, until it goes on
		p.observations = append(p.observations, r.Observation)
	}
}

// lag sums up how late the rounds of the part were.
func (p *part) lag() (worst, lag95 time.Duration) {
	if len(p.lags) == 0 {
		return 0, 0
	}
	slices.Sort(p.lags)
	return p.lags[len(p.lags)-1], p.lags[(95*len(p.lags)+99)/100-1]
}

// complete reports whether the cycle is over and all its rounds are finished.
func (p *part) complete(now time.Time) bool {
	return p.finished == p.planned && !now.Before(p.end)
}

// batches cuts the part into batches, not yet numbered, with the polls and reports that
// ended in the cycle in the first ones. Without any observation it is one empty batch,
// which tells the core not to wait.
func (p *part) batches(prober string, cycleLength time.Duration, polls []probe.Poll, reports []probe.Report) []probe.Batch {
	observed := slices.Collect(slices.Chunk(p.observations, maxObservations))
	polled := portions(polls, maxPolled, pollOctets)
	reported := portions(reports, maxReported, reportOctets)
	batches := make([]probe.Batch, max(1, len(observed), len(polled), len(reported)))
	for i := range batches {
		batches[i] = probe.Batch{Prober: prober, Cycle: p.cycle, CycleLength: cycleLength, Continues: i > 0}
		if i < len(observed) {
			batches[i].Planned, batches[i].Observations = len(observed[i]), observed[i]
		}
		if i < len(polled) {
			batches[i].Polls = polled[i]
		}
		if i < len(reported) {
			batches[i].Reports = reported[i]
		}
	}
	last := &batches[len(batches)-1]
	last.Last = true
	last.Quality = p.quality
	last.Planned += p.planned - len(p.observations)
	return batches
}

// portions cuts a list into lists that each fit into a batch: of so many entries and so
// many octets at most. One of no octets is left out.
func portions[T any](list []T, octets int, of func(T) int) [][]T {
	var cut [][]T
	room := 0
	for _, one := range list {
		size := of(one)
		if size == 0 {
			continue
		}
		if len(cut) == 0 || size > room || len(cut[len(cut)-1]) == maxObservations {
			cut, room = append(cut, nil), octets
		}
		cut[len(cut)-1] = append(cut[len(cut)-1], one)
		room -= size
	}
	return cut
}

// reportOctets is how much of a batch a report takes, beside a few numbers.
func reportOctets(r probe.Report) int {
	body, err := r.Body()
	if err != nil {
		return 0 // Prober.report let none pass
	}
	return len(body)
}

// pollOctets is how much of a batch a poll takes at most.
func pollOctets(p probe.Poll) int {
	const numbers, ofInterface = 80, 45
	n := numbers + len(p.Problem) + len(p.Health.Profile) + len(p.Health.RestartCause)
	for _, i := range append([]probe.Interface{p.Access}, p.Further...) {
		n += ofInterface + len(i.Name) + len(i.Alias)
	}
	return n
}

package view

import (
	"context"
	"time"

	"vigie/internal/linkstate"
	"vigie/probe"
)

// TestFacts is what decides whether a link is tested for what it carries.
type TestFacts struct {
	Link int64
	// Figure is the last test that gave one, at FigureAt; TriedAt is when one was tried
	// last without. Nil and zero = never.
	Figure            *probe.Throughput
	FigureAt, TriedAt time.Time
	Status            linkstate.Status
	// DownOctets and UpOctets were carried lately, in Covered of measured time.
	DownOctets, UpOctets int64
	Covered              time.Duration
}

// leastCovered is how much measured time what a link carries must rest on.
const leastCovered = time.Minute

// LoadPerMille is what the link carries, in thousandths of the contracted rate of the
// fuller direction, rates in bits per second; -1 where it is not known.
func (f TestFacts) LoadPerMille(downBits, upBits int64) int {
	if f.Covered < leastCovered || downBits <= 0 || upBits <= 0 {
		return -1
	}
	of := func(octets, bits int64) int {
		return int(float64(octets) * 8 * 1000 / (f.Covered.Seconds() * float64(bits)))
	}
	return max(of(f.DownOctets, downBits), of(f.UpOctets, upBits))
}

// Test is one test of what a link carries, or why one that was due did not run.
type Test struct {
	At     time.Time
	Prober string
	probe.Throughput
}

// testsWithin is how far back the page of a link looks for tests.
const testsWithin = 400 * 24 * time.Hour

// tests are the latest ones of a link, the latest first.
func (s *Service) tests(ctx context.Context, link int64, now time.Time) ([]Test, error) {
	w := Window{From: now.Add(-testsWithin), To: now.Add(time.Minute)}
	found, err := s.store.Findings(ctx, link, (*probe.Throughput)(nil).Kind(), w, listed)
	if err != nil {
		return nil, err
	}
	var tests []Test
	for _, f := range found {
		if test, ok := f.Finding.(*probe.Throughput); ok {
			tests = append(tests, Test{f.At, f.Prober, *test})
		}
	}
	return tests, nil
}

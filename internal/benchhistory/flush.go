//go:build linux

package main

import (
	"context"
	"time"

	"vigie/internal/figure"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/store"
	"vigie/internal/ticket"
	"vigie/internal/watch"
	"vigie/probe"
)

const (
	flushLinks   = 1500
	flushMinutes = 40
	flushGoal    = 15 // ms
)

// flush measures the transactions that store the minutes of 1,500 links: each reads the
// batches of the minute, sums them up and writes the rows.
func flush(ctx context.Context, _ options) error {
	return withDatabase(ctx, func(db *store.DB) error {
		if err := importFleet(ctx, db, flushLinks); err != nil {
			return err
		}
		took, err := flushes(ctx, db)
		if err != nil {
			return err
		}
		lines.AtMost("flush_1500_links_p50", figure.Median(took), "ms", flushGoal)
		lines.Tell("flush_1500_links_p05", figure.Quantile(took, 0.05), "ms")
		lines.Tell("flush_1500_links_p95", figure.Quantile(took, 0.95), "ms")
		return nil
	})
}

// livePolicy is that of an installation with the rhythm of the load.
func livePolicy() watch.Policy {
	p := watch.Policy{Incident: incident.DefaultPolicy(), Ticket: ticket.DefaultPolicy(), Echoes: loadEchoes, PollEvery: time.Minute}
	p.Incident.Link.Cycle = loadCycle
	p.Ticket.Domain = "example.invalid"
	return p
}

// flushes gives how long the transaction of each minute took, in milliseconds.
func flushes(ctx context.Context, db *store.DB) (took []float64, err error) {
	live, err := store.NewWatch(db)
	if err != nil {
		return nil, err
	}
	s := watch.New(live, livePolicy())
	snapshot, err := store.NewInventory(db).Load(ctx)
	if err != nil {
		return nil, err
	}
	links, canaries := targets(snapshot)
	seq := uint64(0)
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for cycle := start; cycle.Before(start.Add(flushMinutes * time.Minute)); cycle = cycle.Add(loadCycle) {
		now := cycle.Add(loadCycle)
		err := batches("p1", links, canaries, cycle, func(b probe.Batch) error {
			seq++
			b.Seq = seq
			return s.Apply(ctx, b, now)
		})
		if err != nil {
			return nil, err
		}
		if _, err := s.Decide(ctx, cycle, false, now); err != nil {
			return nil, err
		}
		began := time.Now()
		found, err := s.Summarise(ctx, now)
		if err != nil {
			return nil, err
		}
		if found {
			took = append(took, float64(time.Since(began).Microseconds())/1000)
		}
	}
	return took, nil
}

// targets are the links and canaries of an inventory, by number.
func targets(s inventory.Snapshot) (links, canaries []int64) {
	for _, l := range s.Links {
		links = append(links, l.ID)
	}
	for _, c := range s.Canaries {
		canaries = append(canaries, c.ID)
	}
	return links, canaries
}

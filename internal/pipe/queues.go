package pipe

import (
	"context"
	"fmt"
	"sync"

	"vigie/internal/fault"
)

const (
	// heldAfter is how many refusals in a row make a batch hold up its stream, where others
	// are applied meanwhile.
	heldAfter = 3
	// longest is how many batches of one stream are waited for without it ever being empty:
	// those of some hours in which the database was away, not of a prober that hands over a
	// week, or never ends.
	longest = 5000
)

// queues know, by stream, what the decisions need not wait for.
type queues struct {
	mu sync.Mutex
	by map[string]*queue
}

type queue struct {
	refusals int
	held     bool // others were applied while its first batch was refused
	run      int  // batches applied since it was last empty
}

func newQueues() queues { return queues{by: map[string]*queue{}} }

func (q *queues) of(stream string) *queue {
	one := q.by[stream]
	if one == nil {
		one = new(queue)
		q.by[stream] = one
	}
	return one
}

// settled notes what became of the first batch of a stream.
func (q *queues) settled(stream string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	one := q.of(stream)
	if err != nil && fault.KindOf(err) != fault.Invalid {
		one.refusals++
		return
	}
	one.refusals, one.held = 0, false
	one.run++
	for name, other := range q.by {
		if name != stream && other.refusals >= heldAfter {
			other.held = true
		}
	}
}

// awaited is how many of the pending batches of a stream the decisions wait for.
func (q *queues) awaited(stream string, pending uint64) uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	one := q.of(stream)
	if pending == 0 {
		one.run = 0
	}
	if one.held || one.run > longest {
		return 0
	}
	return pending
}

// Awaited returns how many batches the decisions have to wait for: those that are not yet
// acknowledged, but for a stream whose first batch cannot be applied while others are, and
// for one that does not end.
func (p *Pipe) Awaited(ctx context.Context) (uint64, error) {
	if p.opts.Cluster != nil && !p.conn.IsConnected() {
		return 0, ErrClusterAway
	}
	var sum uint64
	for _, s := range p.streams() {
		n, err := pending(ctx, s)
		if err != nil {
			return 0, fmt.Errorf("count the batches that wait: %w", err)
		}
		sum += p.queues.awaited(s.CachedInfo().Config.Name, n)
	}
	return sum, nil
}

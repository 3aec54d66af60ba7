package prober

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vigie/probe"
)

const (
	// OutboxBatches bounds what waits for the stream, in memory: half an hour of 30 s
	// cycles when each is one batch.
	OutboxBatches = 64
	firstRetry    = 100 * time.Millisecond
	lastRetry     = 5 * time.Second
	// attemptTime bounds one attempt to publish.
	attemptTime = 10 * time.Second
	// complainEvery spaces the log lines of a failure that repeats.
	complainEvery = time.Minute
)

// Outbox numbers batches and holds those not yet published, the oldest first.
type Outbox struct {
	mu       sync.Mutex
	capacity int
	nextSeq  uint64
	queue    []probe.Batch
	gap      int           // given up since the last batch taken
	filled   chan struct{} // holds one token when there may be something to take
}

// NewOutbox returns one that holds so many batches and numbers the first nextSeq.
func NewOutbox(capacity int, nextSeq uint64) *Outbox {
	return &Outbox{capacity: capacity, nextSeq: nextSeq, filled: make(chan struct{}, 1)}
}

// Put numbers a batch and appends it; when there is no room the oldest goes. It
// returns how many have been given up and not yet told.
func (o *Outbox) Put(b probe.Batch) (gap int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b.Seq = o.nextSeq
	o.nextSeq++
	if len(o.queue) == o.capacity {
		o.queue = append(o.queue[:0], o.queue[1:]...)
		o.gap++
	}
	o.queue = append(o.queue, b)
	select {
	case o.filled <- struct{}{}:
	default: // a token is there already
	}
	return o.gap
}

// Take removes the oldest batch and tells it the gap in front of it.
func (o *Outbox) Take() (b probe.Batch, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		return probe.Batch{}, false
	}
	b = o.queue[0]
	o.queue = append(o.queue[:0], o.queue[1:]...)
	b.Quality.Gap, o.gap = o.gap, 0
	return b, true
}

// publisher empties an outbox through a function.
type publisher struct {
	outbox  *Outbox
	publish func(context.Context, probe.Batch) error
	log     *slog.Logger
}

// run publishes as batches come, until closing is closed; then what is left, as
// long as ctx allows. Nothing may be put once closing is closed.
func (p *publisher) run(ctx context.Context, closing <-chan struct{}) {
	for open := true; open; {
		select {
		case <-p.outbox.filled:
		case <-closing:
			open = false
		}
		for b, ok := p.outbox.Take(); ok; b, ok = p.outbox.Take() {
			p.deliver(ctx, b)
		}
	}
}

// deliver publishes one batch, under its one number, until that succeeds or ctx
// ends.
func (p *publisher) deliver(ctx context.Context, b probe.Batch) {
	var complained time.Time
	wait := firstRetry
	for attempt := 1; ; attempt++ {
		err := p.attempt(ctx, b)
		if err == nil {
			if !complained.IsZero() {
				p.log.Info("batch published after failures", "prober", b.Prober, "seq", b.Seq, "attempts", attempt)
			}
			return
		}
		if ctx.Err() != nil {
			p.log.Warn("batch given up", "prober", b.Prober, "seq", b.Seq, "error", err)
			return
		}
		if now := time.Now(); now.Sub(complained) >= complainEvery {
			complained = now
			p.log.Warn("batch not published, will retry", "prober", b.Prober, "seq", b.Seq, "attempts", attempt, "error", err)
		}
		pause(ctx, wait)
		wait = min(2*wait, lastRetry)
	}
}

func (p *publisher) attempt(ctx context.Context, b probe.Batch) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	return p.publish(ctx, b)
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

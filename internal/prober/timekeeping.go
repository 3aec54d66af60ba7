package prober

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"vigie/probe"
	"vigie/probe/clock"
)

const (
	// askTimeEvery spaces the questions to a server of time, which may be a public one.
	askTimeEvery = 5 * time.Minute
	// answerWithin is how long an answer is waited for.
	answerWithin = 5 * time.Second
	// readingLasts is how long a reading counts without a newer one.
	readingLasts = 30 * time.Minute
	// farthest bounds an offset to what a batch can tell: one of years is told as one of
	// days.
	farthest = 7 * 24 * time.Hour
)

// timekeeping knows how right the prober's clock is: by a server of time where one is
// configured and answers, else by what the kernel says.
type timekeeping struct {
	server string
	ask    func(ctx context.Context, server string) (clock.Reading, error)
	kernel func() probe.Clock
	prober string
	log    *slog.Logger

	mu      sync.Mutex
	reading clock.Reading // zero before the first
}

func newTimekeeping(c ClockConfiguration, prober string, log *slog.Logger) *timekeeping {
	return &timekeeping{server: c.Server, ask: clock.Query, kernel: clock.Kernel, prober: prober, log: log}
}

// run asks the server until ctx ends, or the server wants no more questions. Each
// refusal doubles the pause (RFC 5905, 7.4).
func (k *timekeeping) run(ctx context.Context) {
	if k.server == "" {
		return
	}
	every, failing := askTimeEvery, false
	for ctx.Err() == nil {
		err := k.read(ctx)
		var kiss clock.Kiss
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &kiss) && kiss.Final():
			k.log.Error("the server of time wants no more questions", "prober", k.prober, "error", err)
			return
		case errors.As(err, &kiss):
			every *= 2
		}
		if err != nil && !failing {
			k.log.Warn("the clock was not compared, will be tried again", "prober", k.prober, "error", err)
		}
		failing = err != nil
		pause(ctx, every)
	}
}

func (k *timekeeping) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	reading, err := k.ask(ctx, k.server)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reading = reading
	return nil
}

// clock says how right the clock is now.
func (k *timekeeping) clock(now time.Time) probe.Clock {
	k.mu.Lock()
	reading := k.reading
	k.mu.Unlock()
	var c probe.Clock
	if !reading.At.IsZero() && now.Sub(reading.At) < readingLasts {
		c = reading.Clock(now)
	} else {
		c = k.kernel()
	}
	c.Offset = max(-farthest, min(c.Offset, farthest))
	c.MaxError = min(c.MaxError, farthest)
	return c
}

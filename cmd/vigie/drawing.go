package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// drawing is a table that changes while something is measured.
type drawing struct {
	live  bool          // somebody watches
	every time.Duration // between two drawings
	table func() string
}

// quickest is how often a table changes at most, for the eye and for a slow terminal.
const quickest = 200 * time.Millisecond

// during measures; live, it draws the table again and again over itself, and leaves
// nothing of it. What changes the table holds the lock.
func (d drawing) during(s surroundings, measure func(ctx context.Context, lock *sync.Mutex) error) error {
	var lock sync.Mutex
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	var drawing sync.WaitGroup
	if d.live {
		drawing.Go(func() { d.draw(ctx, s.out, &lock) })
	}
	err := measure(ctx, &lock)
	cancel()
	drawing.Wait()
	return err
}

func (d drawing) draw(ctx context.Context, out io.Writer, lock *sync.Mutex) {
	tick := time.NewTicker(max(d.every, quickest))
	defer tick.Stop()
	for drawn := 0; ; {
		select {
		case <-ctx.Done():
			erase(out, drawn)
			return
		case <-tick.C:
		}
		lock.Lock()
		table := d.table()
		lock.Unlock()
		erase(out, drawn)
		drawn = strings.Count(table, "\n")
		// A line that is too wide is cut (DECAWM), since a wrapped one would be erased by
		// half. A terminal that is gone is noticed when the result is written.
		_, _ = io.WriteString(out, "\x1b[?7l"+table+"\x1b[?7h")
	}
}

// erase takes the last lines off a terminal (ECMA-48: CPL, then ED).
func erase(out io.Writer, lines int) {
	if lines > 0 {
		fmt.Fprintf(out, "\x1b[%dF\x1b[J", lines)
	}
}

//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"vigie/internal/app"
)

// leading runs a command of vigie against the core that leads, and returns its result.
func (i *installation) leading(ctx context.Context, args ...string) (string, error) {
	for n := range i.cores {
		if app.Running(i.coreDir(n)) {
			var said bytes.Buffer
			cmd := exec.CommandContext(ctx, i.vigie, append([]string{"--data", i.coreDir(n)}, args...)...)
			cmd.Stderr = &said
			out, err := cmd.Output()
			if err != nil {
				err = fmt.Errorf("vigie %v: %w: %s", args, err, tail(said.String(), 2000))
			}
			return string(out), err
		}
	}
	return "", fmt.Errorf("vigie %v: no core leads", args)
}

// leaders are the cores that answer commands, which one that waits does not.
func (i *installation) leaders() []int {
	var all []int
	for n := range i.cores {
		if app.Running(i.coreDir(n)) {
			all = append(all, n)
		}
	}
	return all
}

// leadWithin is how long after the end of one core another has taken over.
const leadWithin = 60 * time.Second

// twoCores kills the core that leads: the one that waits takes over, and the first one
// waits when it is back.
func twoCores(ctx context.Context, i *installation, chance *rand.Rand) error {
	between(ctx, chance, 0, 2*time.Second)
	before := i.leaders()
	if len(before) != 1 {
		return &violation{"one core leads", fmt.Sprintf("%d of %d lead", len(before), len(i.cores))}
	}
	leader := i.cores[before[0]]
	leader.down(unix.SIGKILL)
	defer leader.up()
	for end := time.Now().Add(leadWithin); ; {
		now := i.leaders()
		if len(now) == 1 && now[0] != before[0] {
			return nil
		}
		if time.Now().After(end) || !pause(ctx, 200*time.Millisecond) {
			return &violation{"one core leads", fmt.Sprintf("%s after core %d was killed cores %v lead, expected the other", leadWithin, before[0], now)}
		}
	}
}

//go:build linux

package main

import (
	"fmt"
	"os"
	"time"
)

// progress tells how far something long has come: on a terminal in one line that is
// written over, elsewhere every ten percent.
type progress struct {
	out      *os.File
	what     string
	began    time.Time
	terminal bool
	shown    int // percent; below 0 before the first
}

func newProgress(out *os.File, what string) *progress {
	info, err := out.Stat()
	return &progress{out: out, what: what, began: time.Now(), terminal: err == nil && info.Mode()&os.ModeCharDevice != 0, shown: -1}
}

func (p *progress) show(percent int) {
	const width = 30
	line := fmt.Sprintf("%s: %3d %% after %s", p.what, percent, time.Since(p.began).Round(time.Second))
	switch {
	case p.terminal:
		done := fmt.Sprintf("%-*s", width, fmt.Sprintf("%.*s", percent*width/100, "##############################"))
		fmt.Fprintf(p.out, "\r\x1b[K[%s] %s", done, line) // back to the line's beginning, and clear it (ECMA-48)
	case p.shown < 0 || percent/10 > p.shown/10:
		fmt.Fprintln(p.out, line)
	}
	p.shown = percent
}

// end leaves the line.
func (p *progress) end() {
	if p.terminal && p.shown >= 0 {
		fmt.Fprintln(p.out)
	}
}

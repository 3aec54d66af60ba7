package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progressStep is how many percent lie between two lines of progress where a line
// cannot be written over.
const progressStep = 10

// console writes what comes from several goroutines, one line at a time.
type console struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	open     bool // the last line is progress, to be written over
	shown    int  // percent of the last plain line of progress
}

func newConsole(w io.Writer) *console {
	c := &console{w: w, shown: -progressStep}
	if file, ok := w.(*os.File); ok {
		info, err := file.Stat()
		c.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return c
}

// overwrite goes back to the beginning of a terminal's line and clears it (ECMA-48, EL).
const overwrite = "\r\x1b[K"

// say writes a line with the time.
func (c *console) say(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open {
		c.open = false
		fmt.Fprint(c.w, overwrite)
	}
	c.line(line, "\n")
}

// progress writes over the line before on a terminal; elsewhere it writes a line from
// time to time.
func (c *console) progress(percent int, line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.terminal {
		if c.open {
			fmt.Fprint(c.w, overwrite)
		}
		c.open = true
		c.line(line, "")
		return
	}
	if percent >= c.shown+progressStep {
		c.shown = percent
		c.line(line, "\n")
	}
}

func (c *console) line(line, end string) {
	fmt.Fprintf(c.w, "%s  %s%s", time.Now().Format(time.TimeOnly), line, end)
}

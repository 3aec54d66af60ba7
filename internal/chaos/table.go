//go:build linux

package main

import (
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
)

// table counts what the rounds of each fault did. More is applied than was seen to be taken
// where a stream is lost with what it held.
type table struct {
	mu   sync.Mutex
	rows map[string]*line
}

// line is one row of the table.
type line struct {
	rounds, violations int
	totals
	skipped string
}

func newTable() *table { return &table{rows: map[string]*line{}} }

func (t *table) row(name string) *line {
	if t.rows[name] == nil {
		t.rows[name] = &line{}
	}
	return t.rows[name]
}

// add counts a round that held, by what stood before and after it.
func (t *table) add(name string, before, after totals) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.row(name)
	l.rounds++
	l.taken += after.taken - before.taken
	l.applied += after.applied - before.applied
	l.transitions += after.transitions - before.transitions
	l.gaps += after.gaps - before.gaps
}

func (t *table) skip(name, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.row(name).skipped = why
}

func (t *table) violate(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.row(name).rounds++
	t.row(name).violations++
}

// write prints the faults in their order, and their sum.
func (t *table) write(to io.Writer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "fault\trounds\tbatches taken\tapplied\tgap minutes\ttransitions\tviolations\t")
	var sum line
	print := func(name string, l *line) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.1f\t%d\t%d\t\n", name, l.rounds, l.taken, l.applied, l.gaps.Minutes(), l.transitions, l.violations)
	}
	for _, f := range append([]fault{{name: "start"}}, faults...) {
		l := t.rows[f.name]
		switch {
		case l == nil:
			continue
		case l.skipped != "":
			fmt.Fprintf(w, "%s\tskipped: %s\t\t\t\t\t\t\n", f.name, l.skipped)
			continue
		}
		print(f.name, l)
		sum.rounds += l.rounds
		sum.violations += l.violations
		sum.taken += l.taken
		sum.applied += l.applied
		sum.transitions += l.transitions
		sum.gaps += l.gaps
	}
	print("all", &sum)
	return w.Flush()
}

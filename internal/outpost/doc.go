// Package outpost is what a vantage point needs around its prober: the engines with which
// it looks, and for one elsewhere, a process of its own: a stream on disk that is
// forwarded to the core, the plan it is told by the core and keeps, and the questions of
// the core that it answers.
//
// A prober elsewhere needs its core to begin with and never again: cut off, it goes on
// with the last plan, and what it measures waits on its disk.
//
// Who watches the core from outside does it too: after a silence it tells somebody, once,
// and once at its end (Alarm), with what it saw itself meanwhile.
//
// The package refuses to decide who probes what (vantage, app), and to decide anything
// from what it sees of a link.
package outpost

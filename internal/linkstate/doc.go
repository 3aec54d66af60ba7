// Package linkstate decides the state of one link from what the probers saw
// of it, cycle after cycle: up, degraded, down or unknown.
//
// The model is a small state machine. One combined result per cycle (ok, slow,
// fail or nothing valid) goes in; a State and, when the status changed, a
// Transition come out. A confirmed change is dated at the first round that
// showed it, not at the cycle that confirmed it. Unknown remembers the status
// it hides and gives it back at the first result that agrees with it. The
// value of a State does not change while a healthy link stays healthy, so that
// a store writes only the links to which something happened.
//
// It refuses to look at more than one link, to read a clock, and to know about
// incidents, maintenance or tickets: those are package incident's.
package linkstate

// Package main breaks real installations of Vigie, round after round, and holds each
// against what it promises (make chaos).
//
// An installation is a core with its private PostgreSQL and its stream, and two probers
// elsewhere, all of them processes of bin/vigie in the prober's namespace of a lab whose
// links fail by a script of their own. Between probers and core lies the lab's emulator and
// a relay behind it, so that this way can be cut, slow, and doubling. Each round one fault
// is done to it and healed; then all that was taken must be applied, all that was planned
// stored or a gap, and every transition that the rounds ask for there once.
//
// The package refuses to reach into Vigie: it starts programs, ends them, takes their disk
// and their network away, and reads what they wrote. One seed gives the same faults in the
// same order; what they meet is up to the moment.
package main

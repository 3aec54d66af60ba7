// Package incident decides which links fail for one cause, and what the
// operator, or ourselves, must be told of it.
//
// The model: Decide takes the State after the last cycle, the Topology, what
// one Cycle brought and the Policy, and returns the next State with everything
// that follows from it: transitions of links, changes of incidents, outages for
// the availability figures, and ticket effects, each with a typed reason. An
// incident groups links under one kind (link, router, degraded, flapping,
// site, mass, operator, prober) and has at most one ticket. A ticket remembers
// the incident that opened it; that id is its idempotency key for ever. The
// rules R1 to R14 live in one file per family, applied in a fixed order: link
// states, flapping, mass, operator, site, link and router, degraded, tickets,
// resolution.
//
// It refuses to send anything, to read a clock or a store, to log, and to
// change the state it was given. It does not compute clocks, penalties or
// messages: it only says what began, what ended, and why.
package incident

// Package watch is the live chain: it stores each batch once, and decides each
// cycle once, in one transaction that carries everything that follows from it:
// link states, incidents, outages, tickets, the jobs that send them, minute
// summaries and journal entries.
//
// A cycle is decided when every connected prober has delivered its part, at the
// latest a third of a cycle after its end. What comes later is stored as late and
// changes no decision. After a stop the missing cycles are decided first, without
// results, so that the absence is unknown and never an outage.
//
// The polls of routers ride on the batches: their differences become what the links
// carried, and the first answer after an outage tells whether the line or the power had
// failed.
//
// What a prober's own uplink loses is no loss of lines: while no canary answers nothing
// counts, and a cycle in which every canary lost some, or beside which the uplink was gone,
// is in doubt. The figures of a cycle are therefore given with the next one.
//
// The package refuses to measure, to send, and to hold state of its own between
// two cycles: what matters is in the store.
package watch

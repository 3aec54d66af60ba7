// Package series holds the present figures of each link as a time-series database takes
// them: state, echoes, delays and use, in the Prometheus text format.
//
// Links is fed by what was decided: only rounds that a decision counted are counted
// here, so that no graph accuses a line of what was the prober's or our own doing. The
// inventory bounds the series: a link has at most PerLink of them, one that is no longer
// in force has none. What is not known has no series; a gap is not a zero.
//
// Operator, POP and site stand once, in vigie_link_info, and are joined to the others by
// their label link. Counters begin anew with the process, as Prometheus expects.
//
// The package refuses to keep a history, and to decide who may read it beyond the
// territory of the asker.
package series

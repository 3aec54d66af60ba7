// Package measure turns the rounds of a prober into figures: the minute of a link
// with its loss, delay and jitter, and the verdict of one round.
//
// Delay is the round trip of RFC 2681, loss the round-trip loss of RFC 6673 over
// the echoes really sent, jitter the mean absolute IPDV of RFC 3393. Percentiles
// are nearest rank; a lost echo is an infinite delay in them, so that a line that
// loses half its echoes has no median rather than a good one. What was planned and
// not measured lowers the coverage; it is never a zero and never loss.
//
// What a link carried between two polls of its router is a difference of 64-bit
// counters, spread over the five minutes it touches; every doubt about it is a gap with
// its reason, never a zero and never a spike.
//
// The package refuses to decide the state of a link: it judges one round, and
// knows nothing of the one before.
package measure

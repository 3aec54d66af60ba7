// Package measure turns the rounds of a prober into figures: the minute of a link
// with its loss, delay and jitter, and the verdict of one round.
//
// Every figure is one of a standard, named in Statistics. Delay is the round trip of
// RFC 2681, loss the round-trip loss of RFC 6673 over the echoes really sent (RFC 7680
// is that of one way, which an echo cannot tell), jitter the mean absolute IPDV of
// RFC 3393 between consecutive echoes of a round, PDV the delay above the least of the
// minute (RFC 5481); duplicates are those of RFC 5560, reordering that of RFC 4737,
// runs of losses the loss periods of RFC 3357. Percentiles are nearest rank; a lost
// echo is an infinite delay in them, so that a line that loses half its echoes has no
// median rather than a good one. What was planned and not measured lowers the coverage;
// it is never a zero and never loss.
//
// The delays of a minute are kept as a Distribution, which can be merged: a percentile
// of an hour or a day is then that of its echoes, to 0.4 %. Where none was kept it is
// one of the minutes' percentiles (RollUp), and says so.
//
// What a link carried between two polls of its router is a difference of 64-bit
// counters, spread over the five minutes it touches; every doubt about it is a gap with
// its reason, never a zero and never a spike.
//
// The package refuses to decide the state of a link: it judges one round, and
// knows nothing of the one before.
package measure

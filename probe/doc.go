// Package probe is the vocabulary of measuring: what is probed, what was seen,
// and what a vantage point hands over.
//
// A prober sends rounds of echoes to its targets once per cycle. One round of
// one target is an Observation; the observations of a cycle travel to the core
// in one or more Batches, numbered without repetition by their prober. An echo
// is counted as sent only when it left and its fate is known: what the prober
// itself failed to send or to receive is in Quality, never in the loss of a
// line.
//
// The package judges nothing (no "down", no percentile: internal/measure and
// internal/linkstate do). A batch has one versioned encoding, so that the pipe
// and the store hold the same octets.
package probe

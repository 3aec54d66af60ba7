// Package prober is one vantage point: it probes its targets cycle after cycle
// and delivers what it saw.
//
// At each boundary of a cycle (a multiple of its length since the Unix epoch) the
// present targets, links, what stands beside them and canaries alike, are spread over the cycle and handed
// to the echo engine. When the cycle is over and its last echo has been answered
// or has run out, the whole part is published as batches, numbered without
// repetition, the final one marked Last. Publishing has a goroutine and a bounded
// queue of its own: a core that is away delays nothing, and after too long an
// absence the oldest batches are given up and counted as a gap.
//
// What a cycle has no room for is left out before it begins, by need and in turns, and
// told as overrun. Each batch says how well it was measured, and how right the clock was.
//
// Routers are asked beside the echoes, each at its own moment of an interval that is
// longer than a cycle, a bounded number together. What they answer waits for the batch
// of the cycle in which it ended, so that it too is delivered under one number.
//
// A link whose round loses an echo after a whole one is looked at more closely: by
// further rounds in quick succession that belong to no cycle, until it answers again or
// ten seconds are over. They are evidence of since when and how much, and are
// bounded over all links; those that were passed over are told too.
//
// The prober judges nothing, not even whether its canaries answer, and it never
// invents loss: cycles slept through are not there, and what could not be
// measured is in the quality of the batch, not in its observations.
package prober

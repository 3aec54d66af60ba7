// Package schedule says when to probe what, as pure functions of the list of
// targets and of the clock it is given.
//
// Time is cut into cycles whose boundaries are multiples of their length since
// the Unix epoch, so every prober and the core agree on them without talking.
// Within a cycle each target has its own offset, drawn by hash: it stays where
// it is when other targets come and go, and the echoes are even over the cycle. A
// round moves about that offset from cycle to cycle, so that it does not keep time
// with traffic that is periodic itself.
//
// What an engine cannot take in a cycle is left out on purpose, by what the rounds
// are needed for, and in turns: it is then a round that was not planned, and neither
// a late echo nor a lost one.
//
// The package sends nothing, holds no state and reads no clock.
package schedule

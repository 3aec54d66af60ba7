// Package service asks whether what stands behind a router works: a TCP port that
// accepts, a name server that answers, a page that is the right one. A line on which
// every echo comes back and a school that is offline are no contradiction, and this
// package is what tells them apart.
//
// A Check is a value, a Result is another: either it is OK or it has one Reason, beside
// how long each phase took and until when the certificate holds. Sockets come from the
// caller's Dial, so a check runs in any network namespace. Everything that is read is
// bounded, in octets as in time, for a service may be broken or hostile.
//
// Trouble of the prober's own (no socket, no name server to ask, stopped half-way) has
// reasons of its own, for which Result.Known is false: they say nothing of the service.
// The package does not decide what a failed check means for a link, keeps nothing, and
// repeats nothing but a question by UDP.
package service

// Package ticket is the conversation with an operator about one incident, and
// its ladder: what is said, to whom, in which state each message is, and when
// the second level is called.
//
// Everything here is a pure function: a ticket and an event give the next ticket
// and the jobs to enqueue in the same transaction. Messages are composed from
// the catalogues. How a message leaves is a Channel's matter.
//
// The package refuses to send, to know a clock, and to decide which links fail.
package ticket

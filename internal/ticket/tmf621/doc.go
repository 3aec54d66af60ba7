// Package tmf621 carries tickets to an operator by the TM Forum Trouble Ticket
// API, TMF621 v4.0.0, and reads what the operator made of them.
//
// A conversation is one ticket of the operator's, whose externalId is the number
// of ours. Each message of it is a note that begins with its own number, so that
// a message found there is never written again; a re-opening that the operator
// has to take as a ticket of its own bears that number as externalId. Every
// opening is searched for before it is posted, and once more when the answer to
// it was lost: the interface gives no other promise of "once". Notes are an
// array, which a merge patch replaces whole (RFC 7396): the operator's go back
// as they came. What is read is taken liberally: a status that the interface
// does not know counts as open, an unreadable date as none.
//
// The package refuses to decide what to say, to believe the operator about when
// the service was back, and to listen to events: it asks.
package tmf621

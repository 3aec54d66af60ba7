// Package journal hashes and verifies the chains that say who or what decided, when, and on what
// evidence.
//
// There is one chain per aggregate (a link, a ticket, a plan, a month). A service builds an Entry;
// Append gives it its place in its chain: a sequence number, the hash of the record before it and
// its own hash. Once a day a Seal covers the heads of all chains that moved and is itself chained
// to the seal before, so that whoever holds a copy of one day's seal can detect any later rewrite
// of anything before it.
//
// The bytes that are hashed are canonical and versioned: every variable field is preceded by its
// length, integers are big-endian, times are UTC microseconds (what PostgreSQL keeps). A record
// names the version it was hashed with, so that an old chain stays verifiable when the encoding
// changes.
//
// The package stores nothing, reads no clock, and never looks inside a body: the service that
// writes an entry owns its meaning. Entries name persons by id only.
package journal

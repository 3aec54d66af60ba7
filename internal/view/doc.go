// Package view answers the questions that people ask: which links fail now, what
// happened on this one, what was the operator told, how long has it had.
//
// One struct answers one question; pages, CSV and commands show the same struct.
// Every answer is given to somebody: the asker's role and territory bound it here,
// by org.Allowed, whatever the caller does. What lies outside is counted where a
// total would lie without it, and never named. A figure travels with what it was
// computed from, so that the page can say its coverage.
//
// The package decides nothing and changes nothing; it words nothing either, the
// catalogues do.
package view

// Package contract holds what was bought: markets, lots, the clauses that bind
// the operator (service hours, GTR, penalties, revision), the price list, and
// what of it is bought under a link.
//
// A lot keeps its key for ever; its clauses and prices, and the terms of a
// link, are dated versions, so
// that a change never alters a past figure. The package refuses to compute: the
// clocks are internal/sla's, the money is billing's.
package contract

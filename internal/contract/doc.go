// Package contract holds what was bought: markets, lots, the clauses that bind
// the operator (service hours, GTR, penalties, revision) and the price list.
//
// A lot keeps its key for ever; its clauses and prices are dated versions, so
// that a change never alters a past figure. The package refuses to compute: the
// clocks are internal/sla's, the money is billing's.
package contract

// Package api answers programs what the pages answer people: links, sites, incidents,
// tickets, the addressing plan and statements, as JSON with stable names.
//
// Each answer is an explicit struct of this package, filled from the same read models
// as the page that shows it, for the same asker; commands print the same structs. Names
// carry their unit (_cents, _seconds, _bits_per_second, _microseconds), instants are
// RFC 3339 in UTC, days are civil days of Europe/Paris, and what is not known is null,
// never 0. Lists are read in pieces, in an order that does not move: each piece names
// where the next one begins.
//
// The operations describe themselves: Mount registers them and Document is the OpenAPI
// 3.1 text made of the same structs. Every error is a problem of RFC 9457.
//
// The package refuses to know how somebody proved who they are: the asker comes with
// the request's context.
package api

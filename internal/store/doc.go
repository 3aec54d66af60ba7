// Package store keeps everything that Vigie remembers, in PostgreSQL.
//
// A DB is one pool of connections. Beside it stands one small type per service, each with one
// method per need of that service and a transaction of its own; the SQL beneath is shared, one
// file per aggregate. Every statement is declared with query, so that one test can have the real
// server parse all of them against the migrated schema. The schema is the sum of the numbered
// files in migrations, forward only, followed by the tables of River.
//
// Failures leave the package with their kind (see fault): an object that is not there, a
// contradiction with what is stored, a database that is away. PostgreSQL holds the invariants
// that one row or one table can hold; the rest is decided above, by pure functions.
//
// The package decides nothing, reads no clock for a business time (they come as parameters), and
// sends nothing.
package store

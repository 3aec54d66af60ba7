// Package history says how long what was measured is kept, what that costs, and how a
// month of it looks outside the database.
//
// A Retention has one Span for each form that a measurement takes as it grows older:
// batches as they came, rows of minutes, packed hours, days. Cost projects it from what
// is stored.
//
// An archive is one month (UTC) of everything that is packed, as tables of CSV with a
// Manifest that names each file, its rows and its SHA-256. Links stand in it by their
// reference, so that it can be read anywhere and imported into another installation.
// Writers and readers of its tables are here; folders and the database are not.
package history

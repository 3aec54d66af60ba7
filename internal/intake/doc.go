// Package intake changes the inventory: it reads files and what people type into forms,
// compares them with what is known, and saves the difference in one transaction or not at
// all.
//
// A file is one table of the inventory; configs/README.md fixes names, headers,
// keys and units. Reading collects every problem of every file, so that a file is
// corrected once. Comparing is pure and works on the canonical text of each
// column, which makes a second import of the same files a difference of nothing.
// A row that a file no longer carries is left alone, or ended on a given day when
// the importer says so; nothing is ever deleted.
//
// Files of others come through a mapping (internal/mapping); a row of theirs that only
// describes a school is held until a person says which one is meant. A form is a file of
// one row. The end of more than 5 % of a table must be accepted by its number.
//
// The package refuses to guess: an unknown header, an unknown reference or an
// ambiguous period stops the import. It never writes what people decide on pages,
// such as the sending mode of an operator.
package intake

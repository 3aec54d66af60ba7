// Package mapping turns the files that others keep into rows of our tables, as a YAML file
// says: which tables a file feeds, where each column comes from, which rows count.
// configs/README.md describes the language, configs/mappings holds ready ones.
//
// Parse reads and judges a mapping, every problem with its line; a key that it does not
// know is refused. Apply gives, for each table, the rows of one file; every cell remembers
// the column it came from, so that a problem found later is shown where the file holds it.
// Columns that a mapping does not name are not in its rows: what is stored stays.
//
// The package knows our tables through a Schema only, and what is stored through a
// function. It refuses to guess: a value that a translation does not list, a column that
// the file does not have and a date of another form are problems, never empty cells.
package mapping

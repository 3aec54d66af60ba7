// Package i18n holds the words of Vigie in French and English and writes dates,
// durations, numbers and amounts as each language does.
//
// A catalogue is a flat list of keys embedded from catalogue/LANG/*.json, one file
// for each use. A text names
// its arguments {0}, {1}...; a text that counts has one form per plural category
// and names its count {n}. A Printer speaks one language; it is a value, safe for
// concurrent use. Instants are shown in Europe/Paris, the civil time of every
// contract watched; they are UTC everywhere else.
//
// The package refuses to know what it names: it is given keys and figures, never
// links or tickets.
package i18n

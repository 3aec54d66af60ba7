// Package configs embeds the files that Vigie ships: what an installation starts
// from and what the demo shows.
//
// README.md fixes the form of every inventory file; demo/README.md says which of its
// facts are real and which are fictitious. The package refuses to read or to
// interpret the files: internal/intake, internal/calendar and the packages that own
// them do.
package configs

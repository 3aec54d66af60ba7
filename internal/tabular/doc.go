// Package tabular reads the tables that offices send: CSV in the encodings and with the
// separators that spreadsheets write, and XLSX workbooks. A table is a header and rows of
// text, each with the line it stands on, so that a problem can be shown where it is.
//
// Encoding and separator are detected unless they are given: UTF-8 with or without a byte
// order mark, else Windows-1252; the separator is the one of ; , tab and | that the header
// line holds most often outside quotes. Cells of a workbook are read as they are stored, not
// as they are displayed: numbers with a point, dates as 2026-09-01.
//
// The package refuses to say what a column means, and to read more than it was told:
// every size is bounded.
package tabular

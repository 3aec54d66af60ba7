// Package report writes the audit and the bill as tables: a workbook that opens in
// a spreadsheet (XLSX), and comma separated values for spreadsheets and programs.
//
// A figure is a number in its cell, an amount has two decimals, a day is a date, and
// a text stays a text whatever it begins with. The last sheet of a workbook says how
// its figures were made and how much of the period they rest on.
//
// The package refuses to compute: the services have done it, and what an asker may
// not see has been left out before.
package report

// Package invoice puts one month of one lot together as the operator's invoice
// would carry it.
//
// Charges are amounts before tax, each for one link, one kind and one period of
// the month. VAT is computed once per rate on the sum of its charges, as
// EN 16931 does (BR-CO-17), then spread over the lines by largest remainder on
// their amounts, so that the VAT of the lines adds up to the VAT of the invoice.
// Credits are penalties: they bear no VAT, never lower its base, and stay apart
// from the charges, because deducting them or claiming them by a separate title
// is the contract's choice.
//
// The package refuses negative charges (a correction is a credit note, a
// document of its own), a line of another lot or month, the same line twice, and
// a credit that does not say what caused it and which clause grants it.
package invoice

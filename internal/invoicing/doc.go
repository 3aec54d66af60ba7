// Package invoicing makes a month's bill: what each link costs, the penalties
// that the measured outages earn, and who pays which part.
//
// Everything is computed anew from the events and from the dated versions of
// contract, price and key; nothing is incremented, so the same month gives the
// same cents. What cannot be priced or split is refused by name, and the rest of
// the bill is made without it: the amount of a shared site without a key in force
// stays on the invoice, unassigned, and no member is asked to pay it.
//
// The package refuses to measure, to round by itself (billing does), and to bill
// a link outside the market.
package invoicing

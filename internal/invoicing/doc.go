// Package invoicing makes a month's bill: what each link costs, the penalties
// that the measured outages earn, and who pays which part.
//
// Everything is computed anew from the events and from the dated versions of
// contract, price and key; nothing is incremented, so the same month gives the
// same cents. A shared site without a key in force is refused by name: its amount
// is shown as unassigned and no member is asked to pay it.
//
// The package refuses to measure, to round by itself (billing does), and to bill
// a link outside the market.
package invoicing

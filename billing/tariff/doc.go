// Package tariff computes what one line costs: the part of a monthly fee that an
// interval of days bears, and a price after revision by an index.
//
// A Period is a half-open interval of days that stays inside one month. A fee is
// prorated over it on actual days, or on twelve months of thirty days when the
// contract says so. A month that is cut (a new payer, a new key) is cut by
// rounding the cumulative amounts, so that the parts always add up to the whole.
// A revised price is always computed from the first price P0, never from an
// already revised one.
//
// Days are instants at midnight UTC that stand for civil dates; the package
// refuses any other time of day, and any period over the end of a month. It
// knows no calendar, no index series and no current date.
package tariff

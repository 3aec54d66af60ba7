// Package audit makes the bandwidth audit of a period: for each link what was
// contracted, what it carried in school hours and at any hour, how available it
// was, what it cost, and what the figures recommend.
//
// A 95th percentile is the exact nearest rank over the five-minute averages of the
// whole period, in each direction; averages of percentiles are never made. What was
// not measured is not a zero: it lowers the coverage, and below the least coverage
// of the policy the report says that there is not enough data instead of a figure.
// The same holds for school days past the end of the school calendar.
//
// The package refuses to price and to measure availability by itself: the accounts
// of internal/invoicing do both, so that audit and bill show the same euros.
package audit

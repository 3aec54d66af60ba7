// Package calendar tells when a service is owed: weekly service hours, the
// public holidays of metropolitan France and of Alsace-Moselle, and the civil
// arithmetic between them. It also tells when pupils are at school: the vacations of
// an académie with their degree of certainty, and an explicit unknown beyond them.
//
// Everything is computed in UTC on windows of Europe/Paris, so that the night of
// a clock change has 7 or 9 hours as it really has. The package refuses to know
// contracts, links or people: it is given a service and an interval.
package calendar

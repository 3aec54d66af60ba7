// Package trial takes a person's request for a test of what a link carries.
//
// A request waits for its slot like every test: the hours in which tests run, a link that
// is hardly used, nobody else on its site and POP. Who insists, and says why, does not
// wait for the hours nor for an idle link; school hours, days of exams, a calendar that
// does not reach so far and a link that is not up refuse them too. A request is kept with
// its entry in the journal, holds until a test was tried, and ends by itself.
//
// The package runs no test: the plan of the prober (probe/schedule) takes the requests
// that are open, under the same guards as always.
package trial

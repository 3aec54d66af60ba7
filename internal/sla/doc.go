// Package sla runs the contract's clocks and prices what they find: the GTR clock
// of one outage, the availability of one period, and the penalties of both.
//
// A Timeline holds the events of one ticket as they are known; Clock reads it at
// an instant under a clause and service hours. Nothing is counted up: every figure
// is computed again from the events, so a gel accepted later, or a restoration
// corrected with the operator, changes the figure and leaves no trace of the old
// one. The two clocks are different computations: GTR time is counted in service
// hours from the request, availability in real time from the first loss.
//
// After an outage the router's uptime tells where it lay: Find holds it against the
// outage's length.
//
// The package refuses to decide which events are true, what is said to the
// operator, or whether a penalty is claimed or waived.
package sla

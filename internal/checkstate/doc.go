// Package checkstate decides whether a service behind a link works: unknown, working,
// failing.
//
// It is a pure function of the former state and one result. A failure is confirmed by the
// second in a row and dated by the first; one good answer ends it. What says nothing of the
// service (the prober's own trouble, or a prober that reached none of its canaries) leaves
// the state as it is and takes back a failure that is not yet confirmed, for a prober about
// to lose its uplink sees everything fail once.
//
// It knows no line: a check that fails while its line is down is a consequence, and whoever
// shows it says so. No ticket to an operator rests on it.
package checkstate

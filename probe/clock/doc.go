// Package clock says how far this machine's clock is from UTC, and who says so.
//
// A measurement is held against the operator's own; both must agree on when it was
// made. Kernel asks the kernel whether a time service keeps its clock and within what
// error; Query asks a server by the simple network time protocol (RFC 4330, on the
// packets of RFC 5905) and compares. A reading ages: what was measured against a server
// stays right over a step of the clock made afterwards, and its error grows with the
// drift that a free clock may have.
//
// The package sets no clock. It believes one server as far as one server can be
// believed: an answer without our mark, from a clock that is not synchronised itself,
// or with a delay that makes it useless is an error and no reading.
package clock

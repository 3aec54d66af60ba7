// Package stamp measures two-way delay and loss by the Simple Two-Way Active
// Measurement Protocol (RFC 8762), as a session-sender and as a session-reflector,
// open or authenticated (HMAC-SHA-256 cut to 16 octets).
//
// A reflector tells when a packet came (T2) and when its reply left (T3), so the
// sender can take the reflector's own time out of the round trip: (T4-T1)-(T3-T2).
// Each of the two differences is taken by one clock, so neither clock needs to be
// right, and T4-T1 is taken on the monotonic clock, so that setting a clock moves no
// delay. Where Linux gives the kernel's receive stamp it is used on both sides.
//
// Of the extensions of RFC 8972 the package speaks the session identifier, Extra
// Padding, Class of Service and the HMAC that protects them; others travel through
// the reflector unread and marked so. A TWAMP Light reflector (RFC 5357, appendix I)
// serves as well: what its shorter reply does not hold is zero, and not a loss.
//
// The reflector never answers with more octets than it received, where RFC 8762 would
// fill a short packet up: a forged source address must gain nothing. It limits the rate
// of each source, and what it remembers is bounded.
//
// The package keeps no figures of a session: its caller adds up. It stands alone and
// knows nothing of links.
package stamp

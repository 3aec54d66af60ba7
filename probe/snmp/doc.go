// Package snmp asks routers how they are: how long they have been running, and of
// the interface that carries a link, and up to three others, its state, its speed and
// its 64-bit counters (RFC 2863); and what they carry. Versions 2c and 3.
//
// A Profile says by which objects a vendor's devices tell their processor, memory,
// temperature, power and last restart; configs/snmp holds those that are shipped. Where
// they stand on a device is learned once and asked for again, in the same request as
// far as a packet holds it.
//
// A Poller asks one router at a time and per call, several together up to a limit, and
// one agent for one link at a time.
// Where the interface is known from an earlier poll that is one request; its name
// is verified in every answer, since an index may move at a restart, and it is
// searched for when it has moved. Each poll has a socket of its own, so what comes
// late for another meets a closed port. What an object does not tell is told as
// missing, never as zero.
//
// Walk reads what a device carries, from whichever tables it has: what it is, its
// interfaces, addresses, VLANs and neighbours. It believes no agent: rows may come in
// any order, twice or without end, a table may lack columns, and one request at a time
// goes to an address, a poll's before the next of a walk.
//
// The package judges nothing: it takes no difference of two counters (that is
// internal/measure) and does not know what a restart means. It keeps no secret
// longer than its credential, and prints none.
package snmp

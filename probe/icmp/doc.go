// Package icmp measures many targets with ICMP echoes (RFC 792, RFC 4443) through one
// socket for IPv4 and one for IPv6. Linux only.
//
// A Round is a few echoes to one target; the caller adds rounds with the time
// each is due and calls Advance again and again, which sends, receives and hands
// back the finished rounds. The engine starts no goroutine: it works while it
// is called, wakes at whole ticks and reads the socket in passing. It can afford
// to, because round trips are taken between two stamps of the kernel, one when
// the request left and one when the reply came, not when the program looked.
//
// One raw socket with a filter serves all targets of a family, since each further raw
// socket of a host costs every echo a copy; where raw sockets are refused, one
// ping socket does the same work. Requests, replies and stamps pass in bursts through
// room made once, and steady work allocates nothing. A reply counts once, when it carries the
// keyed mark of its request, comes from the address that was asked and arrived
// within the timeout. All other replies are counted apart.
//
// The engine never turns its own trouble into loss. An echo it could not send,
// or sent too late, is unsent; an echo whose reply may have been dropped by its
// own full buffer, or that was out while the clock was set, is void. Both are
// left out of the observation. It does not decide what to probe when
// (probe/schedule) nor what the figures mean.
package icmp

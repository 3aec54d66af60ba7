// Package path finds the routers on the way to a host, with the loss and the delay of
// their answers over several rounds: what shows, at the start of an outage, up to where
// the way still goes. Linux only.
//
// A probe leaves with a hop limit that ends on the way, and the router where it ends
// says so. The kernel of the prober hands such messages over beside the socket that
// sent the probe (IP_RECVERR, IPV6_RECVERR), for echoes as for datagrams; so datagrams
// need no right at all, and echoes take a raw socket or, where that is refused, a ping
// socket. All echoes of a trace have one checksum, so that routers which spread their
// load send them one way; datagrams go to a port each, and may be spread.
//
// Routers limit how many such messages they send: Linux one a second to each address.
// So each hop is asked once in a round, a round takes a second at least, and no more
// than a few probes fly beyond what is known of the way. Even so a router may answer
// little and pass everything on: only loss that goes on to the last hop is loss of the
// line. The package tells what came back and judges nothing.
package path

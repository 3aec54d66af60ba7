// Package lab is an operator's network on one machine, with the faults that a
// real one has and the history that it would have left.
//
// Two anonymous network namespaces face each other. The operator's one answers
// for every address of [OperatorNetwork], with the echo replies of its own
// kernel; the prober's one holds one address, [ProberAddress], and is where
// the sockets of a prober are made ([Network.InProber]). Between them an
// emulator reads packets from one TUN device, applies the [Impairment] of the
// link they belong to (delay, jitter, loss, rate, cut) and writes them to the other.
// Every draw is a hash of the seed, the flow and the number of the packet in
// that flow, so a run repeats whatever the timing of the machine. [Faults]
// keeps what is broken at the moment; what a link suffers is always computed
// anew from its base line and the faults in force, the worst winning, so the
// end of one fault leaves exactly what the others make. [Script], [History] and
// [Traffic] are pure functions of their arguments. [Agents] answer SNMP for the
// routers of the links, all through one socket, with the counters of Traffic.
//
// The lab names nothing and writes nothing on the host: its namespaces and
// devices are held by file descriptors and vanish with the process. It refuses
// to judge: it knows no link state, no incident and no ticket, and what it
// produces is to be shown as simulated.
package lab

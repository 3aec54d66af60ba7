// Package pipe carries observations from the probers to the core over NATS
// JetStream: in process, without an open port, and where a Port is given from probers
// elsewhere too.
//
// A prober publishes batches to a file-backed stream that is flushed before it
// acknowledges; the core takes them one at a time, in order, and acknowledges
// each after the transaction that applied it. The stream may deliver a batch
// again after a crash: exactly once comes from the batch's own sequence, saved
// by the core in that transaction.
//
// A prober elsewhere has such a stream of its own and forwards it (Pipe.Forward) over
// one outbound TLS connection (Core), letting go of a batch when the core has it on its
// own disk. It proves who it is with a key of its own, pins the core's, and may do no
// more than hand over batches in its own name, ask the core, and answer it.
//
// Each prober elsewhere has a stream of its own at the core, which refuses what does not
// fit, and from which the core takes in turns: nobody fills another's room. With a Cluster
// these streams lie in a NATS cluster instead of this process, and what this process
// measures itself is handed over like that of anybody else (Pipe.Feed).
//
// The package refuses to look inside a batch beyond its prober and number, to know what
// is asked and answered, and to decide what a missing batch means.
package pipe

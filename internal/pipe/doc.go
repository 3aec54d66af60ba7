// Package pipe carries observations from the probers to the core over NATS
// JetStream, in process: no port is open.
//
// A prober publishes batches to a file-backed stream that is flushed before it
// acknowledges; the core takes them one at a time, in order, and acknowledges
// each after the transaction that applied it. The stream may deliver a batch
// again after a crash: exactly once comes from the batch's own sequence, saved
// by the core in that transaction.
//
// The package refuses to look inside a batch, and to decide what a missing one
// means.
package pipe

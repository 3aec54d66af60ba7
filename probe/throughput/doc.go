// Package throughput measures what a link carries by filling it for some seconds: by
// the iperf3 program with another at the far end, or by an HTTP download and upload.
//
// Such a test disturbs whoever uses the link, so every one of them is bounded three
// times, in time, in rate and in octets (Bounds), ends with its context, and is watched
// by a Canary, which says when echoes beside it suffer. When a test may run at all is
// decided by probe/schedule, from conditions that the caller knows.
//
// A figure is TCP payload over time, the slow start left out, and says so
// (probe.PayloadLayer): an equivalent of a lower layer would have to guess how many
// packets there were. One at our own limit is not a figure of the link (probe.Flow.Capped),
// nor is one beside which our own machine was busy or late (probe.Flow.HostBusy). What is
// sent by HTTP counts when the far end has answered for it: a kernel acknowledges what
// nobody reads.
// The package does not compare with the contract and stores nothing.
package throughput

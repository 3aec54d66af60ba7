// Command simulation runs the chain from the probers to the operator's mailbox in virtual
// time, with faults at every step, and checks after each round that nothing was lost and
// nothing done twice.
//
// A round follows from its seed alone. One to three probers measure a little world of
// failing links, number what they measured, keep it in bounded spools and hand it over; one
// or two cores take the batches, decide the cycles and send the letters. What decides is
// the product's own code: the numbering and the outbox of the prober, the handing over and
// settling of the pipe, the live chain with its cycle clock, the desk. What surrounds them
// is modelled here: streams, a database with true transactions, the network, the mail
// server, the clocks. Tests hold the models to the real NATS and the real PostgreSQL.
//
// At each call from the code under test to what surrounds it, and once a second beside
// that, something may fail: the process dies before, within or after a transaction, a
// commit stays unknown, the database or the network goes away, a message comes twice, an
// acknowledgement is lost, a spool overflows or disappears, a clock is an hour off, a
// second core takes over, the mail server fails before or after it took the letter. In the
// end everything heals, and the database is held against what the probers did, against an
// undisturbed run of the same history, and against what must be true of any history.
//
// A round that fails is told with its seed and the fewest faults that still make it fail.
//
// The package tests no single decision and no speed: it asks only whether the parts,
// however they are torn, still tell one story.
package main

// Package operator simulates the desk of a network operator as its customers
// meet it: a mailbox behind a real SMTP server, and a trouble-ticket system (TMF621 v4).
//
// Each message that it takes is one file, named by order of arrival, whose
// first lines are the trace of the delivery (RFC 5321, 4.4) and whose rest is
// the message as it came. The folder is the only memory: a mailbox started
// again on it knows what came before, and so counts a message sent twice
// across a crash. How it answers is set at run time: it accepts, fails for a
// while or for good, answers slowly, or takes a message and breaks the
// connection before it says so, which is the one window in which a sender has
// to send again.
//
// It imports nothing of Vigie, so that it is an independent check of what
// Vigie sends, and it refuses to interpret a message: it reads the headers
// that identify it, nothing else.
package operator

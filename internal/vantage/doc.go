// Package vantage says who the probers elsewhere are, and which of them looks at what.
//
// A prober is added once: it gets a Credential, a file with a key of its own of which
// the store keeps the public half, and works until it is revoked. Split spreads the
// links over the probers that are at work by rendezvous hashing, so that one that
// comes or goes moves its own links and no others, and gives a share of the links a
// second vantage point.
//
// The package opens no connection, makes no key and knows no plan: pipe, prober and
// outpost do.
package vantage

//go:build linux

// Command benchhistory measures what keeping and showing the history costs, on this
// machine, and prints one line a figure as internal/figure describes. Every subject has
// a private PostgreSQL of its own in a directory that is removed afterwards, as durable
// as that of an installation, and fictitious links that come in through the product. CPU
// time is that of whole processes, so others may use the machine meanwhile; times are
// good on an idle one only.
//
//	benchhistory [--only NAME,...] [--minutes N] [--profile DIR]
package main

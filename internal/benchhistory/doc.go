//go:build linux

// Command benchhistory measures what keeping and showing the history costs, on this
// machine, and prints one line a figure as internal/figure describes. Every subject has
// a private PostgreSQL, as durable as that of an installation, and fictitious links that
// come in through the product. CPU time is that of whole processes, so others may use the
// machine meanwhile; times are good on an idle one only.
//
// What the pages ask is measured on thirteen months of 1,500 links, 4.5 GB that a
// demonstration's past writes in some minutes. They are kept, in the directory of --data or
// the user's cache, until --fresh or a change of what they are made of makes them anew.
// Other databases are removed afterwards.
//
//	benchhistory [--only NAME,...] [--minutes N] [--profile DIR] [--data DIR] [--fresh]
package main

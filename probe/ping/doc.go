// Package ping measures a few hosts on demand, one echo each at a time, and tells of
// every echo as soon as its outcome is known.
//
// Hosts share the batched engine of probe/icmp on Linux; addresses with a zone, and
// every host elsewhere, are measured by pro-bing, a socket for each echo. Both send nothing
// that the machine does not allow, and both keep what could not be sent apart from what
// was lost. Only the batched engine sees replies that come twice, late or forged.
//
// The package keeps nothing and judges nothing: its caller adds up.
package ping

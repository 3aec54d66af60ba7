// Package app wires Vigie: it opens the store, the pipe, the services and the
// outside world in order, stops them in reverse, and nothing else may import
// across floors as it does. It refuses to hold any decision of the domain.
package app

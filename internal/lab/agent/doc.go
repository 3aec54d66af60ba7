// Package agent answers SNMP requests (version 2c, RFC 1901 and 3416) as a router
// would: a pure function of the request and of the objects it may see.
//
// It has an encoding of its own and imports nothing of what Vigie asks with, so
// that it is an independent check. It keeps no socket and no clock, changes
// nothing, and is silent where an agent is: to a wrong community, to another
// version, to what is no request.
package agent

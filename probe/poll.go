package probe

import "time"

// Poll is one look at a router by SNMP, answered or not.
type Poll struct {
	// Link is the link whose router was asked.
	Link int64
	// At is when the answer came, or when it was given up: UTC, to the microsecond.
	At time.Time
	// Problem says why there is no answer; empty with one. What follows is zero
	// without an answer.
	Problem string
	// Uptime is how long the router has been running: snmpEngineTime (RFC 3411)
	// where it is told, else sysUpTime (RFC 3418), which wraps after 497 days; 0 where
	// neither is.
	Uptime time.Duration
	// Boots is snmpEngineBoots (RFC 3411), 0 where the router does not tell it.
	Boots int64
	// Access is the interface that carries the link; its Name is empty when the
	// router has no such interface.
	Access Interface
	// Further are the other interfaces that were asked for and are there, at most
	// MaxFurther.
	Further []Interface
	// Health is how the router is.
	Health Health
}

// MaxFurther is how many interfaces beside the access a poll asks for.
const MaxFurther = 3

// Interface is what a router tells of one of its interfaces (RFC 2863).
type Interface struct {
	Index int // ifIndex: a hint, it may move at a restart
	Name  string
	Alias string
	Up    bool // ifOperStatus is up(1)
	// SpeedBits is ifHighSpeed in bits per second, 0 when not told.
	SpeedBits int64
	// InOctets and OutOctets are ifHCInOctets and ifHCOutOctets: towards and from
	// the site on an access.
	InOctets, OutOctets uint64
	// Counted is false when the router does not keep 64-bit octet counters.
	Counted bool
	// Discontinuity is ifCounterDiscontinuityTime in hundredths of a second of
	// sysUpTime; it changes when the counters lost their continuity.
	Discontinuity uint32
}

package clock

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"vigie/probe"
)

// keepers are the time services that can be told by a file of theirs, the surest
// first.
var keepers = []struct{ name, file string }{
	{"chrony", "/run/chrony/chronyd.sock"},
	{"chrony", "/run/chrony/chronyd.pid"},
	{"systemd-timesyncd", "/run/systemd/timesync/synchronized"},
	{"ntpd", "/run/ntpd.pid"},
	{"openntpd", "/run/ntpd.sock"},
}

// Kernel is what the kernel knows of its clock (adjtimex(2), RFC 1589): the offset
// that is still being worked off, and the largest error that the service which keeps
// the clock admits. Without such a service neither is known.
func Kernel() probe.Clock {
	var t unix.Timex // no mode: it only reads
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return probe.Clock{}
	}
	return judge(state, t, keeper())
}

// judge reads what adjtimex gave. Offset is in microseconds, or nanoseconds where the
// status says so; errors are in microseconds.
func judge(state int, t unix.Timex, keeper string) probe.Clock {
	c := probe.Clock{Source: "kernel"}
	if keeper != "" {
		c.Source += ", " + keeper
	}
	if state == unix.TIME_ERROR || t.Status&unix.STA_UNSYNC != 0 {
		return c
	}
	unit := time.Microsecond
	if t.Status&unix.STA_NANO != 0 {
		unit = time.Nanosecond
	}
	c.Synchronised = true
	c.Offset = -time.Duration(t.Offset) * unit // what is to be added to the clock
	c.MaxError = time.Duration(t.Maxerror) * time.Microsecond
	return c
}

// keeper names the time service of this host, empty when none shows itself: another
// may keep the clock all the same, outside a container for example.
func keeper() string {
	for _, k := range keepers {
		if _, err := os.Lstat(k.file); err == nil {
			return k.name
		}
	}
	return ""
}

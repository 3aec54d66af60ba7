package stamp

import (
	"time"

	"golang.org/x/sys/unix"
)

// clockError asks the kernel how far its clock may be from UTC, and whether a time
// daemon keeps it (adjtimex(2), without a change).
func clockError() (within time.Duration, synchronised bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return unknownError, false
	}
	return time.Duration(t.Maxerror) * time.Microsecond, state != unix.TIME_ERROR
}

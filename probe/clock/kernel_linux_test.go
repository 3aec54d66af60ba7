package clock

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"vigie/probe"
)

func TestWhatTheKernelSaysIsRead(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		state  int
		timex  unix.Timex
		keeper string
		want   probe.Clock
	}{
		"kept, in nanoseconds": {
			unix.TIME_OK,
			unix.Timex{Status: unix.STA_NANO, Offset: -1_500_000, Maxerror: 4500},
			"chrony",
			probe.Clock{Source: "kernel, chrony", Offset: 1500 * time.Microsecond, MaxError: 4500 * time.Microsecond, Synchronised: true},
		},
		"kept, in microseconds, by one that hides": {
			unix.TIME_OK,
			unix.Timex{Offset: 20, Maxerror: 16},
			"",
			probe.Clock{Source: "kernel", Offset: -20 * time.Microsecond, MaxError: 16 * time.Microsecond, Synchronised: true},
		},
		"free": {
			unix.TIME_ERROR,
			unix.Timex{Status: unix.STA_UNSYNC, Maxerror: 16_000_000},
			"ntpd",
			probe.Clock{Source: "kernel, ntpd"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, judge(test.state, test.timex, test.keeper)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestThisKernelIsAsked(t *testing.T) {
	t.Parallel()
	if got := Kernel(); !strings.HasPrefix(got.Source, "kernel") || got.Synchronised && got.MaxError <= 0 {
		t.Errorf("got %+v", got)
	}
}

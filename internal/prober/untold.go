package prober

import (
	"slices"
	"time"

	"vigie/probe"
)

// untold are what looks found until our uplink is known to have been there all the time:
// where it goes after the last canary of a cycle was asked, only the next cycle shows that
// what links began to lose was ours. They belong to the goroutine of a run.
type untold []finding

// finding is a report that waits for a round of a canary that began after it.
type finding struct {
	report probe.Report
	after  time.Time
}

// mostUntold bounds what waits: the links passed over of two cycles, and their looks.
const mostUntold = 2*maxPassed + 2*looksAtOnce

func (u *untold) add(report probe.Report, after time.Time) {
	if len(*u) == mostUntold {
		*u = slices.Delete(*u, 0, 1)
	}
	*u = append(*u, finding{report, after})
}

// take removes those after which our uplink was seen to be there.
func (u *untold) take(there func(after time.Time) bool) []probe.Report {
	var sure []probe.Report
	*u = slices.DeleteFunc(*u, func(f finding) bool {
		is := there(f.after)
		if is {
			sure = append(sure, f.report)
		}
		return is
	})
	return sure
}

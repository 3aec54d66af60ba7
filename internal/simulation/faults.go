package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// mishap is what may go wrong at a hazard.
type mishap string

// The faults.
const (
	none mishap = ""

	killCore       mishap = "core killed"
	killProber     mishap = "prober killed"
	secondCore     mishap = "second core leads"
	dbAway         mishap = "database away"
	dbBroken       mishap = "database connection lost in a transaction"
	dbKillAtEnd    mishap = "core killed at the end of a transaction"
	dbKillAfter    mishap = "core killed after a commit"
	dbUnknown      mishap = "commit unknown"
	dbAgain        mishap = "transaction run again"
	ackLost        mishap = "acknowledgement lost"
	publishFails   mishap = "publish refused"
	publishUnknown mishap = "publish unknown"
	linkCut        mishap = "link cut"
	linkTwice      mishap = "message again later"
	spoolLost      mishap = "spool lost"
	hubLost        mishap = "core's stream lost"
	diskFull       mishap = "disk full at the prober"
	clockOff       mishap = "clock an hour off"
	mailRefused    mishap = "mail refused before"
	mailUnsure     mishap = "mail taken, answer lost"
	mailBroken     mishap = "mail broken off, not taken"
	mailBounced    mishap = "mail refused for good"
	jobAgain       mishap = "job run again"
	jobAside       mishap = "others work while a letter leaves"
)

// injected is a fault and the hazard at which it struck.
type injected struct {
	hazard int
	what   mishap
}

// faults decides what fails. A hazard is a point at which something may; they are counted
// as they come. Without a script each is drawn from the seed, with one only what it says
// happens.
type faults struct {
	seed    uint64
	rate    float64 // of a hazard of a call, without a script
	script  map[int]mishap
	passed  int
	healing bool
	struck  []injected
}

// at passes a hazard. weight multiplies the rate.
func (f *faults) at(weight float64, kinds ...mishap) mishap {
	if f.healing {
		return none
	}
	f.passed++
	what := none
	if f.script != nil {
		what = f.script[f.passed]
	} else if r := f.rand(); r.Float64() < f.rate*weight {
		what = kinds[r.IntN(len(kinds))]
	}
	if what != none {
		f.struck = append(f.struck, injected{f.passed, what})
	}
	return what
}

// rand gives the chance of the present hazard: the same with and without a script.
func (f *faults) rand() *rand.Rand { return rand.New(rand.NewPCG(f.seed, uint64(f.passed))) }

// length draws how long a fault lasts that just struck.
func (f *faults) length(least, most time.Duration) time.Duration {
	return least + time.Duration(rand.New(rand.NewPCG(f.seed+1, uint64(f.passed))).Int64N(int64(most-least)))
}

// chosen draws one of n, for a fault that just struck.
func (f *faults) chosen(n int) int {
	return rand.New(rand.NewPCG(f.seed+2, uint64(f.passed))).IntN(n)
}

func (i injected) String() string { return fmt.Sprintf("%s (hazard %d)", i.what, i.hazard) }

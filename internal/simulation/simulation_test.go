package main

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func TestWhateverFailsNothingIsLostAndNothingDoneTwice(t *testing.T) {
	t.Parallel()
	var table bytes.Buffer
	if !run(t.Context(), &table, io.Discard, 1, 120) {
		t.Errorf("rounds failed:\n%s", table.String())
	}
	for _, f := range []mishap{
		killCore, killProber, secondCore, dbAway, dbBroken, dbKillAtEnd, dbKillAfter, dbUnknown, dbAgain, ackLost, publishFails,
		publishUnknown, linkCut, linkTwice, spoolLost, hubLost, diskFull, clockOff, mailRefused, mailUnsure, mailBroken, jobAgain, jobAside,
	} {
		if !strings.Contains(table.String(), "  "+string(f)+" ") {
			t.Errorf("no round met the fault %q:\n%s", f, table.String())
		}
	}
}

func TestARoundFollowsFromItsSeedAndItsFaults(t *testing.T) {
	t.Parallel()
	first, err := play(7, nil, model)
	if err != nil {
		t.Fatal(err)
	}
	again, err := play(7, nil, model)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.trace, again.trace); diff != "" || len(first.struck) == 0 {
		t.Errorf("the same seed (-first +again):\n%s", diff)
	}
	scripted, _ := replayed(7, first.struck)
	if diff := cmp.Diff(first.trace, scripted.trace); diff != "" {
		t.Errorf("the same faults as a script (-drawn +scripted):\n%s", diff)
	}
	calm, _ := replayed(7, nil)
	if len(calm.struck) > 0 {
		t.Errorf("a round without a fault had %v", calm.struck)
	}
}

func TestAFailureIsToldWithTheFaultsThatItTakes(t *testing.T) {
	t.Parallel()
	var all []injected
	for i := range 100 {
		all = append(all, injected{i, dbAway})
	}
	failed := outcome{seed: 5, struck: all, broken: []string{"two letters"}}
	least := shrink(failed, func(faults []injected) (outcome, bool) {
		o := outcome{seed: 5, struck: faults}
		return o, slices.Contains(faults, all[17]) && slices.Contains(faults, all[80])
	})
	if diff := cmp.Diff([]injected{all[17], all[80]}, least.struck, cmp.AllowUnexported(injected{})); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	want := "seed 5: two letters; again: go run ./internal/simulation --seed 5 --rounds 1"
	if got := failed.tell(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

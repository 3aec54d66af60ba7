//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// What the program does when a test starts it again.
const (
	tellTime = "VIGIE_CHAOS_TELL_TIME"
	doRounds = "VIGIE_CHAOS_ROUNDS" // with this vigie
)

func TestMain(m *testing.M) {
	if os.Getenv(tellTime) != "" {
		began := time.Now()
		time.Sleep(20 * time.Millisecond)
		fmt.Println(time.Now().Unix(), time.Since(began) < time.Minute)
		return
	}
	if vigie := os.Getenv(doRounds); vigie != "" {
		o := options{seed: 26, rounds: 3, jobs: 1, vigie: vigie}
		os.Exit(status(os.Stderr, run(context.Background(), o, os.Stdout, os.Stderr)))
	}
	os.Exit(m.Run())
}

func drawn(o options) (list []string) {
	for _, r := range draw(o) {
		list = append(list, r.fault.name)
	}
	return list
}

func TestASeedDrawsItsFaultsAndARunOfTwoHundredHasThemAll(t *testing.T) {
	t.Parallel()
	o := options{seed: 3, rounds: 200}
	list := drawn(o)
	if len(list) != o.rounds {
		t.Errorf("%d rounds, want %d", len(list), o.rounds)
	}
	if diff := cmp.Diff(list, drawn(o)); diff != "" {
		t.Errorf("drawn again (-first +again):\n%s", diff)
	}
	times := map[string]int{}
	for _, name := range list {
		times[name]++
	}
	for _, f := range faults {
		if times[f.name] == 0 {
			t.Errorf("%s is never drawn", f.name)
		}
	}
	if times[longAway] != 1 {
		t.Errorf("the long absence comes %d times, want once", times[longAway])
	}
	if cmp.Diff(list, drawn(options{seed: 4, rounds: 200})) == "" {
		t.Error("another seed draws the same faults in the same order")
	}
}

func TestARunOfOneFaultHasNoOther(t *testing.T) {
	t.Parallel()
	for _, only := range []string{"kill-two", longAway} {
		for _, name := range drawn(options{seed: 1, rounds: 5, only: only}) {
			if name != only {
				t.Errorf("only %s: %s", only, name)
			}
		}
	}
}

func TestAProgramLivesByAClockThatIsAnHourWrong(t *testing.T) {
	t.Parallel()
	if !clockShifts {
		t.Skip("this processor's vDSO is not known here")
	}
	for _, shift := range []time.Duration{0, time.Hour, -time.Hour} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), tellTime+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{}
		var out bytes.Buffer
		cmd.Stdout = &out
		runtime.LockOSThread()
		err := startShifted(cmd, shift)
		runtime.UnlockOSThread()
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			t.Skipf("this machine lets nobody rewrite a process: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		var at int64
		var steady bool
		if _, err := fmt.Sscan(out.String(), &at, &steady); err != nil {
			t.Fatal(err)
		}
		if wrong := time.Unix(at, 0).Sub(time.Now().Add(shift)).Abs(); wrong > time.Minute || !steady {
			t.Errorf("shifted by %s: the clock is wrong by another %s, monotonic %t", shift, wrong, steady)
		}
	}
}

func TestAFewRoundsHold(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and breaks an installation")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root, for network namespaces and small file systems")
	}
	vigie := filepath.Join(t.TempDir(), "vigie")
	if out, err := exec.Command("go", "build", "-o", vigie, "vigie/cmd/vigie").CombinedOutput(); err != nil {
		t.Fatalf("build vigie: %v\n%s", err, out)
	}
	again := exec.Command(os.Args[0])
	again.Env = append(os.Environ(), doRounds+"="+vigie)
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS, Pdeathsig: syscall.SIGTERM}
	var out, talk bytes.Buffer
	again.Stdout, again.Stderr = &out, &talk
	runtime.LockOSThread() // whose end the signal tells of
	defer runtime.UnlockOSThread()
	err := again.Run()
	if strings.Contains(talk.String(), "the lab needs") {
		t.Skipf("this machine gives no lab:\n%s", talk.String())
	}
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), talk.String())
	}
	if !regexp.MustCompile(`(?m)^ +all +3 .* 0$`).MatchString(out.String()) {
		t.Errorf("three rounds and no violation are wanted:\n%s\n%s", out.String(), talk.String())
	}
}

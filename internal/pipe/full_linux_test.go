package pipe_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vigie/internal/pipe"
	"vigie/probe"
)

// onSmallDisk says that the test has a mount namespace of its own.
const onSmallDisk = "VIGIE_TEST_SMALL_DISK"

func TestAStreamOnADiskThatWasFullTakesBatchesAgain(t *testing.T) {
	t.Parallel()
	if os.Getenv(onSmallDisk) == "" {
		if os.Geteuid() != 0 {
			t.Skip("needs root, to mount a small file system")
		}
		again := exec.Command(os.Args[0], "-test.run=^TestAStreamOnADiskThatWasFullTakesBatchesAgain$", "-test.timeout=100s")
		again.Env = append(os.Environ(), onSmallDisk+"=1")
		again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
		out, err := again.CombinedOutput()
		if errors.Is(err, unix.EPERM) {
			t.Skipf("this machine gives no mount namespaces: %v", err)
		}
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	dir := t.TempDir()
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("vigie", dir, "tmpfs", 0, "size=4m")); err != nil {
		t.Skipf("this machine mounts no small file system: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	p := pipe.New(pipe.Options{Dir: filepath.Join(dir, "stream"), Log: slog.New(slog.DiscardHandler)})
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	publish(t, p, 1)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	large := make([]probe.Observation, 1000) // it does not fit into what is left of a page
	for i := range large {
		large[i] = probe.Observation{Target: int64(i + 1), Kind: probe.Link, At: time.Unix(1764000000, 0).UTC()}
	}
	taken := []uint64{1}
	take := func(seq uint64) bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Publish(ctx, probe.Batch{Prober: "a", Seq: seq, Cycle: large[0].At, CycleLength: time.Second, Observations: large}); err != nil {
			return false
		}
		taken = append(taken, seq)
		return true
	}
	if take(2) {
		t.Fatal("a batch is taken on a full disk")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); !take(3); {
		if time.Now().After(end) {
			t.Fatal("nothing is taken once there is room again")
		}
	}
	got := collect(t, p, len(taken), never)
	if len(got) != 2 || got[0] != 1 || got[1] != 3 {
		t.Errorf("applied %v, want those taken: %v", got, taken)
	}
}

package lab_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vigie/internal/lab"
)

// asNobody marks the copy of the test binary that has no rights, and that which it
// starts in a user namespace.
const asNobody = "LAB_TEST_AS_NOBODY"

const nobody = 65534

// The copy without rights runs the copy in the user namespace, which starts a
// network and hears an echo in it.
func TestTheLabRunsWithoutRootInAUserNamespace(t *testing.T) {
	switch {
	case os.Getenv(asNobody) == "":
		t.Parallel()
		output, status := runAsNobody(t)
		if strings.Contains(output, "the lab needs a user namespace to run without root") {
			t.Skip("this machine gives no user namespace: " + lastLine(output))
		}
		if status != 0 || !strings.Contains(output, "an echo came back in the user namespace") {
			t.Errorf("status %d:\n%s", status, output)
		}
	case !lab.Capable():
		status, err := lab.AgainInUserNamespace(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if status != 0 {
			t.Errorf("status %d, want 0", status)
		}
	default:
		region := topology(2)
		ping := newPinger(t, start(t, region, nil))
		if got := len(ping.ping(t, region.Links[0].Addr, 3, time.Millisecond)); got != 3 {
			t.Errorf("%d echoes came back, want 3", got)
		}
		t.Log("an echo came back in the user namespace")
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// runAsNobody runs a copy of this test that has no capability, in a mount namespace
// where /dev/net/tun is open to everybody, as it is on most machines. A test that
// has no rights itself takes the machine as it is.
func runAsNobody(t *testing.T) (output string, status int) {
	t.Helper()
	binary, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for d := dir; len(d) > len(os.TempDir()); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copied := filepath.Join(dir, "lab.test")
	if err := os.WriteFile(copied, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	again := exec.Command(copied, "-test.run=^"+t.Name()+"$", "-test.v")
	again.Dir = dir
	again.Env = append(os.Environ(), asNobody+"=1")
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread's mounts end with it
		if os.Geteuid() == 0 {
			again.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			if err := openTUNToAll(dir); err != nil {
				done <- err
				return
			}
		}
		combined, err := again.CombinedOutput()
		output = string(combined)
		if again.ProcessState != nil {
			err = nil
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skip("no copy without rights can be started: ", err)
	}
	return output, again.ProcessState.ExitCode()
}

// openTUNToAll covers /dev/net/tun by one that everybody may open, for the calling
// thread and what it starts.
func openTUNToAll(dir string) error {
	open := filepath.Join(dir, "tun")
	for _, step := range []func() error{
		func() error { return unix.Unshare(unix.CLONE_NEWNS) },
		func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") },
		func() error { return unix.Mknod(open, unix.S_IFCHR|0o666, int(unix.Mkdev(10, 200))) },
		func() error { return os.Chmod(open, 0o666) },
		func() error { return unix.Mount(open, "/dev/net/tun", "", unix.MS_BIND, "") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func TestAProgramInItsUserNamespaceEndsWhenItIsAsked(t *testing.T) {
	switch {
	case os.Getenv(asNobody) == "":
		t.Parallel()
		output, status := runAsNobody(t)
		if strings.Contains(output, "the lab needs a user namespace to run without root") {
			t.Skip("this machine gives no user namespace: " + lastLine(output))
		}
		if status != 0 {
			t.Errorf("status %d:\n%s", status, output)
		}
	case !lab.Capable():
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if status, err := lab.AgainInUserNamespace(ctx); err != nil || status == 0 {
			t.Errorf("status %d, %v; want the one of a program that a signal ended", status, err)
		}
	default:
		time.Sleep(time.Minute) // the signal comes first
	}
}

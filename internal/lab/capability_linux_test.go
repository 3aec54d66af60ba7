package lab_test

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vigie/internal/lab"
)

// withoutCapability marks the copy of the test binary that starts a network
// and prints the sentence it gets.
const withoutCapability = "LAB_TEST_WITHOUT_CAPABILITY"

func TestStartSaysWhichCapabilityIsMissing(t *testing.T) {
	if os.Getenv(withoutCapability) != "" {
		printRefusal(t)
		return
	}
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can start a copy of the test that lacks one capability")
	}
	for capability, want := range map[uintptr]string{
		unix.CAP_SYS_ADMIN: "the lab needs CAP_SYS_ADMIN to make network namespaces: operation not permitted",
		unix.CAP_NET_ADMIN: "the lab needs CAP_NET_ADMIN to carry packets between its namespaces: operation not permitted",
	} {
		got, err := runWithout(capability)
		if err != nil {
			t.Errorf("run without capability %d: %v\n%s", capability, err, got)
		}
		if !strings.Contains(got, want) {
			t.Errorf("without capability %d got\n%s\nwant %s", capability, got, want)
		}
	}
}

func printRefusal(t *testing.T) {
	network, err := lab.New(topology(1), nil, seed, routers(topology(1)))
	if err != nil {
		t.Fatal(err)
	}
	err = network.Start()
	var unavailable *lab.UnavailableError
	if !errors.As(err, &unavailable) || !errors.Is(err, unix.EPERM) {
		t.Fatalf("Start returned %v, want an UnavailableError", err)
	}
	if err := network.Stop(); err != nil {
		t.Fatalf("Stop after a refused Start: %v", err)
	}
	t.Log(err)
}

// runWithout runs a copy of this test that cannot have one capability. The
// bounding set belongs to the thread, which ends with its goroutine.
func runWithout(capability uintptr) (output string, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
			return
		}
		copied := exec.Command("/proc/self/exe", "-test.run=^TestStartSaysWhichCapabilityIsMissing$", "-test.v")
		copied.Env = append(os.Environ(), withoutCapability+"=1")
		var combined []byte
		combined, err = copied.CombinedOutput()
		output = string(combined)
	}()
	<-done
	return output, err
}

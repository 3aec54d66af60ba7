package cluster_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vigie/internal/store/cluster"
)

func TestAPostmasterThatCannotBeLookedIntoIsKnownByItsCommandLine(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "postgres")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nread line\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	stands := exec.Command(program, "-D", "/srv/vigie/data", "-c", "port=5432")
	input, err := stands.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stands.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = stands.Wait() // the end of its input ends it, with a status that says so
	})
	process := fmt.Sprintf("/proc/%d", stands.Process.Pid)
	for data, want := range map[string]bool{"/srv/vigie/data": true, "/srv/vigie": false, "/srv/vigie/data2": false} {
		if got := cluster.Serves(process, data); got != want {
			t.Errorf("it works in %s: %v, want %v", data, got, want)
		}
	}
	if cluster.Serves("/proc/1", "/srv/vigie/data") {
		t.Error("the first process is taken for a server")
	}
}

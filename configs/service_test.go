package configs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// unit is the unit's text.
func unit(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("systemd", "vigie.service"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheServiceHasNothingButRawSockets(t *testing.T) {
	t.Parallel()
	lines := map[string]bool{}
	for line := range strings.Lines(unit(t)) {
		lines[strings.TrimSpace(line)] = true
	}
	for _, want := range []string{
		"User=vigie", "AmbientCapabilities=CAP_NET_RAW", "CapabilityBoundingSet=CAP_NET_RAW", "NoNewPrivileges=yes", "ProtectSystem=strict",
		"ProtectHome=yes", "StateDirectory=vigie", "ConfigurationDirectory=vigie", "Restart=on-failure", "KillMode=mixed",
	} {
		if !lines[want] {
			t.Errorf("the unit does not say %s", want)
		}
	}
}

func TestSystemdTakesTheService(t *testing.T) {
	t.Parallel()
	verifier, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze on this machine")
	}
	// The program need not be installed for the rest to be right.
	installed := "/usr/local/bin/vigie "
	text := unit(t)
	if strings.Count(text, installed) != 1 {
		t.Fatalf("the unit does not start %s once", installed)
	}
	file := filepath.Join(t.TempDir(), "vigie.service")
	if err := os.WriteFile(file, []byte(strings.Replace(text, installed, "/bin/true ", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(verifier, "verify", file).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// started is what a shipped unit runs, as the command line reads it.
func started(t *testing.T, name string) (string, cli) {
	t.Helper()
	unit, err := os.ReadFile(filepath.Join("..", "..", "configs", "systemd", name))
	if err != nil {
		t.Fatal(err)
	}
	_, line, ok := strings.Cut(string(unit), "\nExecStart=")
	if !ok {
		t.Fatalf("%s has no ExecStart", name)
	}
	line, _, _ = strings.Cut(line, "\n")
	var c cli
	parser, err := kong.New(&c, kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(strings.Fields(line)[1:])
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return parsed.Command(), c
}

func TestTheServicesStartCommandsThatExist(t *testing.T) {
	t.Parallel()
	command, c := started(t, "vigie.service")
	if command != "serve" || c.Serve.Demo || c.Serve.Config != "/etc/vigie/vigie.yaml" {
		t.Errorf("the unit runs %q with %+v, want the real thing under /etc/vigie", command, c.Serve)
	}
	command, c = started(t, "vigie-prober.service")
	if command != "prober run" || c.Prober.Run.Credential != "/etc/vigie/prober.credential" {
		t.Errorf("the unit runs %q with %+v, want a prober with the credential under /etc/vigie", command, c.Prober.Run)
	}
}

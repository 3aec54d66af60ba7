package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestTheServiceStartsACommandThatExists(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile(filepath.Join("..", "..", "configs", "systemd", "vigie.service"))
	if err != nil {
		t.Fatal(err)
	}
	_, line, ok := strings.Cut(string(unit), "\nExecStart=")
	if !ok {
		t.Fatal("the unit has no ExecStart")
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
	if parsed.Command() != "serve" || c.Serve.Demo || c.Serve.Config != "/etc/vigie/vigie.yaml" {
		t.Errorf("the unit runs %q with %+v, want the real thing under /etc/vigie", parsed.Command(), c.Serve)
	}
}

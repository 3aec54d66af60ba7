package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vigie/probe/ping"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"vigie": main})
}

// TestCommandLines runs the commands as they are typed, each script in a data
// directory of its own.
func TestCommandLines(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Condition: func(name string) (bool, error) {
			if name != "echoes" {
				return false, fmt.Errorf("condition %q is not known", name)
			}
			o := ping.Options{Hosts: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Count: 1, Interval: time.Second, Timeout: time.Millisecond}
			err := ping.Run(context.Background(), o, func(ping.Echo) {})
			return !errors.Is(err, os.ErrPermission), nil
		},
		Setup: func(env *testscript.Env) error {
			// Outside the script's own directory, which the database's account
			// could not pass through.
			dir, err := os.MkdirTemp("", "vigie-script-")
			if err != nil {
				return err
			}
			env.Defer(func() { _ = os.RemoveAll(dir) })
			if err := os.Chmod(dir, 0o711); err != nil {
				return err
			}
			env.Setenv("VIGIE_DATA", dir)
			env.Setenv("ROOT", root)
			env.Setenv("LANG", "fr_FR.UTF-8")
			return nil
		},
	})
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vigie/probe/ping"
	"vigie/probe/stamp"
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
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Vie scolaire") }))
	t.Cleanup(site.Close)
	device := serveFirewall(t)
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
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"reflects": reflects},
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
			env.Setenv("SITE", site.URL)
			env.Setenv("AGENT", device)
			env.Setenv("LANG", "fr_FR.UTF-8")
			port, err := freePort()
			if err != nil {
				return err
			}
			env.Setenv("PORT", port)
			return nil
		},
	})
}

// freePort is a UDP port of 127.0.0.1 on which nobody listens.
func freePort() (string, error) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return strconv.Itoa(conn.LocalAddr().(*net.UDPAddr).Port), conn.Close()
}

// reflects waits until a reflector started in the background answers on a port, under
// the key of a file if one is named.
func reflects(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: reflects PORT [KEY-FILE]")
	}
	reflector, err := netip.ParseAddrPort("127.0.0.1:" + args[0])
	ts.Check(err)
	o := stamp.Options{Reflector: reflector, Count: 1, Interval: time.Second, Timeout: 100 * time.Millisecond}
	if len(args) == 2 {
		o.Key, err = readKey(ts.MkAbs(args[1]))
		ts.Check(err)
	}
	for range 100 {
		standing, err := stamp.Run(context.Background(), o, func(stamp.Packet, stamp.Standing) {})
		ts.Check(err)
		if standing.Answered {
			return
		}
	}
	ts.Fatalf("no reflector answers on port %s", args[0])
}

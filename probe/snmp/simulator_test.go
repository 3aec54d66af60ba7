package snmp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vigie/probe/snmp"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		captured.end()
		os.Exit(code)
	}))
}

// captures are walks of real devices. Their licence keeps them out of this tree.
var captures = filepath.Join("..", "..", "..", "shared", "data", "snmp")

// captured is the one simulator of these tests.
var captured simulator

// simulator is a program of its own that answers as the devices of the captures did.
// The community says which: it is the name of the file.
type simulator struct {
	once    sync.Once
	addr    netip.AddrPort
	names   []string
	absent  string // why there is none
	failed  error
	dir     string
	running *exec.Cmd
	hold    io.Closer // as long as it is open, the program runs
}

// devices returns where the captured devices answer, and their names. Without the
// program or the captures the test is skipped; a program that does not start fails it.
func devices(t *testing.T) (netip.AddrPort, []string) {
	t.Helper()
	captured.once.Do(func() { captured.failed = captured.start() })
	switch {
	case captured.failed != nil:
		t.Fatal(captured.failed)
	case captured.absent != "":
		t.Skip(captured.absent)
	}
	return captured.addr, captured.names
}

// device is what to ask for one of them.
func device(t *testing.T, name string) snmp.Router {
	t.Helper()
	addr, _ := devices(t)
	return snmp.Router{Link: 17, Addr: addr, Credential: snmp.Credential{Version: snmp.V2c, Community: name}}
}

func (s *simulator) start() error {
	program, err := exec.LookPath("snmpsimd")
	if err != nil {
		s.absent = "no snmpsimd on this machine: make snmpsim installs it"
		return nil
	}
	files, err := filepath.Glob(filepath.Join(captures, "*.snmprec"))
	if err != nil || len(files) == 0 {
		s.absent = "no captures of devices beside this tree"
		return err
	}
	if s.dir, err = os.MkdirTemp("", "vigie-snmpsim-"); err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	for _, file := range files {
		if err := copyFile(filepath.Join(data, filepath.Base(file)), file); err != nil {
			return err
		}
		s.names = append(s.names, strings.TrimSuffix(filepath.Base(file), ".snmprec"))
	}
	if s.addr, err = freePort(); err != nil {
		return err
	}
	arguments := []string{
		program, "--v2c-arch", "--logging-method=null", "--agent-udpv4-endpoint=" + s.addr.String(),
		"--data-dir=" + data, "--cache-dir=" + filepath.Join(s.dir, "cache"),
		"--variation-modules-dir=" + filepath.Join(s.dir, "none"),
	}
	if os.Getuid() == 0 { // it refuses root unless it is told
		arguments = append(arguments, "--process-user=root", "--process-group=root")
	}
	return s.run(arguments)
}

// run starts the program and waits until it answers. A shell between them ends it
// when this process is gone, whatever ended that.
func (s *simulator) run(arguments []string) error {
	const script = `"$@" </dev/null >/dev/null 2>&1 & cat >/dev/null; kill $!; wait $!`
	s.running = exec.Command("sh", append([]string{"-c", script, "sh"}, arguments...)...)
	hold, err := s.running.StdinPipe()
	if err != nil {
		return err
	}
	s.hold = hold
	if err := s.running.Start(); err != nil {
		return err
	}
	p, err := snmp.New(snmp.Options{Timeout: 200 * time.Millisecond, InFlight: 1})
	if err != nil {
		return err
	}
	// Not every device tells how long it has been running; that it answers is enough.
	ask := snmp.Router{Addr: s.addr, Credential: snmp.Credential{Version: snmp.V2c, Community: s.names[0]}}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		got := p.Poll(context.Background(), ask)
		if got.Problem != snmp.ProblemRefused && got.Problem != snmp.ProblemSilent {
			return nil
		}
	}
	return errors.New("snmpsimd does not answer on " + s.addr.String())
}

func (s *simulator) end() {
	if s.hold != nil {
		_ = s.hold.Close()
		_ = s.running.Wait() // it was killed
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

func copyFile(to, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

func freePort() (netip.AddrPort, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("find a free port: %w", err)
	}
	return conn.LocalAddr().(*net.UDPAddr).AddrPort(), conn.Close()
}

// Not every device tells for how long it has been running.
var withoutUptime = map[string]bool{"aos6_aos6": true, "iosxe_c1100tgx": true, "iosxe_isr4321": true}

func TestEveryCapturedDeviceIsPolled(t *testing.T) {
	t.Parallel()
	_, names := devices(t)
	p := careful(t)
	for _, name := range names {
		got := p.Poll(t.Context(), device(t, name))
		if got.Problem != "" || (got.Uptime > 0) == withoutUptime[name] {
			t.Errorf("%s: %+v, want how long it has been running unless it does not tell", name, got)
		}
	}
}

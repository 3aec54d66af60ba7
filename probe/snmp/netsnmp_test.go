package snmp_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vigie/probe/snmp"
)

// netSNMP starts a real agent on 127.0.0.1 that knows a community and some users,
// and returns where it listens. Without the program the test is skipped.
func netSNMP(t *testing.T) netip.AddrPort {
	t.Helper()
	program, err := exec.LookPath("snmpd")
	if err != nil {
		program = "/usr/sbin/snmpd"
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("no snmpd on this machine: make snmpd installs it")
	}
	free, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	addr := free.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "snmpd.conf")
	lines := []string{
		"rocommunity " + community,
		"createUser nobody-checks",
		"createUser sha1 SHA authentic-1 AES encrypted-1",
		"createUser sha256 SHA-256 authentic-2 AES encrypted-2",
		"createUser only-auth SHA authentic-3",
		"rouser nobody-checks noauth", "rouser sha1 priv", "rouser sha256 priv", "rouser only-auth auth",
		`override .1.3.6.1.2.1.31.1.1.1.18.1 octet_str "acces BRE-1001"`,
	}
	if err := os.WriteFile(conf, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	command := exec.CommandContext(t.Context(), program, "-f", "-Lo", "-C", "-c", conf, "-I", "-smux", "udp:"+addr.String())
	command.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "MIBS=")
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it may have ended by itself
		_ = command.Wait()
		if t.Failed() {
			t.Logf("snmpd said:\n%s", output.String())
		}
	})
	return addr
}

// patient asks until a starting agent answers.
func patient(t *testing.T, p *snmp.Poller, r snmp.Router) (attempts int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		attempts++
		if got := p.Poll(t.Context(), r); got.Problem != snmp.ProblemRefused && got.Problem != snmp.ProblemSilent {
			return attempts
		}
	}
	t.Fatal("snmpd does not answer")
	return 0
}

func TestARealAgentAnswersEveryVersionAndUser(t *testing.T) {
	t.Parallel()
	addr, p := netSNMP(t), poller(t)
	r := asked(addr)
	patient(t, p, r)
	v3 := func(c snmp.Credential) snmp.Credential { c.Version = snmp.V3; return c }
	for name, c := range map[string]snmp.Credential{
		"version 2c":          v2c(),
		"no authentication":   v3(snmp.Credential{User: "nobody-checks"}),
		"authentication only": v3(snmp.Credential{User: "only-auth", Auth: "SHA", AuthPassword: "authentic-3"}),
		"SHA-1 and AES":       v3(snmp.Credential{User: "sha1", Auth: "SHA", AuthPassword: "authentic-1", Priv: "AES", PrivPassword: "encrypted-1"}),
		"SHA-256 and AES":     v3(snmp.Credential{User: "sha256", Auth: "SHA256", AuthPassword: "authentic-2", Priv: "AES", PrivPassword: "encrypted-2"}),
	} {
		t.Run(name, func(t *testing.T) {
			r := asked(addr)
			r.Credential = c
			var before uint64
			for round := range 3 { // found, remembered, remembered
				got := p.Poll(t.Context(), r)
				access := got.Access
				if got.Problem != "" || access.Name != "lo" || access.Index != 1 || !access.Up || !access.Counted || got.Boots < 1 {
					t.Fatalf("round %d: %+v, want the loopback that counts", round, got)
				}
				if got.Uptime < 0 || got.Uptime > time.Minute {
					t.Errorf("round %d: up for %v, want some seconds", round, got.Uptime)
				}
				if access.Alias != "acces BRE-1001" || access.InOctets < before {
					t.Errorf("round %d: %+v, want its alias and a counter from %d on", round, access, before)
				}
				before = access.InOctets
			}
		})
	}
}

func TestARealAgentRefusesAWrongSecretInWords(t *testing.T) {
	t.Parallel()
	addr, p := netSNMP(t), poller(t)
	patient(t, p, asked(addr))
	good := snmp.Credential{
		Version: snmp.V3, User: "sha1", Auth: "SHA", AuthPassword: "authentic-1", Priv: "AES", PrivPassword: "encrypted-1",
	}
	for name, test := range map[string]struct {
		change func(*snmp.Credential)
		want   string
	}{
		"user":           {func(c *snmp.Credential) { c.User = "stranger" }, snmp.ProblemCredential},
		"authentication": {func(c *snmp.Credential) { c.AuthPassword = "authentic-9" }, snmp.ProblemCredential},
		"level":          {func(c *snmp.Credential) { c.User, c.AuthPassword = "only-auth", "authentic-3" }, snmp.ProblemCredential},
		"no password":    {func(c *snmp.Credential) { *c = snmp.Credential{Version: snmp.V3, User: "stranger"} }, snmp.ProblemCredential},
		"encryption":     {func(c *snmp.Credential) { c.PrivPassword = "encrypted-9" }, snmp.ProblemSilent},
	} {
		r := asked(addr)
		r.Credential = good
		test.change(&r.Credential)
		if got := p.Poll(t.Context(), r); got.Problem != test.want {
			t.Errorf("%s: problem %q, want %q", name, got.Problem, test.want)
		}
	}
}

func TestAnAgentThatRestartedIsMetAnew(t *testing.T) {
	t.Parallel()
	first, second, p := netSNMP(t), netSNMP(t), poller(t)
	patient(t, p, asked(first))
	patient(t, p, asked(second))
	// One port stands for a router whose agent is replaced by another.
	var target atomic.Value
	addr := serve(t, func(request []byte) [][]byte {
		answer, err := relay(request, target.Load().(netip.AddrPort))
		if err != nil {
			return nil
		}
		return [][]byte{answer}
	})
	r := asked(addr)
	r.Credential = snmp.Credential{
		Version: snmp.V3, User: "sha256", Auth: "SHA256", AuthPassword: "authentic-2", Priv: "AES", PrivPassword: "encrypted-2",
	}
	for _, agent := range []netip.AddrPort{first, first, second, second} {
		target.Store(agent)
		if got := p.Poll(t.Context(), r); got.Problem != "" || got.Access.Name != "lo" {
			t.Errorf("asked %v: %+v, want the loopback", agent, got)
		}
	}
}

func TestARealAgentIsWalkedInEveryVersion(t *testing.T) {
	t.Parallel()
	addr, p := netSNMP(t), poller(t)
	r := asked(addr)
	patient(t, p, r)
	for _, c := range []snmp.Credential{v2c(), {
		Version: snmp.V3, User: "sha256", Auth: "SHA256", AuthPassword: "authentic-2", Priv: "AES", PrivPassword: "encrypted-2",
	}} {
		r.Credential = c
		got, err := p.Walk(t.Context(), r)
		if err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		var loopback, home bool
		for _, port := range got.Ports {
			loopback = loopback || port.Name == "lo" && port.Type == "softwareLoopback" && port.Oper == "up" && port.Alias == "acces BRE-1001"
		}
		for _, a := range got.Addresses {
			home = home || a.String() == "127.0.0.1/8" && a.Port == 1
		}
		if !loopback || !home || got.Problem != "" || got.System.Vendor != "Net-SNMP" {
			t.Errorf("%v: %+v, want the loopback and its address", c, got)
		}
	}
}

// relay carries one request to an agent and one answer back.
func relay(request []byte, agent netip.AddrPort) ([]byte, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(agent))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	answer := make([]byte, 2048)
	n, err := conn.Read(answer)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	return answer[:n], nil
}

package app

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// apart says that the test runs in a network namespace of its own.
const apart = "VIGIE_TEST_APART"

// cutFor lengthens the cut, e.g. 5m; make cut-off sets it.
const cutFor = "VIGIE_TEST_CUT"

func cutLength(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(cutFor)
	if text == "" {
		return 3 * time.Second
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", cutFor, err)
	}
	return length
}

func sh(line string) (string, error) {
	words := strings.Fields(line)
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", line, err, out)
	}
	return string(out), nil
}

func must(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if _, err := sh(line); err != nil {
			t.Fatal(err)
		}
	}
}

// connect gives a prober in a network namespace of its own a cable to the core's.
func (k *killable) connect(t *testing.T, n int) {
	t.Helper()
	pid := k.cmd.Process.Pid
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "the prober is in its namespace", func() bool {
		its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
		return err == nil && its != own
	})
	must(t,
		fmt.Sprintf("ip link add cable%d type veth peer name uplink netns %d", n, pid),
		fmt.Sprintf("ip addr add 198.18.%d.1/24 dev cable%d", n, n),
		fmt.Sprintf("ip link set cable%d up", n),
		fmt.Sprintf("nsenter -t %d -n ip link set lo up", pid),
		fmt.Sprintf("nsenter -t %d -n ip addr add 198.18.%d.2/24 dev uplink", pid, n),
		fmt.Sprintf("nsenter -t %d -n ip link set uplink up", pid))
}

func TestTwoProbersAndACoreInThreeNamespaces(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server and probers in namespaces")
	}
	if os.Getenv(apart) == "" {
		if _, err := sh("unshare -n ip link add cable type veth peer name uplink"); err != nil {
			t.Skipf("this machine gives no namespaces with cables between them: %v", err)
		}
		again := exec.Command("unshare", "-n", os.Args[0], "-test.run=^TestTwoProbersAndACoreInThreeNamespaces$", "-test.v",
			fmt.Sprintf("-test.timeout=%s", cutLength(t)+3*time.Minute))
		again.Env = append(os.Environ(), apart+"=1")
		out, err := again.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Error(err)
		}
		return
	}
	must(t, "ip link set lo up")
	s := startLoopback(t, 12, "0.0.0.0:0")
	_, port, err := net.SplitHostPort(s.pipe.Address())
	if err != nil {
		t.Fatal(err)
	}
	probers := map[string]*killable{}
	for n, name := range []string{"lyon", "lille"} {
		k := s.newKillable(t, name, fmt.Sprintf("198.18.%d.1:%s", n+1, port))
		k.within = []string{"unshare", "-n"}
		k.start(t)
		k.connect(t, n+1)
		probers[name] = k
	}
	soon(t, "all three share the links", func() bool { return slices.Equal(s.sharing(), []string{"lille", "local", "lyon"}) })
	before := s.ask(t, `SELECT last_seq FROM prober WHERE name = 'lyon'`)
	must(t, "ip link set cable1 down")
	soon(t, "others take the links of the prober behind the cut", func() bool { return slices.Equal(s.sharing(), []string{"lille", "local"}) })
	length := cutLength(t)
	time.Sleep(length)
	if ill := s.ill(t); !slices.Contains(ill, "prober lyon") || slices.Contains(ill, "prober lille") {
		t.Errorf("not well during the cut: %v, want lyon and not lille", ill)
	}
	must(t, "ip link set cable1 up")
	soon(t, "the prober takes its share again", func() bool { return slices.Contains(s.sharing(), "lyon") })
	soon(t, "what it measured meanwhile", func() bool {
		return s.ask(t, `SELECT last_seq FROM prober WHERE name = 'lyon'`) >= before+int(length/time.Second)+5
	})
	time.Sleep(2 * time.Second) // the last cycles are decided
	for name := range probers {
		if n := s.ask(t, `SELECT last_seq - (SELECT count(*) FROM batch WHERE batch.prober = prober.id) FROM prober WHERE name = $1`, name); n != 0 {
			t.Errorf("%s: %d batches were taken and not applied", name, n)
		}
		if n := s.ask(t, cyclesUnaccounted, name); n != 0 {
			t.Errorf("%s: %d cycles are neither stored nor a gap", name, n)
		}
	}
	if n := s.ask(t, `SELECT count(*) FROM batch b JOIN prober p ON p.id = b.prober WHERE p.name = 'lyon' AND late`); n < silentFor {
		t.Errorf("%d batches are marked late, expected those of the cut", n)
	}
	// One that reaches its core and nothing else keeps no link either.
	lyon := probers["lyon"].cmd.Process.Pid
	must(t, fmt.Sprintf("nsenter -t %d -n ip route add blackhole 127.0.0.0/14 table local", lyon))
	soon(t, "others take the links of the prober that is cut off from everything else", func() bool { return slices.Equal(s.sharing(), []string{"lille", "local"}) })
	if here, err := s.pipe.Connected(); err != nil || here["lyon"] == "" {
		t.Errorf("connected probers: %v, %v; expected lyon among them", here, err)
	}
	time.Sleep(4 * time.Second)
	must(t, fmt.Sprintf("nsenter -t %d -n ip route del blackhole 127.0.0.0/14 table local", lyon))
	soon(t, "the prober takes its share after its isolation", func() bool { return slices.Contains(s.sharing(), "lyon") })
	time.Sleep(2 * time.Second)
	if n := s.ask(t, `SELECT count(*) FROM gap g JOIN prober p ON p.id = g.prober WHERE p.name = 'lyon' AND reason = 'isolated'`); n == 0 {
		t.Error("no gap says that the prober was isolated")
	}
	if n := s.ask(t, `SELECT count(*) FROM transition`); n != 0 {
		t.Errorf("%d links changed their state for a prober that was cut off", n)
	}
	for _, name := range []string{"lyon", "lille", "local"} {
		t.Logf("%-5s  taken %4d  applied %4d  late %4d  cycles stored %4d  in gaps %3d  neither %d", name,
			s.ask(t, `SELECT last_seq FROM prober WHERE name = $1`, name),
			s.ask(t, `SELECT count(*) FROM batch b JOIN prober p ON p.id = b.prober WHERE p.name = $1`, name),
			s.ask(t, `SELECT count(*) FROM batch b JOIN prober p ON p.id = b.prober WHERE p.name = $1 AND late`, name),
			s.ask(t, `SELECT count(DISTINCT cycle) FROM batch b JOIN prober p ON p.id = b.prober WHERE p.name = $1 AND last`, name),
			s.ask(t, `SELECT coalesce(sum(extract(epoch FROM to_at - from_at)), 0)::int FROM gap g JOIN prober p ON p.id = g.prober WHERE p.name = $1`, name),
			s.ask(t, cyclesUnaccounted, name))
	}
	t.Logf("lyon was cut off for %s; transitions %d", length, s.ask(t, `SELECT count(*) FROM transition`))
}

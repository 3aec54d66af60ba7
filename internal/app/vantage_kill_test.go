package app

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// killable is a prober elsewhere in a process of its own.
type killable struct {
	dir, credential string
	within          []string // a command that runs the prober
	cmd             *exec.Cmd
	said            bytes.Buffer
}

func (s *Server) newKillable(t *testing.T, name, core string) *killable {
	t.Helper()
	made, err := s.addProber(t.Context(), NewProber{Name: name, Core: core})
	if err != nil {
		t.Fatal(err)
	}
	k := &killable{dir: t.TempDir(), credential: filepath.Join(t.TempDir(), "credential")}
	if err := os.WriteFile(k.credential, []byte(made.Credential), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		k.kill()
		t.Logf("prober %s said:\n%s", name, k.said.String())
	})
	return k
}

func (k *killable) start(t *testing.T) {
	t.Helper()
	line := append(slices.Clone(k.within), os.Args[0])
	k.cmd = exec.Command(line[0], line[1:]...)
	k.cmd.Dir, k.cmd.Stderr = k.dir, &k.said
	k.cmd.Env = append(os.Environ(), asProber+"="+k.credential)
	if err := k.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// kill ends the process without a word.
func (k *killable) kill() {
	if k.cmd != nil && k.cmd.ProcessState == nil {
		_ = k.cmd.Process.Kill() // it may have ended
		_ = k.cmd.Wait()         // its status is the kill
	}
}

func TestAProberThatIsKilledLosesNothingThatItTook(t *testing.T) {
	t.Parallel()
	s := startLoopback(t, 8, "127.0.0.1:0")
	way := newProxy(t, s.pipe.Address())
	lyon := s.newKillable(t, "lyon", way.listener.Addr().String())
	applied := func() int { return s.ask(t, `SELECT coalesce(max(last_seq), 0) FROM prober WHERE name = 'lyon'`) }
	const seed = 20261125
	chance := rand.New(rand.NewPCG(seed, 1))
	for round := range 4 {
		before := applied()
		lyon.start(t)
		soon(t, "batches of the prober", func() bool { return applied() > before })
		cut := round%2 == 1
		way.set(cut) // now and then it dies with batches that the core has not
		time.Sleep(time.Duration(1000+chance.IntN(2000)) * time.Millisecond)
		lyon.kill()
		way.set(false)
	}
	before := applied()
	lyon.start(t)
	soon(t, "batches after the last death", func() bool { return applied() >= before+3 })
	if n := s.ask(t, `SELECT last_seq - (SELECT count(*) FROM batch WHERE batch.prober = prober.id) FROM prober WHERE name = 'lyon'`); n != 0 {
		t.Errorf("%d batches were taken and not applied (seed %d)", n, seed)
	}
	if n := s.ask(t, `SELECT count(*) FROM batch b JOIN prober p ON p.id = b.prober WHERE p.name = 'lyon' AND late`); n == 0 {
		t.Errorf("no batch came late: nothing waited in the stream when the prober died (seed %d)", seed)
	}
	// The core records a cycle as missing when it decides it: a third of it after its end.
	time.Sleep(2 * time.Second)
	if n := s.ask(t, cyclesUnaccounted, "lyon"); n != 0 {
		t.Errorf("%d cycles are neither stored nor a gap (seed %d)", n, seed)
	}
	if n := s.ask(t, `SELECT count(*) FROM transition`); n != 0 {
		t.Errorf("%d links changed their state for a prober that was killed (seed %d)", n, seed)
	}
}

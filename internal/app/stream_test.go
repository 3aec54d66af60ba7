package app

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vigie/internal/pipe"
	"vigie/internal/pipe/pipetest"
)

// ill names the parts that are not well now.
func (s *Server) ill(t *testing.T) (names []string) {
	t.Helper()
	for _, part := range s.Parts(t.Context()) {
		if !part.Healthy && part.Name != "prober clock" { // which is that of the machine
			names = append(names, part.Name)
		}
	}
	return names
}

func TestACoreAndItsProbersMeetInACluster(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs three servers of NATS, a core and a prober")
	}
	key, err := pipe.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	seed := filepath.Join(t.TempDir(), "seed")
	if err := os.WriteFile(seed, []byte(key.Seed+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := pipetest.NewCluster(t, 3, pipe.Users(key.Public, nil))
	for i := range c.Servers {
		c.Run(t, i)
	}
	c.Ready(t)
	s := startLoopback(t, 6, "", func(o *Configuration) {
		o.Pipe = PipeConfiguration{Servers: c.Servers, KeyFile: seed, CAFile: c.CAFile(), Replicas: 3}
	})
	lyon := s.newAway(t, "lyon", "")
	lyon.start(t)
	<-lyon.ended
	if !errors.Is(lyon.err, pipe.ErrRefused) {
		t.Errorf("a prober that the cluster was not told of: %v", lyon.err)
	}
	users, err := s.natsUsers(t.Context(), struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	c.Let(t, users)
	lyon.start(t)
	soon(t, "both share the links", func() bool { return slices.Equal(s.sharing(), []string{"local", "lyon"}) })
	here, err := s.outposts(t.Context(), struct{}{})
	if err != nil || len(here) != 1 || here[0].From != "cluster" {
		t.Errorf("connected probers: %+v, %v", here, err)
	}
	soon(t, "all is well", func() bool { return len(s.ill(t)) == 0 })

	for i := range c.Servers {
		c.Kill(i)
	}
	soon(t, "the stream is told to be ill", func() bool { return slices.Contains(s.ill(t), "stream") })
	time.Sleep(2 * time.Second) // what is measured meanwhile waits on the disks of both
	for i := range c.Servers {
		c.Run(t, i)
	}
	c.Ready(t)
	soon(t, "all is well again", func() bool { return len(s.ill(t)) == 0 })
	soon(t, "both share the links again", func() bool { return slices.Equal(s.sharing(), []string{"local", "lyon"}) })
	for _, name := range []string{"local", "lyon"} {
		lost := func() int {
			return s.ask(t, `SELECT last_seq - (SELECT count(*) FROM batch WHERE batch.prober = prober.id) FROM prober WHERE name = $1`, name)
		}
		if n := lost(); n != 0 {
			t.Errorf("%s: %d batches were taken and not applied", name, n)
		}
	}
	if n := s.ask(t, `SELECT count(*) FROM gap g WHERE reason = 'lost'`); n != 0 {
		t.Errorf("%d gaps of lost data", n)
	}
}

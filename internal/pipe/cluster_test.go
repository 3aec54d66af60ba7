package pipe_test

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/pipe"
	"vigie/internal/pipe/pipetest"
	"vigie/probe"
)

func clusterOptions(c *pipetest.Cluster, seed string) pipe.Options {
	return pipe.Options{
		Cluster: &pipe.Cluster{Servers: c.Servers, Seed: seed, Roots: c.Roots(), Replicas: 3, Prober: "own", Names: map[string]string{"key of a": "a"}}, Log: slog.New(slog.DiscardHandler),
	}
}

func identity(t *testing.T) pipe.Identity {
	t.Helper()
	key, err := pipe.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// taken are the numbers that the core applied, by prober.
type taken struct {
	mu   sync.Mutex
	seqs map[string][]uint64
}

func (a *taken) apply(_ context.Context, b probe.Batch) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if last := a.seqs[b.Prober]; len(last) == 0 || last[len(last)-1] < b.Seq { // as the core does
		a.seqs[b.Prober] = append(last, b.Seq)
	}
	return nil
}

func (a *taken) last(prober string) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.seqs[prober]); n > 0 {
		return a.seqs[prober][n-1]
	}
	return 0
}

func upTo(last uint64) (out []uint64) {
	for seq := range last {
		out = append(out, seq+1)
	}
	return out
}

func TestAClusterLosesNothingWhenItsServersDie(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs three servers of NATS")
	}
	core, a := identity(t), identity(t)
	c := pipetest.NewCluster(t, 3, pipe.Users(core.Public, map[string]string{a.Public: "a"}))
	for i := range c.Servers {
		c.Run(t, i)
	}
	c.Ready(t)
	hub := pipe.New(clusterOptions(c, core.Seed))
	if err := hub.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hub.Stop)
	applied := taken{seqs: map[string][]uint64{}}
	consume := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- hub.Consume(ctx, applied.apply) }()
		return func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	stop := consume()

	// What the core measures itself, and what a prober elsewhere does, wait on their disks
	// while nobody takes them.
	own, elsewhere := start(t, t.TempDir()), start(t, t.TempDir())
	feeding, endFeeding := context.WithCancel(t.Context())
	fed := make(chan error, 1)
	go func() { fed <- own.Feed(feeding, hub, "own") }()
	t.Cleanup(func() { endFeeding(); <-fed })
	to := dial(t, pipe.Way{Address: strings.Join(c.Servers, ","), Cluster: true, Name: "a", Seed: a.Seed, Roots: c.Roots(), Log: slog.New(slog.DiscardHandler)})
	forward(t, elsewhere, to)
	var seq uint64
	measure := func(n int) {
		for range n {
			seq++
			publish(t, elsewhere, seq)
			if err := own.Publish(t.Context(), probe.Batch{Prober: "own", Seq: seq}); err != nil {
				t.Fatal(err)
			}
		}
	}
	arrives := func(when string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); applied.last("a") != seq || applied.last("own") != seq; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: applied up to %d of a and %d of our own, want %d", when, applied.last("a"), applied.last("own"), seq)
			}
		}
	}
	measure(5)
	arrives("with all servers")

	follower := (c.Leader() + 1) % 3
	c.Kill(follower)
	measure(5)
	arrives("without one server")
	c.Run(t, follower)

	leader := c.Leader()
	c.Kill(leader)
	measure(5)
	c.Ready(t)
	arrives("after the leader died")
	c.Run(t, leader)
	c.Ready(t)

	stop() // the core is away: the cluster takes what comes
	measure(3)
	settled(t, own)
	settled(t, elsewhere)
	for i := range c.Servers {
		c.Kill(i)
	}
	measure(4)
	until(t, "an absence of all is noticed", func() bool {
		_, err := hub.Pending(t.Context())
		return errors.Is(err, pipe.ErrClusterAway)
	})
	stop = consume()
	defer func() { stop() }()
	for i := range c.Servers {
		c.Run(t, i)
	}
	c.Ready(t)
	arrives("after all were away")

	applied.mu.Lock()
	defer applied.mu.Unlock()
	want := map[string][]uint64{"a": upTo(seq), "own": upTo(seq)}
	if diff := cmp.Diff(want, applied.seqs); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
}

func TestWhatARevokedProberStillHandsToAClusterIsNotTaken(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs a server of NATS")
	}
	core, a, b := identity(t), identity(t), identity(t)
	names := map[string]string{a.Public: "a", b.Public: "b"}
	c := pipetest.NewCluster(t, 1, pipe.Users(core.Public, names))
	c.Run(t, 0)
	o := clusterOptions(c, core.Seed)
	o.Cluster.Replicas, o.Cluster.Names = 1, names
	hub := pipe.New(o)
	if err := hub.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hub.Stop)
	locals := map[string]*pipe.Pipe{}
	for name, key := range map[string]pipe.Identity{"a": a, "b": b} {
		local := start(t, t.TempDir())
		locals[name] = local
		forward(t, local, dial(t, pipe.Way{Address: c.Servers[0], Cluster: true, Name: name, Seed: key.Seed, Roots: c.Roots(), Log: slog.New(slog.DiscardHandler)}))
	}
	put := func(name string, seq uint64) {
		if err := locals[name].Publish(t.Context(), probe.Batch{Prober: name, Seq: seq}); err != nil {
			t.Fatal(err)
		}
		settled(t, locals[name])
	}
	put("a", 1)
	if err := hub.Admit(t.Context(), map[string]string{b.Public: "b"}, map[string]time.Time{"a": time.Now()}); err != nil {
		t.Fatal(err)
	}
	put("a", 2) // the cluster was not told yet
	put("b", 1)
	applied := taken{seqs: map[string][]uint64{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- hub.Consume(ctx, applied.apply) }()
	until(t, "nothing waits any more", func() bool {
		n, err := hub.Pending(t.Context())
		return err == nil && n == 0
	})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string][]uint64{"a": {1}, "b": {1}}, applied.seqs); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
}

func TestAClusterThatCannotBeUsedIsRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs a server of NATS")
	}
	core := identity(t)
	c := pipetest.NewCluster(t, 1, pipe.Users(core.Public, nil))
	c.MaxPayload = "1MB"
	c.Run(t, 0)
	refused := func(o pipe.Options, want string) {
		t.Helper()
		p := pipe.New(o)
		defer p.Stop()
		if err := p.Start(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	refused(clusterOptions(c, identity(t).Seed), "refuses the core's key U")
	refused(clusterOptions(c, "nonsense"), "key of the core for the NATS cluster: ")
	refused(clusterOptions(c, core.Seed), "takes messages of 1048576 octets at most, expected 8388608: set max_payload: 8MB")
	c.Kill(0)
	c.MaxPayload = "8MB"
	c.Run(t, 0)
	refused(clusterOptions(c, core.Seed), "is alone and cannot hold 3 copies of each batch: set pipe.replicas to 1: ")
	untrusting := clusterOptions(c, core.Seed)
	untrusting.Cluster.Roots = x509.NewCertPool()
	refused(untrusting, "cannot be used: nats: tls error: tls: failed to verify certificate")
}

func TestACoreStartsWhileItsClusterIsAway(t *testing.T) {
	t.Parallel()
	core := identity(t)
	o := pipe.Options{
		Cluster: &pipe.Cluster{Servers: []string{pipetest.FreePort(t)}, Seed: core.Seed, Replicas: 1}, Log: slog.New(slog.DiscardHandler),
	}
	p := pipe.New(o)
	defer p.Stop()
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Pending(t.Context()); !errors.Is(err, pipe.ErrClusterAway) {
		t.Errorf("pending: %v, want %v", err, pipe.ErrClusterAway)
	}
}

package pipe_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"

	"vigie/internal/pipe"
	"vigie/probe"
)

// natsCluster is three servers of NATS on the loopback, configured by files as the
// README shows it.
type natsCluster struct {
	dir     string
	roots   *x509.CertPool
	clients []string
	routes  []string
	servers []*server.Server
	payload string
}

func newNATSCluster(t *testing.T, users string) *natsCluster {
	t.Helper()
	c := &natsCluster{dir: t.TempDir(), roots: x509.NewCertPool(), servers: make([]*server.Server, 3), payload: "8MB"}
	cert := certificate(t)
	c.roots.AddCert(cert.Leaf)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})))
	c.write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	c.write(t, "users.conf", users)
	for range c.servers {
		c.clients, c.routes = append(c.clients, freePort(t)), append(c.routes, freePort(t))
	}
	t.Cleanup(func() {
		for i := range c.servers {
			c.kill(i)
		}
	})
	return c
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (c *natsCluster) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run starts one server, for the first time or again.
func (c *natsCluster) run(t *testing.T, i int) {
	t.Helper()
	name := fmt.Sprintf("server-%d.conf", i)
	c.write(t, name, fmt.Sprintf(`
server_name: nats-%d
listen: "%s"
max_payload: %s
jetstream { store_dir: "%s/store-%d", sync_interval: always }
tls { cert_file: "%s/cert.pem", key_file: "%s/key.pem" }
cluster { name: vigie, listen: "%s", routes: [%s] }
accounts { VIGIE { jetstream: enabled, include "users.conf" } }
`, i, c.clients[i], c.payload, c.dir, i, c.dir, c.dir, c.routes[i], `"nats://`+strings.Join(c.routes, `", "nats://`)+`"`))
	o, err := server.ProcessConfigFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	o.NoSigs, o.NoLog = true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	c.servers[i] = s
	s.Start()
}

func (c *natsCluster) kill(i int) {
	if s := c.servers[i]; s != nil {
		s.Shutdown()
		s.WaitForShutdown()
		c.servers[i] = nil
	}
}

// ready waits until the servers that run have a leader.
func (c *natsCluster) ready(t *testing.T) {
	t.Helper()
	until(t, "the cluster has no leader", func() bool { return c.leader() >= 0 })
}

// leader is the server that leads JetStream, -1 without one.
func (c *natsCluster) leader() int {
	return slices.IndexFunc(c.servers, func(s *server.Server) bool { return s != nil && s.JetStreamIsLeader() })
}

func (c *natsCluster) options(seed string) pipe.Options {
	return pipe.Options{
		Cluster: &pipe.Cluster{Servers: c.clients, Seed: seed, Roots: c.roots, Replicas: 3, Prober: "own", Names: map[string]string{"key of a": "a"}}, Log: slog.New(slog.DiscardHandler),
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
	c := newNATSCluster(t, pipe.Users(core.Public, map[string]string{a.Public: "a"}))
	for i := range c.servers {
		c.run(t, i)
	}
	c.ready(t)
	hub := pipe.New(c.options(core.Seed))
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
	to := dial(t, pipe.Way{Address: strings.Join(c.clients, ","), Cluster: true, Name: "a", Seed: a.Seed, Roots: c.roots, Log: slog.New(slog.DiscardHandler)})
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

	follower := (c.leader() + 1) % 3
	c.kill(follower)
	measure(5)
	arrives("without one server")
	c.run(t, follower)

	leader := c.leader()
	c.kill(leader)
	measure(5)
	c.ready(t)
	arrives("after the leader died")
	c.run(t, leader)
	c.ready(t)

	stop() // the core is away: the cluster takes what comes
	measure(3)
	settled(t, own)
	settled(t, elsewhere)
	for i := range c.servers {
		c.kill(i)
	}
	measure(4)
	until(t, "an absence of all is noticed", func() bool {
		_, err := hub.Pending(t.Context())
		return errors.Is(err, pipe.ErrClusterAway)
	})
	stop = consume()
	defer func() { stop() }()
	for i := range c.servers {
		c.run(t, i)
	}
	c.ready(t)
	arrives("after all were away")

	applied.mu.Lock()
	defer applied.mu.Unlock()
	want := map[string][]uint64{"a": upTo(seq), "own": upTo(seq)}
	if diff := cmp.Diff(want, applied.seqs); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
}

func TestAClusterThatCannotBeUsedIsRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs a server of NATS")
	}
	core := identity(t)
	c := newNATSCluster(t, pipe.Users(core.Public, nil))
	c.payload = "1MB"
	c.clients, c.servers = c.clients[:1], c.servers[:1]
	c.routes = c.routes[:1]
	c.run(t, 0)
	until(t, "the server does not listen", func() bool {
		conn, err := net.Dial("tcp", c.clients[0])
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	refused := func(o pipe.Options, want string) {
		t.Helper()
		p := pipe.New(o)
		defer p.Stop()
		if err := p.Start(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	refused(c.options(identity(t).Seed), "refuses the core's key U")
	refused(c.options("nonsense"), "key of the core for the NATS cluster: ")
	refused(c.options(core.Seed), "takes messages of 1048576 octets at most, expected 8388608: set max_payload: 8MB")
	c.kill(0)
	c.payload = "8MB"
	c.run(t, 0)
	c.ready(t)
	refused(c.options(core.Seed), "the NATS cluster cannot hold 3 copies of each batch (pipe.replicas): ")
	untrusting := c.options(core.Seed)
	untrusting.Cluster.Roots = x509.NewCertPool()
	refused(untrusting, "cannot be used: nats: tls error: tls: failed to verify certificate")
}

func TestACoreStartsWhileItsClusterIsAway(t *testing.T) {
	t.Parallel()
	core := identity(t)
	o := pipe.Options{
		Cluster: &pipe.Cluster{Servers: []string{freePort(t)}, Seed: core.Seed, Replicas: 1}, Log: slog.New(slog.DiscardHandler),
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

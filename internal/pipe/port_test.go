package pipe_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"vigie/internal/pipe"
	"vigie/probe"
)

// core is a pipe with a port on the loopback.
type core struct {
	*pipe.Pipe
	print []byte
	keys  map[string]pipe.Identity
}

func startCore(t *testing.T, dir, address string, certificate tls.Certificate, probers ...string) *core {
	t.Helper()
	c := &core{keys: map[string]pipe.Identity{}, print: pipe.Fingerprint(certificate.Leaf)}
	c.Pipe = pipe.New(pipe.Options{
		Dir: dir, Bytes: 2 << 20, Port: &pipe.Port{Address: address, Certificate: certificate}, Log: slog.New(slog.DiscardHandler),
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	for _, name := range probers {
		key, err := pipe.NewIdentity()
		if err != nil {
			t.Fatal(err)
		}
		c.keys[name] = key
	}
	c.admit(t)
	return c
}

// admit lets in everybody but some.
func (c *core) admit(t *testing.T, but ...string) {
	t.Helper()
	names := map[string]string{}
	for name, key := range c.keys {
		if !strings.Contains(strings.Join(but, " "), name) {
			names[key.Public] = name
		}
	}
	if err := c.Admit(t.Context(), names, nil); err != nil {
		t.Fatal(err)
	}
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	made, err := pipe.SelfMade(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (c *core) way(name string) pipe.Way {
	return pipe.Way{
		Address: c.Address(), Name: name, Seed: c.keys[name].Seed, Fingerprint: c.print, Log: slog.New(slog.DiscardHandler),
	}
}

func dial(t *testing.T, w pipe.Way) *pipe.Core {
	t.Helper()
	to, err := pipe.Dial(w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(to.Close)
	return to
}

// forward forwards a prober's stream until the test ends.
func forward(t *testing.T, p *pipe.Pipe, to *pipe.Core) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Forward(ctx, to) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestBatchesOfAProberElsewhereArriveOnceAndInOrder(t *testing.T) {
	t.Parallel()
	c := startCore(t, t.TempDir(), "127.0.0.1:0", certificate(t), "a")
	local := start(t, t.TempDir())
	publish(t, local, 5, 6, 7)
	forward(t, local, dial(t, c.way("a")))
	if diff := cmp.Diff([]uint64{5, 6, 7}, collect(t, c.Pipe, 3, never)); diff != "" {
		t.Errorf("applied batches (-want +got):\n%s", diff)
	}
	settled(t, local)
}

// settled waits until a prober's stream has let go of everything.
func settled(t *testing.T, p *pipe.Pipe) {
	t.Helper()
	until(t, "the prober's stream holds batches that the core has", func() bool {
		pending, err := p.Pending(t.Context())
		return err == nil && pending == 0
	})
}

// until waits for something that must come true soon.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestBatchesWaitForACoreThatIsAwayAndItsRestartLosesNone(t *testing.T) {
	t.Parallel()
	dir, cert := t.TempDir(), certificate(t)
	c := startCore(t, dir, "127.0.0.1:0", cert, "a")
	way := c.way("a")
	c.Stop()

	local := start(t, t.TempDir())
	publish(t, local, 1, 2)
	to := dial(t, way) // nobody is there
	forward(t, local, to)
	publish(t, local, 3)
	if to.Connected() {
		t.Error("connected with a core that is stopped")
	}

	again := startCore(t, dir, way.Address, cert)
	again.keys = c.keys
	again.admit(t)
	if diff := cmp.Diff([]uint64{1, 2, 3}, collect(t, again.Pipe, 3, never)); diff != "" {
		t.Errorf("applied batches (-want +got):\n%s", diff)
	}
	settled(t, local)
}

func TestWhatDoesNotFitPushesTheOldestOut(t *testing.T) {
	t.Parallel()
	p := pipe.New(pipe.Options{Dir: t.TempDir(), Bytes: 1 << 20, Log: slog.New(slog.DiscardHandler)})
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	const made = 400
	for seq := range uint64(made) { // of some 6 kB each
		b := probe.Batch{Prober: "a", Seq: seq + 1}
		for target := range int64(300) {
			b.Observations = append(b.Observations, probe.Observation{Target: target, Kind: probe.Link, RTTMicros: []int32{int32(target), probe.Lost}})
		}
		if err := p.Publish(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	pending, err := p.Pending(t.Context())
	if err != nil || pending == 0 || pending >= made {
		t.Fatalf("%d of %d batches wait, %v; expected some to be gone", pending, made, err)
	}
	got := collect(t, p, int(pending), never)
	if got[0] != made-pending+1 || got[len(got)-1] != made {
		t.Errorf("kept %d to %d of %d, expected the newest %d", got[0], got[len(got)-1], made, pending)
	}
}

func TestARevokedProberIsCutOffAtOnceAndRefused(t *testing.T) {
	t.Parallel()
	c := startCore(t, t.TempDir(), "127.0.0.1:0", certificate(t), "a", "b")
	a, b := dial(t, c.way("a")), dial(t, c.way("b"))
	here, err := c.Connected()
	if err != nil || here["a"] != "127.0.0.1" || here["b"] != "127.0.0.1" {
		t.Errorf("connected: %v, %v", here, err)
	}
	c.admit(t, "a")
	select {
	case <-a.Refused():
	case <-time.After(20 * time.Second):
		t.Fatal("a revoked prober is not told that it is refused")
	}
	if _, err := pipe.Dial(c.way("a")); !errors.Is(err, pipe.ErrRefused) {
		t.Errorf("a revoked prober that begins anew: %v", err)
	}
	if !b.Connected() {
		t.Error("the other prober was cut off too")
	}
	stranger, err := pipe.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	w := c.way("b")
	w.Seed = stranger.Seed
	if _, err := pipe.Dial(w); !errors.Is(err, pipe.ErrRefused) {
		t.Errorf("a key that nobody knows: %v", err)
	}
}

func TestAnotherCertificateThanThePinnedOneIsRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	c := startCore(t, t.TempDir(), "127.0.0.1:0", certificate(t), "a")
	w := c.way("a")
	w.Fingerprint = pipe.Fingerprint(certificate(t).Leaf)
	_, err := pipe.Dial(w)
	var stranger *pipe.StrangerError
	if !errors.As(err, &stranger) {
		t.Fatalf("got %v, want a stranger", err)
	}
	want := fmt.Sprintf("the core at %s shows a certificate with the fingerprint %x, expected %x: it is another core, or it made a new certificate and needs a new credential (vigie prober add)",
		c.Address(), c.print, w.Fingerprint)
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	if here, err := c.Connected(); err != nil || len(here) > 0 {
		t.Errorf("the prober told the stranger who it is: %v, %v", here, err)
	}
}

func TestACertificateMayBeSignedByRootsInsteadOfPinned(t *testing.T) {
	t.Parallel()
	cert := certificate(t)
	c := startCore(t, t.TempDir(), "127.0.0.1:0", cert, "a")
	w := c.way("a")
	w.Fingerprint = nil
	if to, err := pipe.Dial(w); err == nil { // it is retried as an absence
		defer to.Close()
		if to.Connected() {
			t.Error("a certificate that nobody signed is trusted")
		}
	}
	w.Roots = x509.NewCertPool()
	w.Roots.AddCert(cert.Leaf)
	_, port, _ := net.SplitHostPort(w.Address)
	w.Address = "localhost:" + port // its name
	if to := dial(t, w); !to.Connected() {
		t.Error("a certificate of the given roots is not trusted")
	}
}

func TestProberAndCoreAskEachOther(t *testing.T) {
	t.Parallel()
	c := startCore(t, t.TempDir(), "127.0.0.1:0", certificate(t), "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	a := dial(t, c.way("a"))
	ended := make(chan error, 2)
	go func() {
		ended <- c.Answer(ctx, func(_ context.Context, prober string, question []byte) ([]byte, error) {
			if string(question) == "no" {
				return nil, errors.New("not you")
			}
			return append([]byte(prober+" asks "), question...), nil
		})
	}()
	go func() {
		ended <- a.Answer(ctx, func(_ context.Context, question []byte) ([]byte, error) {
			return append([]byte("a heard "), question...), nil
		})
	}()
	asked := func(ask func(context.Context) ([]byte, error)) (answer string, err error) {
		until(t, "nobody answers", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			var out []byte
			out, err = ask(ctx)
			answer = string(out)
			return !errors.Is(err, nats.ErrNoResponders) && !errors.Is(err, pipe.ErrAway)
		})
		return answer, err
	}
	if got, err := asked(func(ctx context.Context) ([]byte, error) { return a.Ask(ctx, []byte("why")) }); err != nil || got != "a asks why" {
		t.Errorf("the core's answer: %q, %v", got, err)
	}
	var refusal *pipe.Refusal
	if _, err := asked(func(ctx context.Context) ([]byte, error) { return a.Ask(ctx, []byte("no")) }); !errors.As(err, &refusal) || refusal.Text != "not you" {
		t.Errorf("the core's refusal: %v", err)
	}
	if got, err := asked(func(ctx context.Context) ([]byte, error) { return c.Ask(ctx, "a", []byte("that")) }); err != nil || got != "a heard that" {
		t.Errorf("the prober's answer: %q, %v", got, err)
	}
	if _, err := c.Ask(t.Context(), "b", nil); !errors.Is(err, pipe.ErrAway) {
		t.Errorf("asking a prober that is away: %v", err)
	}
	noticed := make(chan string, 10)
	if err := a.Noticed(func(told []byte) { noticed <- string(told) }); err != nil {
		t.Fatal(err)
	}
	until(t, "the prober hears no notice", func() bool {
		if err := c.Notify("a"); err != nil {
			t.Fatal(err)
		}
		return len(noticed) > 0
	})
	if err := c.Tell("a", []byte("what is urgent")); err != nil {
		t.Fatal(err)
	}
	for told := range noticed {
		if told == "what is urgent" {
			break
		}
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// A prober's key opens nothing but its own subjects.
func TestAProberMayOnlySpeakForItself(t *testing.T) {
	t.Parallel()
	c := startCore(t, t.TempDir(), "127.0.0.1:0", certificate(t), "a", "b")
	key, err := nkeys.FromSeed([]byte(c.keys["a"].Seed))
	if err != nil {
		t.Fatal(err)
	}
	refused := make(chan error, 20)
	conn, err := nats.Connect("nats://"+c.Address(), nats.Nkey(c.keys["a"].Public, key.Sign), nats.TLSHandshakeFirst(),
		nats.Secure(&tls.Config{InsecureSkipVerify: true}), nats.CustomInboxPrefix("_INBOX.a"), //nolint:gosec // the test's own server
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	forbidden := 0
	for _, subject := range []string{"vigie.batch.b", "vigie.core.b", "vigie.command.b", "vigie.notice.b", "$JS.API.STREAM.PURGE.BATCHES", "_INBOX.b.x"} {
		forbidden++
		if err := conn.Publish(subject, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	for _, subject := range []string{"vigie.batch.*", "vigie.core.a", "vigie.command.*", "vigie.notice.b", "_INBOX.b.>", "_INBOX.>", ">"} {
		forbidden++
		if _, err := conn.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	for range forbidden {
		select {
		case err := <-refused:
			if !errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("%v, want a permission violation", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("not all of %d attempts were refused", forbidden)
		}
	}
	// In its own subject it may write another's name: the core does not believe it.
	body, err := probe.Batch{Prober: "b", Seq: 1}.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Request("vigie.batch.a", body, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	publish(t, c.Pipe, 9)
	if diff := cmp.Diff([]uint64{9}, collect(t, c.Pipe, 1, never)); diff != "" {
		t.Errorf("applied batches (-want +got):\n%s", diff)
	}
}

package pipe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// Cluster is a NATS cluster with JetStream where probers and core meet, so that it takes
// batches while the core is away, and goes on when one of its servers ends.
type Cluster struct {
	// Servers are host:port of each; the connection is always encrypted.
	Servers []string
	Seed    string // of the core's key
	// Roots sign the servers' certificates; nil for those of the system.
	Roots *x509.CertPool
	// Replicas is how many servers hold each batch.
	Replicas int
	// Prober is that of this process, and Names are those elsewhere, by public key, that
	// have a stream there from the first moment on, see Admit.
	Prober string
	Names  map[string]string
}

// clusterPull is how long one request for a batch waits: a server that died with it is
// noticed after two fifths of that.
const clusterPull = 10 * time.Second

// notClustered is the error code of a server that is asked for more copies than its own
// (JSStreamReplicasNotSupportedErr of nats-server).
const notClustered = 10074

// ErrClusterAway says that no server of the cluster is reached.
var ErrClusterAway = errors.New("no server of the NATS cluster is reached")

// PublicKey gives the public half of a seed.
func PublicKey(seed string) (string, error) {
	key, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return "", fmt.Errorf("not the seed of a key: %w", err)
	}
	return key.PublicKey()
}

// Users is the part of a cluster's configuration that lets in the core, by its public
// key, and probers, by public key: name.
func Users(core string, probers map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "users: [\n  # the core\n  { nkey: %s }\n", core)
	byName := map[string]string{}
	for key, name := range probers {
		byName[name] = key
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		may := permissions(name)
		fmt.Fprintf(&b, "  # %s\n  { nkey: %s, permissions: { publish: { allow: [%s] }, subscribe: { allow: [%s] }, allow_responses: { max: %d, expires: \"%s\" } } }\n",
			name, byName[name], quoted(may.Publish.Allow), quoted(may.Subscribe.Allow), may.Response.MaxMsgs, may.Response.Expires)
	}
	return b.String() + "]\n"
}

func quoted(words []string) string { return `"` + strings.Join(words, `", "`) + `"` }

// join connects with the cluster. One that is away is tried again; what no later attempt
// would mend is an error.
func (p *Pipe) join(ctx context.Context) error {
	c := p.opts.Cluster
	at := strings.Join(c.Servers, ", ")
	key, err := nkeys.FromSeed([]byte(c.Seed))
	if err != nil {
		return fmt.Errorf("key of the core for the NATS cluster: %w", err)
	}
	public, err := key.PublicKey()
	if err != nil {
		return fmt.Errorf("key of the core for the NATS cluster: %w", err)
	}
	options := []nats.Option{
		nats.Name("vigie"), nats.Nkey(public, key.Sign), nats.Secure(&tls.Config{MinVersion: tls.VersionTLS13, RootCAs: c.Roots}),
		nats.IgnoreDiscoveredServers(), nats.IgnoreAuthErrorAbort(), nats.ReconnectBufSize(-1), nats.MaxReconnects(-1),
		nats.ReconnectWait(redialAfter), nats.Timeout(dialTime), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsLost),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { p.complain(err) }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { p.complain(err) }),
		nats.ConnectHandler(func(*nats.Conn) { p.joined() }),
		nats.ReconnectHandler(func(*nats.Conn) { p.joined() }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { p.complain(err) }),
	}
	servers := strings.Join(c.Servers, ",")
	// Once, to tell a cluster that is not ours from one that is away.
	p.conn, err = nats.Connect(servers, options...)
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		return fmt.Errorf("the NATS cluster at %s refuses the core's key %s: vigie nats key and vigie nats users tell what its configuration must hold", at, public)
	case errors.As(err, &untrusted), errors.Is(err, nats.ErrSecureConnWanted), errors.Is(err, nats.ErrNkeysNotSupported):
		return fmt.Errorf("the NATS cluster at %s cannot be used: %w", at, err)
	case err != nil:
		p.complain(err)
		if p.conn, err = nats.Connect(servers, append(options, nats.RetryOnFailedConnect(true))...); err != nil {
			return fmt.Errorf("connect with the NATS cluster at %s: %w", at, err)
		}
	}
	p.expect(c.Names)
	if p.js, err = jetstream.New(p.conn); err != nil || !p.conn.IsConnected() {
		return err
	}
	return p.able(ctx)
}

// able refuses a cluster that could not do what it should.
func (p *Pipe) able(ctx context.Context) error {
	if got := p.conn.MaxPayload(); got < maxMessage {
		return fmt.Errorf("the NATS cluster takes messages of %d octets at most, expected %d: set max_payload: 8MB in the configuration of its servers", got, maxMessage)
	}
	_, err := p.js.AccountInfo(ctx)
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return fmt.Errorf("the NATS cluster has no JetStream for the core's account: set jetstream in the configuration of its servers: %w", err)
	}
	if err != nil {
		p.complain(err) // its servers are choosing a leader
		return nil
	}
	var refused *jetstream.APIError
	if err := p.refresh(ctx); errors.As(err, &refused) && refused.ErrorCode == notClustered {
		return fmt.Errorf("the NATS server at %s is alone and cannot hold %d copies of each batch: set pipe.replicas to 1: %w", strings.Join(p.opts.Cluster.Servers, ", "), p.opts.Cluster.Replicas, err)
	} else if err != nil {
		p.complain(err) // one of its servers may be away
	}
	return nil
}

// joined is called when the cluster is reached, for the first time or again.
func (p *Pipe) joined() {
	p.opts.Log.Info("connected with the NATS cluster")
	p.lanes.look()
}

// complain tells the log, at intervals, what is wrong with the cluster or with the lanes.
func (p *Pipe) complain(err error) {
	p.lanes.mu.Lock()
	defer p.lanes.mu.Unlock()
	if now := time.Now(); err != nil && now.Sub(p.lanes.complained) >= complainEvery {
		p.lanes.complained = now
		p.opts.Log.Warn("the streams of probers cannot be used, will be tried again", "error", err)
	}
}

// Feed hands every batch of this stream over to another pipe, in the name of a prober of
// this process, as Forward does to a core elsewhere.
func (p *Pipe) Feed(ctx context.Context, hub *Pipe, prober string) error {
	hand := hand{js: hub.js, prober: prober, lost: hub.complain, log: p.opts.Log}
	return p.each(ctx, p.stream, func(msg jetstream.Msg) { hand.take(ctx, msg) })
}

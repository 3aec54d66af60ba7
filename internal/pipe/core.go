package pipe

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

const (
	dialTime    = 5 * time.Second
	redialAfter = 2 * time.Second
	// pingEvery and pingsLost find a connection that died without a word.
	pingEvery = 10 * time.Second
	pingsLost = 2
)

// Identity is a prober's key pair.
type Identity struct {
	Public string // tells nothing; the core keeps it
	Seed   string // the secret
}

// NewIdentity makes a key pair.
func NewIdentity() (Identity, error) {
	key, err := nkeys.CreateUser()
	if err != nil {
		return Identity{}, fmt.Errorf("make a key: %w", err)
	}
	seed, err := key.Seed()
	if err != nil {
		return Identity{}, fmt.Errorf("make a key: %w", err)
	}
	public, err := key.PublicKey()
	if err != nil {
		return Identity{}, fmt.Errorf("make a key: %w", err)
	}
	return Identity{Public: public, Seed: string(seed)}, nil
}

// Way is how a prober reaches its core.
type Way struct {
	// Address is host:port of the core's port for probers; of a cluster those of its
	// servers, with commas between.
	Address string
	// Cluster says that a NATS cluster stands there, which greets before it encrypts.
	Cluster bool
	Name    string // of the prober
	Seed    string
	// Fingerprint is that of the core's certificate; nil where Roots tell.
	Fingerprint []byte
	// Roots sign the core's certificate; nil for those of the system.
	Roots *x509.CertPool
	Log   *slog.Logger
}

// ErrRefused says that the core does not know the credential, or not any more.
var ErrRefused = errors.New("the core refuses this credential: it is unknown there, or was revoked")

// errUnreached says that there is no connection now.
var errUnreached = errors.New("it is not reached")

// StrangerError is a core that is not the one of the credential.
type StrangerError struct {
	Address   string
	Want, Got []byte
}

func (e *StrangerError) Error() string {
	return fmt.Sprintf("the core at %s shows a certificate with the fingerprint %x, expected %x: it is another core, or it made a new certificate and needs a new credential (vigie prober add)",
		e.Address, e.Got, e.Want)
}

// Fingerprint is that of a certificate: the SHA-256 of its public key, so that a
// certificate renewed with the same key is still known.
func Fingerprint(c *x509.Certificate) []byte {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return sum[:]
}

// Core is a prober's connection to its core: outbound, and made again whenever it is
// lost.
type Core struct {
	way  Way
	conn *nats.Conn
	js   jetstream.JetStream

	refused chan struct{} // closed when the core refused the credential

	mu         sync.Mutex
	closing    bool
	notice     func([]byte) // see Noticed
	complained time.Time
}

// Dial begins to connect. A core that cannot be reached is no error: the connection is
// made when it can. ErrRefused and a StrangerError are errors, as is a credential that
// is not whole.
func Dial(w Way) (*Core, error) {
	c := &Core{way: w, refused: make(chan struct{})}
	key, err := nkeys.FromSeed([]byte(w.Seed))
	if err != nil {
		return nil, fmt.Errorf("credential of prober %s: seed: %w", w.Name, err)
	}
	public, err := key.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("credential of prober %s: seed: %w", w.Name, err)
	}
	trust, err := c.trust()
	if err != nil {
		return nil, fmt.Errorf("credential of prober %s: core: %w", w.Name, err)
	}
	options := []nats.Option{
		nats.Name(w.Name), nats.Nkey(public, key.Sign), nats.Secure(trust), nats.IgnoreDiscoveredServers(),
		nats.CustomInboxPrefix(inboxPrefix + w.Name), nats.ReconnectBufSize(-1), nats.MaxReconnects(-1), nats.NoEcho(),
		nats.ReconnectWait(redialAfter), nats.ReconnectJitter(redialAfter, redialAfter), nats.Timeout(dialTime),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsLost),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { c.lost(err) }),
		nats.ConnectHandler(func(*nats.Conn) { c.reached() }),
		nats.ReconnectHandler(func(*nats.Conn) { c.reached() }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { c.lost(err) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			w.Log.Debug("of the connection with the core", "error", err)
		}),
		nats.ClosedHandler(func(*nats.Conn) { c.closed() }),
	}
	if !w.Cluster {
		options = append(options, nats.TLSHandshakeFirst())
	}
	// Once, to tell a core that refuses us from one that is away.
	c.conn, err = nats.Connect(w.Address, options...)
	var stranger *StrangerError
	switch {
	case errors.As(err, &stranger):
		return nil, stranger
	case errors.Is(err, nats.ErrAuthorization):
		return nil, ErrRefused
	case err != nil:
		c.lost(err)
		if c.conn, err = nats.Connect(w.Address, append(options, nats.RetryOnFailedConnect(true))...); err != nil {
			return nil, fmt.Errorf("connect with the core %s: %w", w.Address, err)
		}
	}
	if c.js, err = jetstream.New(c.conn); err != nil {
		c.Close()
		return nil, fmt.Errorf("connect with the core %s: %w", w.Address, err)
	}
	return c, nil
}

// trust is how the core's certificate is judged.
func (c *Core) trust() (*tls.Config, error) {
	o := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: c.way.Roots}
	if c.way.Cluster { // each server bears its own name
		return o, nil
	}
	host, _, err := net.SplitHostPort(c.way.Address)
	if err != nil {
		return nil, err
	}
	o.ServerName = host
	if c.way.Fingerprint != nil {
		// The pinned key takes the place of a chain and of a name.
		o.InsecureSkipVerify = true //nolint:gosec // VerifyConnection verifies
		o.VerifyConnection = func(s tls.ConnectionState) error {
			got := Fingerprint(s.PeerCertificates[0])
			if subtle.ConstantTimeCompare(got, c.way.Fingerprint) != 1 {
				return &StrangerError{Address: c.way.Address, Want: c.way.Fingerprint, Got: got}
			}
			return nil
		}
	}
	return o, nil
}

// lost tells the log, at intervals, why there is no connection.
func (c *Core) lost(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); err != nil && now.Sub(c.complained) >= complainEvery {
		c.complained = now
		c.way.Log.Warn("no connection with the core, what is measured waits here", "core", c.way.Address, "error", err)
	}
}

// reached is called when the connection is made, for the first time or again.
func (c *Core) reached() {
	c.mu.Lock()
	notice := c.notice
	c.complained = time.Time{}
	c.mu.Unlock()
	c.way.Log.Info("connected with the core", "core", c.way.Address)
	if notice != nil {
		notice(nil)
	}
}

// closed notes a connection that nobody closed and that will not be made again: the
// core refused it twice.
func (c *Core) closed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		close(c.refused)
	}
}

// Refused is closed when the core refuses the credential for good.
func (c *Core) Refused() <-chan struct{} { return c.refused }

// Connected reports whether the core is reached now.
func (c *Core) Connected() bool { return c.conn.IsConnected() }

// Close ends the connection; it may be called twice.
func (c *Core) Close() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.conn.Close()
}

// Ask asks the core something and returns its answer. An error that is a Refusal is
// what the core says in its place.
func (c *Core) Ask(ctx context.Context, question []byte) ([]byte, error) {
	if !c.conn.IsConnected() {
		return nil, errUnreached
	}
	return request(ctx, c.conn, coreSubject+c.way.Name, question)
}

// Noticed has notice called with what the core tells without being asked, and with nothing
// when it wants to be asked again, as when the connection is made, until it is closed.
func (c *Core) Noticed(notice func(told []byte)) error {
	c.mu.Lock()
	c.notice = notice
	c.mu.Unlock()
	if _, err := c.conn.Subscribe(noticeSubject+c.way.Name, func(m *nats.Msg) { notice(m.Data) }); err != nil {
		return fmt.Errorf("listen to the core %s: %w", c.way.Address, err)
	}
	return nil
}

// maxCommands bounds the core's questions answered together.
const maxCommands = 4

// Answer answers what the core asks, until ctx ends.
func (c *Core) Answer(ctx context.Context, answer func(ctx context.Context, question []byte) ([]byte, error)) error {
	return serve(ctx, c.conn, commandSubject+c.way.Name, maxCommands, func(ctx context.Context, m *nats.Msg) ([]byte, error) {
		return answer(ctx, m.Data)
	})
}

// Forward hands every batch of the stream over to the core, one at a time and in
// order, until ctx ends. The stream lets go of a batch when the core has it on its own
// disk; while the core is away they wait.
func (p *Pipe) Forward(ctx context.Context, to *Core) error {
	hand := hand{js: to.js, prober: to.way.Name, lost: to.lost, log: to.way.Log}
	return p.each(ctx, p.stream, func(msg jetstream.Msg) { hand.take(ctx, msg) })
}

package pipe

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

const (
	// coreUser is the core's own connection, in process.
	coreUser = "core"
	// mostConnections bounds who knocks, known or not.
	mostConnections = 4096
	// knockTime is how long a connection may take to say who it is.
	knockTime = 5 * time.Second
	// answerTime bounds the time in which a prober may answer a command.
	answerTime = 5 * time.Minute

	coreSubject    = "vigie.core."
	commandSubject = "vigie.command."
	noticeSubject  = "vigie.notice."
	inboxPrefix    = "_INBOX."
)

// Port is where probers elsewhere come in: TLS from the first octet, each prober with
// its own key, and nobody else.
type Port struct {
	// Address is host:port.
	Address     string
	Certificate tls.Certificate
	// Names are those let in from the first moment on, see Admit: a prober that is refused
	// gives up.
	Names map[string]string
}

func (p *Port) open(o *server.Options, d *door) error {
	d.names = maps.Clone(p.Names)
	host, text, err := net.SplitHostPort(p.Address)
	if err != nil {
		return fmt.Errorf("probers' port %s: %w", p.Address, err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return fmt.Errorf("probers' port %s: expected host:port", p.Address)
	}
	o.DontListen = false
	o.Host, o.Port = host, int(port)
	if port == 0 {
		o.Port = server.RANDOM_PORT
	}
	o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{p.Certificate}}
	o.TLS, o.TLSHandshakeFirst = true, true
	o.TLSTimeout, o.AuthTimeout = knockTime.Seconds(), knockTime.Seconds()
	o.CustomClientAuthentication = d
	o.AlwaysEnableNonce = true
	o.MaxConn = mostConnections
	o.PingInterval, o.MaxPingsOut = pingEvery, pingsLost
	return nil
}

// door lets in the core itself and the probers it was told of.
type door struct {
	own string // the core's password, of this run
	log *slog.Logger

	mu       sync.Mutex
	names    map[string]string // of the probers, by public key
	knocked  map[string]time.Time
	knocking time.Time // when knocked was emptied last
}

func newDoor(log *slog.Logger) *door {
	var secret [32]byte
	// rand.Read never fails (crypto/rand).
	_, _ = rand.Read(secret[:])
	return &door{own: base64.RawURLEncoding.EncodeToString(secret[:]), log: log, names: map[string]string{}, knocked: map[string]time.Time{}}
}

// Check is called by the server for each connection, once it has said who it is.
func (d *door) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Nkey == "" && o.Username == coreUser && subtle.ConstantTimeCompare([]byte(o.Password), []byte(d.own)) == 1 {
		c.RegisterUser(&server.User{Username: coreUser})
		return true
	}
	d.mu.Lock()
	name, known := d.names[o.Nkey]
	d.mu.Unlock()
	if !known || !signed(o.Nkey, o.Sig, c.GetNonce()) {
		d.refused(c.RemoteAddress())
		return false
	}
	c.RegisterUser(&server.User{Username: name, Permissions: permissions(name)})
	return true
}

// signed reports whether the connection holds the key that it names.
func signed(public, signature string, nonce []byte) bool {
	key, err := nkeys.FromPublicKey(public)
	if err != nil {
		return false
	}
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	return err == nil && key.Verify(nonce, sig) == nil
}

// complainEvery spaces the log lines about one address that is refused, or about one
// failure that repeats; maxKnocked bounds how many addresses are remembered.
const (
	complainEvery = time.Minute
	maxKnocked    = 1000
)

// refused tells the log of somebody who was not let in.
func (d *door) refused(from net.Addr) {
	host := "unknown"
	if from != nil {
		host, _, _ = net.SplitHostPort(from.String())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if now.Sub(d.knocking) >= complainEvery || len(d.knocked) >= maxKnocked {
		d.knocking = now
		clear(d.knocked)
	}
	if _, told := d.knocked[host]; !told {
		d.knocked[host] = now
		d.log.Warn("a prober was refused: its credential is unknown or revoked", "from", host)
	}
}

// permissions are what a prober may do: hand over batches in its own name, ask the
// core, and answer the core's questions to it.
func permissions(name string) *server.Permissions {
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{subjectBase + name, coreSubject + name}},
		Subscribe: &server.SubjectPermission{Allow: []string{inboxPrefix + name + ".>", commandSubject + name, noticeSubject + name}},
		Response:  &server.ResponsePermission{MaxMsgs: 1, Expires: answerTime},
	}
}

// Admit says which probers are let in, by public key: name. The connection of anyone
// else ends at once; who may come into a cluster is said there (Users). What comes of one
// that is barred, by name, since a time is not taken any more, wherever it still gets in.
func (p *Pipe) Admit(ctx context.Context, names map[string]string, barred map[string]time.Time) error {
	if !p.Open() {
		return nil
	}
	p.expect(names)
	p.lanes.bar(barred)
	if p.opts.Cluster != nil {
		return nil // the lanes are opened when the cluster is reached
	}
	if err := p.refresh(ctx); err != nil {
		return err
	}
	p.door.mu.Lock()
	p.door.names = maps.Clone(names)
	p.door.mu.Unlock()
	here, err := p.connections()
	if err != nil {
		return err
	}
	for _, c := range here {
		if _, known := names[c.AuthorizedUser]; !known && c.AuthorizedUser != coreUser {
			if err := p.host.now().DisconnectClientByID(c.Cid); err != nil {
				p.opts.Log.Debug("a connection to be ended had ended", "error", err)
			}
		}
	}
	return nil
}

func (p *Pipe) connections() ([]*server.ConnInfo, error) {
	found, err := p.host.now().Connz(&server.ConnzOptions{Username: true, Limit: mostConnections})
	if err != nil {
		return nil, fmt.Errorf("list the probers' connections: %w", err)
	}
	return found.Conns, nil
}

// clusterHeard is how long a prober counts as connected with a cluster after it asked
// the core something, which it does every half minute.
const clusterHeard = 75 * time.Second

// Connected gives the address from which each prober is connected now, by name. One that
// comes by a cluster has the address "cluster".
func (p *Pipe) Connected() (map[string]string, error) {
	if p.opts.Cluster != nil {
		return p.lanes.hereNow(time.Now()), nil
	}
	if p.door == nil {
		return nil, nil
	}
	here, err := p.connections()
	if err != nil {
		return nil, err
	}
	p.door.mu.Lock()
	defer p.door.mu.Unlock()
	out := map[string]string{}
	for _, c := range here {
		if name, known := p.door.names[c.AuthorizedUser]; known {
			out[name] = c.IP
		}
	}
	return out, nil
}

// Open reports whether probers elsewhere can come in.
func (p *Pipe) Open() bool { return p.door != nil || p.opts.Cluster != nil }

// Address is where the port is open, host:port; empty without one.
func (p *Pipe) Address() string {
	if p.door == nil || p.host == nil {
		return ""
	}
	return p.host.now().Addr().String()
}

// maxAnswering bounds the probers' questions answered together, maxEach those of one of
// them, so that none keeps the others from being answered.
const maxAnswering, maxEach = 16, 2

// Answer answers what probers ask, until ctx ends and the answers under way are given.
// An error of answer reaches the prober as its text.
func (p *Pipe) Answer(ctx context.Context, answer func(ctx context.Context, prober string, question []byte) ([]byte, error)) error {
	var mu sync.Mutex
	answering := map[string]int{} // of those who ask now
	add := func(prober string, n int) (now int) {
		mu.Lock()
		defer mu.Unlock()
		if answering[prober] += n; answering[prober] == 0 {
			delete(answering, prober)
			return 0
		}
		return answering[prober]
	}
	return serve(ctx, p.conn, coreSubject+"*", maxAnswering, func(ctx context.Context, m *nats.Msg) ([]byte, error) {
		prober := m.Subject[len(coreSubject):]
		p.lanes.heard(prober, time.Now())
		defer add(prober, -1)
		if add(prober, 1) > maxEach {
			return nil, errBusy
		}
		return answer(ctx, prober, m.Data)
	})
}

// ErrAway says that a prober is not connected.
var ErrAway = errors.New("the prober is not connected")

// Ask asks a prober something and returns its answer. An error is ErrAway, that of ctx,
// or what the prober says in its place.
func (p *Pipe) Ask(ctx context.Context, prober string, question []byte) ([]byte, error) {
	out, err := request(ctx, p.conn, commandSubject+prober, question)
	if errors.Is(err, nats.ErrNoResponders) {
		return nil, ErrAway
	}
	return out, err
}

// Notify has a prober ask the core again soon; one that is away asks when it is back.
func (p *Pipe) Notify(prober string) error { return p.Tell(prober, nil) }

// Tell tells a prober something without an answer. One that is away does not hear it.
func (p *Pipe) Tell(prober string, text []byte) error {
	if err := p.conn.Publish(noticeSubject+prober, text); err != nil {
		return fmt.Errorf("notify prober %s: %w", prober, err)
	}
	return nil
}

package snmp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

// Port is where agents listen (RFC 3417).
const Port = 161

// Options says how a poller asks.
type Options struct {
	// Timeout is how long the answer to one request is waited for.
	Timeout time.Duration
	// Retries is how often a request without answer is sent again.
	Retries int
	// InFlight is the most routers asked together. Each takes some 70 kB.
	InFlight int
	// Open, when set, calls create exactly once, on a thread and in a network
	// namespace of its choice; there the socket stays.
	Open func(create func() error) error
	// Profiles say by which objects devices tell how they are; nil: they are not asked.
	Profiles *Profiles
}

func (o Options) validate() error {
	const longest, most = time.Minute, 10_000
	switch {
	case o.Timeout <= 0 || o.Timeout > longest:
		return fmt.Errorf("snmp: timeout: %s, expected more than 0 and at most %s", o.Timeout, longest)
	case o.Retries < 0 || o.Retries > 10:
		return fmt.Errorf("snmp: retries: %d, expected 0 to 10", o.Retries)
	case o.InFlight < 1 || o.InFlight > most:
		return fmt.Errorf("snmp: in flight: %d, expected 1 to %d", o.InFlight, most)
	}
	return nil
}

// Router is what to ask, and for what.
type Router struct {
	Link int64
	// Ref is the reference of the link. Without Interface the interface is the
	// one whose alias holds it as a word.
	Ref        string
	Addr       netip.AddrPort
	Credential Credential
	// Interface is the ifName, else the ifAlias, of the interface that carries
	// the link; empty: see Ref.
	Interface string
	// Further are the ifName, else the ifAlias, of other interfaces to ask for. Without
	// any they are those whose alias holds Ref as a word too.
	Further [probe.MaxFurther]string
}

// Poller asks routers. Its methods may be called from several goroutines.
type Poller struct {
	options Options
	slots   chan struct{} // one token per router asked at the moment
	turns   turns

	layouts layouts

	mu       sync.Mutex
	memories map[place]*memory
	sweepAt  int // entries of memories at which the old ones are dropped
	accounts map[Credential]*account
}

// account holds what serves one credential, as long as a router is remembered under it: one
// that was changed leaves no secret behind.
type account struct {
	idle    *sync.Pool // sessions
	routers int
}

// place is where one router of a link stands.
type place struct {
	link int64
	addr netip.AddrPort
}

// memory is what an earlier poll learned of a router: only what saves requests,
// verified by every answer.
type memory struct {
	router   Router
	used     time.Time
	index    int       // of the interface, 0 when not known
	searched time.Time // when it was looked for in vain; zero when it was found
	located  time.Time // when it was found
	further  []int     // indexes of the further interfaces
	plan     plan      // what tells how it is
	engine   engine
}

// New returns a poller that holds nothing yet.
func New(o Options) (*Poller, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.Open == nil {
		o.Open = func(create func() error) error { return create() }
	}
	return &Poller{
		options: o, slots: make(chan struct{}, o.InFlight), turns: turns{held: map[netip.AddrPort]*turn{}},
		memories: map[place]*memory{}, sweepAt: firstSweep, accounts: map[Credential]*account{},
	}, nil
}

// Poll asks a router and returns when it has answered or was given up; it waits
// for its turn when too many are asked already, or this device is: no agent is asked
// for two links at once. A router that cannot be asked is no error: the poll says why.
// The context ends the waiting.
func (p *Poller) Poll(ctx context.Context, r Router) (poll probe.Poll) {
	poll.Link = r.Link
	defer func() { poll.At = time.Now().UTC().Truncate(time.Microsecond) }()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		poll.Problem = problem(ctx.Err())
		return poll
	}
	if err := p.turns.take(ctx, r.Addr); err != nil {
		poll.Problem = problem(err)
		return poll
	}
	defer p.turns.give(r.Addr)
	known := p.recall(r)
	var answer answer
	err := p.use(ctx, r, &known, func(s *session) (err error) {
		answer, err = s.router(r, &known)
		return err
	})
	if err != nil {
		poll.Problem = problem(err)
		known.engine = engine{} // learned anew, if it is why
	} else {
		poll.Uptime, poll.Boots, poll.Access = answer.uptime, answer.boots, answer.access
		poll.Further, poll.Health = answer.further, answer.health
	}
	p.remember(r, known)
	return poll
}

// use calls ask with a session of its own. An engine that is no longer the one
// remembered is met anew, and ask called again.
func (p *Poller) use(ctx context.Context, r Router, known *memory, ask func(*session) error) error {
	if err := r.Credential.Validate(); err != nil {
		return err
	}
	pool := p.idle(r.Credential)
	s, err := p.connect(ctx, pool, r)
	if err != nil {
		return err
	}
	defer func() {
		// The socket was only read from and written to: nothing is lost with it.
		_ = s.library.Close()
		s.library.Context = nil
		pool.Put(s)
	}()
	// The library looks at the context between two attempts only.
	conn := s.library.Conn
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	s.meet(known.engine)
	err = ask(s)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && known.engine.id != "" && !silent(err) {
		s.meet(engine{})
		err = ask(s)
	}
	known.engine = s.met()
	return err
}

// idle returns the idle sessions of a credential; one that no router is remembered under
// has none yet.
func (p *Poller) idle(c Credential) *sync.Pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.accounts[c]; a != nil {
		return a.idle
	}
	return &sync.Pool{}
}

// join counts a router that is remembered under a credential, leave one that no longer is.
func (p *Poller) join(c Credential) {
	a := p.accounts[c]
	if a == nil {
		a = &account{idle: &sync.Pool{}}
		p.accounts[c] = a
	}
	a.routers++
}

func (p *Poller) leave(c Credential) {
	if a := p.accounts[c]; a.routers > 1 {
		a.routers--
	} else {
		delete(p.accounts, c)
	}
}

// connect returns a session with a new socket to the router: what comes late for
// an earlier poll meets a closed port.
func (p *Poller) connect(ctx context.Context, pool *sync.Pool, r Router) (*session, error) {
	s, reused := pool.Get().(*session)
	if !reused {
		s = &session{library: r.Credential.session(), profiles: p.options.Profiles, layouts: &p.layouts}
	}
	s.library.Target, s.library.Port = r.Addr.Addr().String(), r.Addr.Port()
	s.library.Timeout, s.library.Retries = p.options.Timeout, p.options.Retries
	s.library.Context = ctx
	err := p.options.Open(func() (err error) {
		if !reused {
			return s.library.Connect() // makes the buffer and the salt too
		}
		s.library.Conn, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(r.Addr))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("snmp: open a socket: %w", err)
	}
	return s, nil
}

const (
	firstSweep = 1024
	// forgetAfter is far above any interval of polling.
	forgetAfter = time.Hour
	// searchAgain is how long an interface that was not found is not looked for:
	// a search reads two columns of every interface.
	searchAgain = 5 * time.Minute
)

// recall returns what is known of a router, nothing when it is to be asked otherwise
// than before.
func (p *Poller) recall(r Router) memory {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.memories[place{r.Link, r.Addr}]; m != nil && m.router == r {
		return *m
	}
	return memory{router: r}
}

// remember keeps what was learned, and drops what has not been used for long.
func (p *Poller) remember(r Router, m memory) {
	m.used = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.join(r.Credential)
	if before := p.memories[place{r.Link, r.Addr}]; before != nil {
		p.leave(before.router.Credential)
	}
	p.memories[place{r.Link, r.Addr}] = &m
	if len(p.memories) < p.sweepAt {
		return
	}
	for key, old := range p.memories {
		if m.used.Sub(old.used) > forgetAfter {
			p.leave(old.router.Credential)
			delete(p.memories, key)
		}
	}
	p.sweepAt = max(firstSweep, 2*len(p.memories))
}

// session is a connection of the library's, reused for one router after another
// because it holds a buffer of 64 kB.
type session struct {
	library  *gosnmp.GoSNMP
	profiles *Profiles
	layouts  *layouts
}

// engine is what an earlier answer told of a version 3 agent.
type engine struct {
	id                  string
	boots, time         uint32
	at                  time.Time
	authKey, privateKey []byte // of this engine; deriving them hashes a megabyte
}

// meet prepares the session for an agent: one known already, or one to discover.
func (s *session) meet(e engine) {
	usm, ok := s.library.SecurityParameters.(*gosnmp.UsmSecurityParameters)
	if !ok {
		return
	}
	usm.AuthoritativeEngineID, usm.AuthoritativeEngineBoots = e.id, e.boots
	usm.AuthoritativeEngineTime = 0
	if e.id != "" {
		usm.AuthoritativeEngineTime = e.time + uint32(time.Since(e.at)/time.Second)
	}
	usm.SecretKey, usm.PrivacyKey = e.authKey, e.privateKey
	s.library.ContextEngineID = e.id
}

// met returns the agent that the session spoke with.
func (s *session) met() engine {
	usm, ok := s.library.SecurityParameters.(*gosnmp.UsmSecurityParameters)
	if !ok {
		return engine{}
	}
	return engine{
		id: usm.AuthoritativeEngineID, boots: usm.AuthoritativeEngineBoots, time: usm.AuthoritativeEngineTime,
		at: time.Now(), authKey: usm.SecretKey, privateKey: usm.PrivacyKey,
	}
}

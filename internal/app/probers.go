package app

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"slices"
	"time"

	"vigie/internal/access"
	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/outpost"
	"vigie/internal/pipe"
	"vigie/internal/vantage"
	"vigie/probe/snmp"
)

// What commands ask about probers elsewhere, and of them.
const (
	opOutposts     operation[struct{}, []ProberRow]              = "prober-list"
	opAddProber    operation[NewProber, ProberAnswer]            = "prober-add"
	opRevokeProber operation[ProberName, struct{}]               = "prober-revoke"
	opAskProber    operation[ProberQuestion, outpost.Answer]     = "prober-ask"
	opPollProber   operation[ProberPollQuestion, outpost.Answer] = "prober-poll"
)

// ProberRow is a prober elsewhere, as commands print it.
type ProberRow struct {
	Name      string     `json:"name"`
	Site      string     `json:"site"` // key; empty for one that looks at links
	Works     bool       `json:"works"`
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at"`
	LastSeen  *time.Time `json:"last_seen"` // when a batch of its came last
	// From is the address from which it is connected now, "cluster" where it comes by a
	// NATS cluster; empty when it is not, or when no instance runs that would know.
	From string `json:"from"`
}

// NewProber is a prober to add.
type NewProber struct {
	Name string `json:"name"`
	Site string `json:"site"` // key of a site or UAI of a school; empty for one that looks at links
	// Core is host:port of the probers' port, as the prober reaches it; empty where the
	// configuration names one address.
	Core string `json:"core"`
}

// ProberAnswer tells a new credential, this once.
type ProberAnswer struct {
	Credential string `json:"credential"` // the file
	// Cluster says that a cluster's configuration lets the prober in, or does not yet.
	Cluster bool `json:"cluster"`
}

// ProberName names a prober elsewhere.
type ProberName struct {
	Name string `json:"name"`
}

// ProberQuestion is a question for a prober.
type ProberQuestion struct {
	Prober   string           `json:"prober"`
	Question outpost.Question `json:"question"`
}

// ProberPollQuestion asks a prober for one look at the router of a link.
type ProberPollQuestion struct {
	Prober string `json:"prober"`
	Link   string `json:"link"` // its reference
}

// Outposts lists the probers elsewhere.
func (i *Instance) Outposts(ctx context.Context) ([]ProberRow, error) {
	all, err := i.vantage().List(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]ProberRow, 0, len(all))
	for _, p := range all {
		rows = append(rows, ProberRow{
			Name: p.Name, Site: p.Site, Works: p.Works(), CreatedAt: p.CreatedAt,
			RevokedAt: unlessZero(p.RevokedAt), LastSeen: unlessZero(p.LastSeen),
		})
	}
	return rows, nil
}

// RevokeProber lets a prober in no more.
func (i *Instance) RevokeProber(ctx context.Context, n ProberName) error {
	return i.vantage().Revoke(ctx, access.Console(), n.Name, time.Now())
}

// outposts lists the probers elsewhere, with who is connected.
func (s *Server) outposts(ctx context.Context, _ struct{}) ([]ProberRow, error) {
	rows, err := s.instance.Outposts(ctx)
	if err != nil {
		return nil, err
	}
	here, err := s.pipe.Connected()
	for i := range rows {
		rows[i].From = here[rows[i].Name]
	}
	return rows, err
}

// addProber makes the credential of a prober and lets it in.
func (s *Server) addProber(ctx context.Context, n NewProber) (ProberAnswer, error) {
	c := s.opts.Configuration
	if !s.pipe.Open() {
		return ProberAnswer{}, fault.Errorf(fault.Conflict, "no port is open for probers: set probers.listen, or pipe.servers, in the configuration and start Vigie again")
	}
	if n.Name == c.Prober.Name {
		return ProberAnswer{}, fault.Errorf(fault.Conflict, "name: %q is the name of the core's own prober, expected another one", n.Name)
	}
	if n.Core == "" {
		n.Core = s.pipe.Address()
	}
	credential := vantage.Credential{Name: n.Name, Core: n.Core}
	if err := s.certify(&credential); err != nil {
		return ProberAnswer{}, err
	}
	if err := credential.CheckCore(); err != nil {
		return ProberAnswer{}, fault.Errorf(fault.Invalid, "core: %w: --core says how the prober reaches it", err)
	}
	x, err := s.index(ctx)
	if err != nil {
		return ProberAnswer{}, err
	}
	site := ""
	if n.Site != "" {
		found, known := x.SiteNamed(n.Site)
		if !known {
			return ProberAnswer{}, fault.Errorf(fault.Invalid, "site: %.40q is neither the key of a site of the inventory nor the UAI of one of its schools", n.Site)
		}
		site = found.Key
	}
	key, err := pipe.NewIdentity()
	if err != nil {
		return ProberAnswer{}, err
	}
	credential.Seed = key.Seed
	text, err := credential.Encode()
	if err != nil {
		return ProberAnswer{}, err
	}
	if err := s.instance.vantage().Add(ctx, access.Console(), vantage.Prober{Name: n.Name, Site: site, PublicKey: key.Public}, time.Now()); err != nil {
		return ProberAnswer{}, err
	}
	return ProberAnswer{Credential: string(text), Cluster: credential.Cluster}, s.admit(ctx)
}

// certify writes into a credential how the port's certificate is known: one that nobody
// else signed by its key, another by those who signed it.
func (s *Server) certify(c *vantage.Credential) error {
	if s.pipe.Address() == "" {
		return s.certifyCluster(c)
	}
	port, err := s.opts.Configuration.Probers.port(s.opts.Dir, nil, time.Now())
	if err != nil {
		return err
	}
	leaf, roots := port.Certificate.Leaf, ""
	if leaf.CheckSignatureFrom(leaf) == nil || string(leaf.RawIssuer) == string(leaf.RawSubject) {
		c.Fingerprint = hex.EncodeToString(pipe.Fingerprint(leaf))
		return nil
	}
	for _, der := range port.Certificate.Certificate[1:] {
		if above, err := x509.ParseCertificate(der); err == nil && string(above.RawIssuer) == string(above.RawSubject) {
			roots += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		}
	}
	c.Roots = roots
	return nil
}

// revokeProber ends a prober's connection at once.
func (s *Server) revokeProber(ctx context.Context, n ProberName) (struct{}, error) {
	if err := s.instance.RevokeProber(ctx, n); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, s.admit(ctx)
}

// askSlack is what a question may take beyond its measurement.
const askSlack = 5 * time.Second

// askProber has a prober measure something now.
func (s *Server) askProber(ctx context.Context, q ProberQuestion) (outpost.Answer, error) {
	if err := q.Question.Validate(); err != nil {
		return outpost.Answer{}, &fault.Error{Kind: fault.Invalid, Err: err}
	}
	if q.Prober == s.opts.Configuration.Prober.Name && s.prober != nil {
		a, err := s.lookout.Answer(ctx, q.Question)
		if err != nil {
			return outpost.Answer{}, &fault.Error{Kind: fault.Unavailable, Err: err}
		}
		return a, nil
	}
	if !slices.ContainsFunc(s.vantages.list(), func(p vantage.Prober) bool { return p.Name == q.Prober }) {
		return outpost.Answer{}, fault.Errorf(fault.NotFound, "no prober has the name %.40q: vigie prober list shows them, and the core's own is %s", q.Prober, s.opts.Configuration.Prober.Name)
	}
	text, err := json.Marshal(q.Question)
	if err != nil {
		return outpost.Answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, q.Question.Takes()+askSlack)
	defer cancel()
	text, err = s.pipe.Ask(ctx, q.Prober, text)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return outpost.Answer{}, fault.Errorf(fault.Unavailable, "prober %s did not answer in %s", q.Prober, q.Question.Takes()+askSlack)
	case err != nil:
		return outpost.Answer{}, fault.Errorf(fault.Unavailable, "prober %s: %w", q.Prober, err)
	}
	var a outpost.Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return outpost.Answer{}, fault.Errorf(fault.Unavailable, "answer of prober %s: %w", q.Prober, err)
	}
	return a, nil
}

// pollProber has a prober look at the router of a link now.
func (s *Server) pollProber(ctx context.Context, q ProberPollQuestion) (outpost.Answer, error) {
	x, err := s.index(ctx)
	if err != nil {
		return outpost.Answer{}, err
	}
	link, known := x.Link(q.Link)
	if !known {
		return outpost.Answer{}, fault.Errorf(fault.NotFound, "no link has the reference %.40q", q.Link)
	}
	return s.askProber(ctx, ProberQuestion{Prober: q.Prober, Question: outpost.Question{Kind: outpost.Poll, Link: link.ID}})
}

// ownRouters are those that the core's own prober may be asked to poll.
func (s *Server) ownRouters() []snmp.Router {
	x, err := s.index(context.Background())
	if err != nil {
		return nil // the answer is then that no router is polled
	}
	return routers(x, s.secrets.get(), calendar.Day(time.Now()))
}

// serveProbers answers the commands about probers elsewhere.
func (s *Server) serveProbers(mux *http.ServeMux) {
	opOutposts.serve(mux, s.outposts)
	opAddProber.serve(mux, s.addProber)
	opRevokeProber.serve(mux, s.revokeProber)
	opAskProber.serve(mux, s.askProber)
	opPollProber.serve(mux, s.pollProber)
	opNATSUsers.serve(mux, s.natsUsers)
}

// Outposts asks the running instance for the probers elsewhere.
func (r *Remote) Outposts(ctx context.Context) ([]ProberRow, error) {
	return opOutposts.call(ctx, r, struct{}{})
}

// AddProber asks for a credential.
func (r *Remote) AddProber(ctx context.Context, n NewProber) (ProberAnswer, error) {
	return opAddProber.call(ctx, r, n)
}

// RevokeProber asks to let a prober in no more.
func (r *Remote) RevokeProber(ctx context.Context, n ProberName) error {
	_, err := opRevokeProber.call(ctx, r, n)
	return err
}

// AskProber has a prober measure something now.
func (r *Remote) AskProber(ctx context.Context, q ProberQuestion) (outpost.Answer, error) {
	return opAskProber.call(ctx, r, q)
}

// PollProber has a prober look at the router of a link now.
func (r *Remote) PollProber(ctx context.Context, q ProberPollQuestion) (outpost.Answer, error) {
	return opPollProber.call(ctx, r, q)
}

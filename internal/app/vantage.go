package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/outpost"
	"vigie/internal/pipe"
	"vigie/internal/prober"
	"vigie/internal/store"
	"vigie/internal/vantage"
	"vigie/probe"
	"vigie/probe/schedule"
)

// ProbersConfiguration says where probers elsewhere come in, and how links are shared.
type ProbersConfiguration struct {
	// Listen is the address of their port, host:port; empty = none comes in.
	Listen string `yaml:"listen"`
	// CertificateFile and KeyFile hold the port's certificate in PEM; empty = Vigie makes
	// one, whose key the probers' credentials pin.
	CertificateFile string `yaml:"certificate_file"`
	KeyFile         string `yaml:"key_file"`
	// SecondPercent is the share of the links that two probers look at, 0 to 100.
	SecondPercent int `yaml:"second_percent"`
}

func (c ProbersConfiguration) validate() error {
	switch {
	case (c.CertificateFile == "") != (c.KeyFile == ""):
		return fmt.Errorf("certificate_file %q, key_file %q: expected both or none", c.CertificateFile, c.KeyFile)
	case c.SecondPercent < 0 || c.SecondPercent > 100:
		return fmt.Errorf("second_percent: %d, expected 0 to 100", c.SecondPercent)
	}
	return nil
}

// port is open where the configuration says.
func (c ProbersConfiguration) port(dir string, names map[string]string, now time.Time) (*pipe.Port, error) {
	var certificate tls.Certificate
	var err error
	if c.CertificateFile != "" {
		if certificate, err = tls.LoadX509KeyPair(c.CertificateFile, c.KeyFile); err != nil {
			err = fmt.Errorf("probers.certificate_file: %w", err)
		}
	} else {
		certificate, err = pipe.SelfMade(dir, now)
	}
	return &pipe.Port{Address: c.Listen, Certificate: certificate, Names: names}, err
}

const (
	// silentFor is how many cycles a prober may be silent before others take its links.
	silentFor = 3
	// blindFor is how many cycles in a row it may reach none of its canaries: a cut of its
	// own uplink that passes moves nothing.
	blindFor = 3
)

// vantages is what the core knows of its probers elsewhere.
type vantages struct {
	planning sync.Mutex // one makes plans at a time

	mu      sync.Mutex
	members []vantage.Prober // that work
	// revoked tells since when those that do not are.
	revoked map[string]time.Time
	// newest is the newest cycle that each prober delivered whole.
	newest map[string]time.Time
	sights map[string]vision // what each prober saw of its canaries
	// canaries says that there are some to see.
	canaries bool
	plans    map[string][]byte // packed, by prober
	sharing  []string          // those that the plans share the links between
	// urgent are the links that probers were told of last, and quiet the cycles since then.
	urgent []int64
	quiet  int
}

func newVantages() *vantages {
	return &vantages{newest: map[string]time.Time{}, sights: map[string]vision{}, plans: map[string][]byte{}}
}

// vision is whether a prober reaches its canaries.
type vision struct {
	cycle time.Time // that it delivers
	heard bool      // a canary answered in it
	blind int       // cycles in a row in which none did
}

// delivered notes what a prober delivered, and when that was its whole part of a cycle.
func (v *vantages) delivered(b probe.Batch) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !b.Cycle.After(v.newest[b.Prober]) {
		return
	}
	seen := v.sights[b.Prober]
	if !seen.cycle.Equal(b.Cycle) {
		seen.cycle, seen.heard = b.Cycle, false
	}
	for _, o := range b.Observations {
		seen.heard = seen.heard || o.Kind == probe.Canary && o.Received() > 0
	}
	if b.Last {
		v.newest[b.Prober] = b.Cycle
		if seen.blind++; seen.heard || !v.canaries {
			seen.blind = 0
		}
	}
	v.sights[b.Prober] = seen
}

// seeing leaves out the probers that reach none of their canaries, unless nobody does:
// where they stand links cannot be looked at.
func (v *vantages) seeing(probers []string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := slices.DeleteFunc(slices.Clone(probers), func(name string) bool { return v.sights[name].blind >= blindFor })
	if len(out) == 0 {
		return probers
	}
	return out
}

// working are the probers elsewhere that look at links and delivered lately, by name.
// One that was just added delivers its canaries first.
func (v *vantages) working(now time.Time, cycle time.Duration) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	oldest := schedule.Start(now, cycle).Add(-(silentFor + 1) * cycle)
	var names []string
	for _, m := range v.members {
		if newest := v.newest[m.Name]; m.Site == "" && !newest.Before(oldest) && !newest.After(now) {
			names = append(names, m.Name)
		}
	}
	return names
}

// set keeps a prober's plan and reports whether it is another one.
func (v *vantages) set(name string, packed []byte) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	changed := string(v.plans[name]) != string(packed)
	v.plans[name] = packed
	return changed
}

func (v *vantages) list() []vantage.Prober {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.members
}

// openPort gives the port of the probers elsewhere, nil without one. Those that were seen
// before are taken to be at work until they have been silent for a while.
func (s *Server) openPort(ctx context.Context) (*pipe.Port, error) {
	if s.opts.Configuration.Probers.Listen == "" {
		return nil, nil
	}
	names, err := s.members(ctx)
	if err != nil {
		return nil, err
	}
	s.expect()
	return s.opts.Configuration.Probers.port(s.opts.Dir, names, time.Now())
}

// expect takes those that were seen before to be at work.
func (s *Server) expect() {
	now := schedule.Start(time.Now(), s.opts.Configuration.Prober.Cycle)
	for _, m := range s.vantages.list() {
		if !m.LastSeen.IsZero() {
			s.vantages.newest[m.Name] = now
		}
	}
}

// members loads the probers that are not revoked, and gives their names by public key.
func (s *Server) members(ctx context.Context) (map[string]string, error) {
	all, err := s.instance.vantage().List(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	revoked := map[string]time.Time{}
	var members []vantage.Prober
	for _, p := range all {
		switch {
		case !p.Works():
			revoked[p.Name] = p.RevokedAt
		case p.Name == s.opts.Configuration.Prober.Name:
			s.opts.Log.Error("a prober elsewhere has the name of the core's own and is not let in", "prober", p.Name)
		default:
			names[p.PublicKey] = p.Name
			members = append(members, p)
		}
	}
	s.vantages.mu.Lock()
	s.vantages.members, s.vantages.revoked = members, revoked
	s.vantages.mu.Unlock()
	return names, nil
}

func (v *vantages) barred() map[string]time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.revoked
}

// admit lets in those probers that are not revoked, and no others, and shares the links
// between them.
func (s *Server) admit(ctx context.Context) error {
	names, err := s.members(ctx)
	if err != nil {
		return err
	}
	if err := s.pipe.Admit(ctx, names, s.vantages.barred()); err != nil {
		return err
	}
	return s.retarget(ctx)
}

// retarget tells each prober what the inventory says now.
func (s *Server) retarget(ctx context.Context) error {
	s.vantages.planning.Lock()
	defer s.vantages.planning.Unlock()
	x, err := s.index(ctx)
	if err != nil {
		return err
	}
	c := s.opts.Configuration
	own, err := standing(x, c.Prober.Site)
	if err != nil {
		return err
	}
	now := time.Now()
	day := calendar.Day(now)
	whole, err := s.plan(x, "", day)
	if err != nil {
		return err
	}
	s.vantages.mu.Lock()
	s.vantages.canaries = slices.ContainsFunc(whole.Targets, func(t probe.Target) bool { return t.Kind == probe.Canary })
	s.vantages.mu.Unlock()
	sharing := s.sharers(now)
	parts := vantage.Split(linksOf(whole), sharing, c.Probers.SecondPercent)
	planOf := func(name, site string) (prober.Plan, error) {
		if site != "" {
			return s.plan(x, site, day)
		}
		return share(whole, parts[name]), nil
	}
	for _, m := range s.vantages.list() {
		plan, err := planOf(m.Name, m.Site)
		if err != nil {
			return err
		}
		packed, err := plan.Encode()
		if err != nil {
			return err
		}
		if s.vantages.set(m.Name, packed) {
			if err := s.pipe.Notify(m.Name); err != nil {
				s.opts.Log.Debug("a prober was not told at once of its new plan", "prober", m.Name, "error", err)
			}
		}
	}
	s.tellShift(sharing)
	if s.prober == nil {
		return nil
	}
	plan, err := planOf(c.Prober.Name, own)
	if err != nil {
		return err
	}
	return s.prober.Follow(plan)
}

// sharers are the probers between which the links are to be shared now.
func (s *Server) sharers(now time.Time) []string {
	c := s.opts.Configuration.Prober
	list := s.vantages.working(now, c.Cycle)
	if s.prober != nil && c.Site == "" {
		list = append(list, c.Name)
	}
	return s.vantages.seeing(list)
}

// tellShift notes between whom the links are shared now, and tells the log who came and
// went.
func (s *Server) tellShift(sharing []string) {
	s.vantages.mu.Lock()
	former := s.vantages.sharing
	s.vantages.sharing = sharing
	s.vantages.mu.Unlock()
	for _, name := range former {
		if !slices.Contains(sharing, name) {
			s.opts.Log.Warn("a prober is silent, gone or cut off from everything, others take its links", "prober", name)
		}
	}
	for _, name := range sharing {
		if former != nil && !slices.Contains(former, name) {
			s.opts.Log.Info("a prober takes its share of the links", "prober", name)
		}
	}
}

// urgentAgain is how many cycles pass before probers are told again what they may not
// have heard.
const urgentAgain = 10

// tellUrgent tells the probers elsewhere which links' next rounds matter most, when that
// changed and from time to time.
func (s *Server) tellUrgent(links []int64) {
	v := s.vantages
	v.mu.Lock()
	if v.quiet++; slices.Equal(links, v.urgent) && v.quiet < urgentAgain {
		v.mu.Unlock()
		return
	}
	v.urgent, v.quiet = slices.Clone(links), 0
	members := v.members
	v.mu.Unlock()
	text, err := json.Marshal(outpost.Urgent{Links: links})
	for _, m := range members {
		if err == nil {
			err = s.pipe.Tell(m.Name, text)
		}
	}
	if err != nil {
		s.opts.Log.Debug("probers were not told what is urgent", "error", err)
	}
}

// linksOf are the links that a plan measures.
func linksOf(p prober.Plan) []int64 {
	var links []int64
	for _, t := range p.Targets {
		if t.Kind == probe.Link {
			links = append(links, t.ID)
		}
	}
	for _, r := range p.Routers { // a link may have a router that is polled and no address to probe
		links = append(links, r.Link)
	}
	for _, q := range p.Questions {
		links = append(links, q.Link)
	}
	slices.Sort(links)
	return slices.Compact(links)
}

// share is what one prober does of a plan: the echoes of its links, the routers,
// services and reflectors of those that it is the first for, and every canary.
func share(whole prober.Plan, part vantage.Part) prober.Plan {
	first := func(link int64) bool { _, ok := slices.BinarySearch(part.First, link); return ok }
	second := func(link int64) bool { _, ok := slices.BinarySearch(part.Second, link); return ok }
	p := prober.Plan{Configuration: whole.Configuration}
	for _, t := range whole.Targets {
		if t.Kind == probe.Canary || first(t.ID) || second(t.ID) {
			p.Targets = append(p.Targets, t)
		}
	}
	for _, r := range whole.Routers {
		if first(r.Link) {
			p.Routers = append(p.Routers, r)
		}
	}
	for _, q := range whole.Questions {
		if first(q.Link) {
			p.Questions = append(p.Questions, q)
		}
	}
	for _, r := range whole.Reflectors {
		if first(r.Link) {
			p.Reflectors = append(p.Reflectors, r)
		}
	}
	return p
}

// watchVantages answers the probers elsewhere, and has others take the links of one that
// falls silent, or that reaches nothing any more.
func (s *Server) watchVantages(ctx context.Context) error {
	var answering sync.WaitGroup
	defer answering.Wait()
	failed := make(chan error, 1)
	answering.Go(func() { failed <- s.pipe.Answer(ctx, s.welcome) })
	cycle := s.opts.Configuration.Prober.Cycle
	for pause(ctx, cycle) {
		select {
		case err := <-failed:
			return err // nothing answers any more
		default:
		}
		sharing := s.sharers(time.Now())
		s.vantages.mu.Lock()
		same := slices.Equal(sharing, s.vantages.sharing)
		s.vantages.mu.Unlock()
		if same {
			continue
		}
		if err := s.retarget(ctx); err != nil && ctx.Err() == nil {
			s.opts.Log.Error("the links were not shared anew, will be tried again", "error", err)
		}
	}
	return <-failed
}

// welcome answers a prober elsewhere.
func (s *Server) welcome(ctx context.Context, name string, text []byte) ([]byte, error) {
	var hello outpost.Hello
	if err := json.Unmarshal(text, &hello); err != nil {
		return nil, fmt.Errorf("question of prober %s: %w", name, err)
	}
	applied, err := s.watched.LastSeq(ctx, name)
	if err != nil {
		return nil, err
	}
	published, err := s.pipe.LastSeq(ctx, name)
	if err != nil {
		return nil, err
	}
	s.vantages.mu.Lock()
	packed := s.vantages.plans[name]
	s.vantages.mu.Unlock()
	if packed == nil {
		return nil, fault.Errorf(fault.Unavailable, "prober %s has no plan yet", name)
	}
	w := outpost.Welcome{LastSeq: max(applied, published)}
	if outpost.Digest(packed) != hello.Digest {
		w.Plan = packed
	}
	return json.Marshal(w)
}

func (i *Instance) vantage() *vantage.Service { return vantage.New(store.NewVantage(i.db)) }

package outpost

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"vigie/internal/pipe"
	"vigie/internal/prober"
	"vigie/internal/vantage"
	"vigie/probe"
)

const (
	// helloEvery is how often the core is asked whether the plan is still the right one,
	// beside its own notices; helloTime bounds a question.
	helloEvery = 30 * time.Second
	helloTime  = 5 * time.Second
	// beginEvery spaces the questions of a prober that cannot begin.
	beginEvery = 2 * time.Second
)

// Options says who the prober is and where its data lie.
type Options struct {
	Credential vantage.Credential
	// Dir holds the stream and the plan.
	Dir string
	// Spool bounds the stream, in octets: what does not fit pushes the oldest out.
	Spool int64
	// Alarm is whom the prober tells that its core is silent.
	Alarm Alarm
	// Open places sockets, see icmp.Options; nil for where the program runs.
	Open func(create func() error) error
	// Say is told of each step of the start.
	Say func(line string)
	Log *slog.Logger
}

// post is a prober elsewhere at work.
type post struct {
	Options
	core    *pipe.Core
	stream  *pipe.Pipe
	sentry  *sentry
	routers routersOf
	notices chan struct{} // the core wants to be asked

	plan   prober.Plan
	digest string // of the plan; empty without one
	next   uint64 // number of the next prober's first batch, at least
	prober *prober.Prober
	look   Lookout

	urging    sync.Mutex
	urgent    []int64        // links whose next rounds matter most, as the core told last
	measuring *prober.Prober // that is told of them; nil before the first
}

// Run is a prober elsewhere: it measures what its core tells it until ctx ends, keeps
// what it measured on its disk and hands it over as soon as the core is reached. Its
// errors are a core that refuses the credential (pipe.ErrRefused) or is another one
// (pipe.StrangerError), a directory that cannot be used, and a right that is missing. One
// that is refused keeps no plan: the secrets of routers are no longer its affair.
func Run(ctx context.Context, o Options) (err error) {
	held, err := lock(o.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	defer func() {
		if errors.Is(err, pipe.ErrRefused) {
			err = errors.Join(err, forget(o.Dir))
		}
	}()
	way, err := wayOf(o.Credential, o.Log)
	if err != nil {
		return err
	}
	p := &post{Options: o, notices: make(chan struct{}, 1)}
	if p.core, err = pipe.Dial(way); err != nil {
		return err
	}
	defer p.core.Close()
	if p.sentry, err = newSentry(o, p.notice, time.Now()); err != nil {
		return err
	}
	var watching sync.WaitGroup
	watched, unwatch := context.WithCancel(ctx)
	defer func() { unwatch(); watching.Wait() }()
	watching.Go(func() { p.sentry.run(watched) })
	p.stream = pipe.New(pipe.Options{Dir: filepath.Join(o.Dir, "stream"), Bytes: o.Spool, Log: o.Log})
	if err := p.stream.Start(ctx); err != nil {
		return err
	}
	defer p.stream.Stop()
	if err := p.core.Noticed(p.told); err != nil {
		return err
	}
	if err := p.begin(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	if err := p.start(); err != nil {
		return err
	}
	o.Say(fmt.Sprintf("prober %s measures %d targets for the core at %s", o.Credential.Name, len(p.plan.Targets), o.Credential.Core))
	return p.work(ctx)
}

func wayOf(c vantage.Credential, log *slog.Logger) (pipe.Way, error) {
	w := pipe.Way{Address: c.Core, Cluster: c.Cluster, Name: c.Name, Seed: c.Seed, Fingerprint: c.Pin(), Log: log}
	if c.Roots != "" {
		w.Roots = x509.NewCertPool()
		if !w.Roots.AppendCertsFromPEM([]byte(c.Roots)) {
			return pipe.Way{}, errors.New("credential: roots: no certificate in it, expected PEM")
		}
	}
	return w, nil
}

// told takes what the core tells without being asked.
func (p *post) told(text []byte) {
	if len(text) == 0 {
		p.notice()
		return
	}
	u, err := decodeUrgent(text)
	if err != nil {
		p.Log.Debug("a notice of the core was not understood", "error", err)
		return
	}
	p.urging.Lock()
	defer p.urging.Unlock()
	p.urgent = u.Links
	if p.measuring != nil {
		p.measuring.SetUrgent(u.Links)
	}
}

// notice notes that the core wants to be asked.
func (p *post) notice() {
	select {
	case p.notices <- struct{}{}:
	default: // it is noted already
	}
}

// begin finds a plan and the number of the next batch. Both are on disk, else it takes
// the core, however long: a prober whose stream is gone cannot know its number, and a
// number never names two batches.
func (p *post) begin(ctx context.Context) error {
	local, err := p.stream.LastSeq(ctx, p.Credential.Name)
	if err != nil {
		return err
	}
	if packed, err := kept(p.Dir); err != nil {
		return err
	} else if packed != nil {
		if err := p.take(packed); err != nil {
			p.Log.Warn("the plan on disk is of no use, the core is asked for another", "error", err)
		}
	}
	for said := false; ; {
		last, err := p.hello(ctx)
		if err != nil && local > 0 && p.digest != "" {
			p.Log.Warn("the core is not reached, the last plan goes on", "error", err)
			p.next = local + 1
			return nil
		}
		if err == nil && p.digest != "" {
			var gone bool
			if p.next, gone = FirstNumber(local, last); gone {
				p.Log.Warn("the stream of this prober is gone, batches that the core had not are lost", "last", last)
			}
			return nil
		}
		if !said {
			said = true
			p.Say(fmt.Sprintf("prober %s waits for its plan from the core at %s (%v)", p.Credential.Name, p.Credential.Core, err))
		}
		timer := time.NewTimer(beginEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-p.core.Refused():
			timer.Stop()
			return pipe.ErrRefused
		case <-timer.C:
		}
	}
}

// FirstNumber is the number of the first batch of a prober that begins, from the highest
// ones that its own stream and the core hold, 0 where there is none. When its stream is
// gone, what was measured and not handed over is too: a number left out tells the core,
// which records the time as lost.
func FirstNumber(local, core uint64) (next uint64, gone bool) {
	next = max(local, core) + 1
	if gone = local == 0 && core > 0; gone {
		next++
	}
	return next, gone
}

// hello asks the core for its plan, keeps one that changed, and returns the highest
// number that the core has.
func (p *post) hello(ctx context.Context) (last uint64, err error) {
	question, err := json.Marshal(Hello{Digest: p.digest})
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	text, err := p.core.Ask(ctx, question)
	var refusal *pipe.Refusal
	if err == nil || errors.As(err, &refusal) {
		p.sentry.heard(time.Now())
	}
	if err != nil {
		return 0, fmt.Errorf("ask the core: %w", err)
	}
	w, err := decodeWelcome(text)
	if err != nil {
		return 0, err
	}
	if len(w.Plan) == 0 {
		return w.LastSeq, nil
	}
	if err := p.take(w.Plan); err != nil {
		return 0, err
	}
	return w.LastSeq, keep(p.Dir, w.Plan)
}

// take makes a packed plan the present one.
func (p *post) take(packed []byte) error {
	plan, err := prober.DecodePlan(packed)
	if err != nil {
		return err
	}
	p.plan, p.digest = plan, Digest(packed)
	return nil
}

// start begins to measure by the present plan.
func (p *post) start() error {
	o := prober.Options{
		Name: p.Credential.Name, Configuration: p.plan.Configuration, NextSeq: p.next,
		Open: p.Open, Publish: p.publish, Log: p.Log,
	}
	if err := Equip(&o, nil); err != nil {
		return err
	}
	next, err := prober.New(o)
	if err != nil {
		return err
	}
	if err := next.Follow(p.plan); err != nil {
		return err
	}
	if err := next.Start(); err != nil {
		return err
	}
	p.prober = next
	p.urging.Lock()
	p.measuring = next
	next.SetUrgent(p.urgent)
	p.urging.Unlock()
	p.routers.set(p.plan.Routers)
	p.look = Lookout{Open: p.Open, Poll: o.Poll, Routers: p.routers.get}
	return nil
}

// publish puts a batch into the stream, and looks at it on the way.
func (p *post) publish(ctx context.Context, b probe.Batch) error {
	err := p.stream.Publish(ctx, b)
	if err == nil {
		p.sentry.sight.note(b)
	}
	return err
}

// work forwards, answers and follows the core's plans until ctx ends, the core refuses
// the credential, or measuring cannot go on.
func (p *post) work(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var working sync.WaitGroup
	do := func(f func(context.Context) error) {
		working.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	look := p.look
	do(func(ctx context.Context) error { return p.stream.Forward(ctx, p.core) })
	do(func(ctx context.Context) error {
		return p.core.Answer(ctx, func(ctx context.Context, text []byte) ([]byte, error) { return answer(ctx, look, text) })
	})
	do(p.follow)
	select {
	case <-ctx.Done():
	case <-p.core.Refused():
		cancel(pipe.ErrRefused)
	}
	working.Wait()
	p.prober.Stop() // what is complete goes into the stream, and leaves after the next start
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func answer(ctx context.Context, look Lookout, text []byte) ([]byte, error) {
	q, err := DecodeQuestion(text)
	if err != nil {
		return nil, err
	}
	a, err := look.Answer(ctx, q)
	if err != nil {
		return nil, err
	}
	return json.Marshal(a)
}

// follow asks the core for its plan from time to time, and at its notice, and follows
// one that changed: from the next cycle on, and with another rhythm by a new prober.
func (p *post) follow(ctx context.Context) error {
	ticker := time.NewTicker(helloEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-p.notices:
		}
		former, digest := p.plan, p.digest
		if _, err := p.hello(ctx); err != nil && ctx.Err() == nil {
			p.Log.Debug("the core was not asked for its plan", "error", err)
		}
		if p.digest == digest {
			continue
		}
		p.sentry.sight.keep(p.plan.Targets)
		if err := p.change(ctx, former); err != nil {
			return err
		}
		p.Log.Info("another plan", "targets", len(p.plan.Targets), "routers", len(p.plan.Routers))
	}
}

func (p *post) change(ctx context.Context, former prober.Plan) error {
	if reflect.DeepEqual(former.Configuration, p.plan.Configuration) {
		p.routers.set(p.plan.Routers)
		return p.prober.Follow(p.plan)
	}
	p.prober.Stop()
	last, err := p.stream.LastSeq(ctx, p.Credential.Name)
	if err != nil {
		return err
	}
	p.next = max(p.next, last+1)
	return p.start()
}

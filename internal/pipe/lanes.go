package pipe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// laneName begins the name of the stream of a prober elsewhere; its own name follows.
	laneName = "BATCHES-"
	// LaneBytes bounds what waits of one prober elsewhere. What does not fit is refused and
	// stays on the prober's own disk; nobody else's room is taken.
	LaneBytes = 256 << 20
	// refreshEvery is how often a cluster is asked again for its lanes.
	refreshEvery = 30 * time.Second
)

// lanes are the streams of probers elsewhere. Each has one of its own, with its own
// bound, from which the core takes in turns: one that fills its lane, by mistake or on
// purpose, holds up itself.
type lanes struct {
	mu         sync.Mutex
	expected   []string                    // probers that have one
	open       map[string]jetstream.Stream // by name of the stream
	changed    chan struct{}               // something is to be done about them
	asked      map[string]time.Time        // when a prober asked the core last
	barred     map[string]time.Time        // since when nothing is taken of a prober
	complained time.Time
	wrong      error // why not all are open; nil when they are
}

func newLanes() lanes {
	return lanes{open: map[string]jetstream.Stream{}, asked: map[string]time.Time{}, changed: make(chan struct{}, 1)}
}

// expect says which probers, by public key, have a lane; that of another stays, for what
// it may still hold.
func (p *Pipe) expect(names map[string]string) {
	probers := slices.Collect(maps.Values(names))
	if c := p.opts.Cluster; c != nil && c.Prober != "" {
		probers = append(probers, c.Prober)
	}
	p.lanes.mu.Lock()
	p.lanes.expected = probers
	p.lanes.mu.Unlock()
	p.lanes.look()
}

func (l *lanes) bar(probers map[string]time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.barred = maps.Clone(probers)
}

// shut reports whether a message came from a prober that was barred before.
func (l *lanes) shut(msg jetstream.Msg) bool {
	l.mu.Lock()
	since, barred := l.barred[strings.TrimPrefix(msg.Subject(), subjectBase)]
	l.mu.Unlock()
	if !barred {
		return false
	}
	about, err := msg.Metadata()
	return err == nil && about.Timestamp.After(since)
}

// found notes why not all lanes are open.
func (l *lanes) found(wrong error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = wrong
}

// look has the lanes looked at anew.
func (l *lanes) look() {
	select {
	case l.changed <- struct{}{}:
	default: // it is noted already
	}
}

// missing are the streams to open: with a cluster every one that is expected, because
// somebody may have removed it there.
func (l *lanes) missing(all bool) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, prober := range l.expected {
		if _, open := l.open[laneName+prober]; all || !open {
			out = append(out, prober)
		}
	}
	return out
}

func (l *lanes) keep(name string, s jetstream.Stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.open[name]; !known {
		l.open[name] = s
	}
}

func (l *lanes) known(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.open[name]
	return known
}

// heard notes that a prober asked the core something.
func (l *lanes) heard(prober string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.expected, prober) {
		l.asked[prober] = now
	}
}

// hereNow are the probers that asked lately, with the cluster as the place.
func (l *lanes) hereNow(now time.Time) map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]string{}
	for prober, at := range l.asked {
		if now.Sub(at) < clusterHeard && slices.Contains(l.expected, prober) {
			out[prober] = "cluster"
		}
	}
	return out
}

// streams are all that the core takes batches from.
func (p *Pipe) streams() []jetstream.Stream {
	p.lanes.mu.Lock()
	defer p.lanes.mu.Unlock()
	out := slices.Collect(maps.Values(p.lanes.open))
	if p.stream != nil {
		out = append(out, p.stream)
	}
	return out
}

// Well says what keeps batches from arriving, nil when nothing does.
func (p *Pipe) Well(ctx context.Context) error {
	if _, err := p.Pending(ctx); err != nil {
		return err
	}
	p.lanes.mu.Lock()
	defer p.lanes.mu.Unlock()
	return p.lanes.wrong
}

// lane finds the lane of a prober, nil where there is none.
func (p *Pipe) lane(ctx context.Context, prober string) (jetstream.Stream, error) {
	if !p.Open() {
		return nil, nil
	}
	s, err := p.js.Stream(ctx, laneName+prober)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil
	}
	return s, err
}

// refresh opens the lane of each prober that is expected, and finds those of probers that
// went, which may still hold something.
func (p *Pipe) refresh(ctx context.Context) error {
	replicas := 1
	if p.opts.Cluster != nil {
		replicas = p.opts.Cluster.Replicas
	}
	for _, prober := range p.lanes.missing(p.opts.Cluster != nil) {
		s, err := p.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name:       laneName + prober,
			Subjects:   []string{subjectBase + prober},
			Storage:    jetstream.FileStorage,
			Retention:  jetstream.WorkQueuePolicy,
			Discard:    jetstream.DiscardNew,
			MaxBytes:   cmp.Or(p.opts.Bytes, LaneBytes),
			MaxMsgSize: maxMessage,
			Replicas:   replicas,
		})
		if err != nil {
			return fmt.Errorf("open the stream of prober %s: %w", prober, err)
		}
		p.lanes.keep(laneName+prober, s)
	}
	found := p.js.StreamNames(ctx)
	for name := range found.Name() {
		if !strings.HasPrefix(name, laneName) || p.lanes.known(name) {
			continue
		}
		s, err := p.js.Stream(ctx, name)
		if err != nil {
			return fmt.Errorf("open the stream %s: %w", name, err)
		}
		p.lanes.keep(name, s)
	}
	if err := found.Err(); err != nil {
		return fmt.Errorf("list the streams of probers: %w", err)
	}
	return nil
}

// eachLane offers the messages of all streams to settle, until ctx ends. A cluster that
// is away, or moves a stream to another server, is waited for.
func (p *Pipe) eachLane(ctx context.Context, settle func(stream string, msg jetstream.Msg)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var offering sync.WaitGroup
	defer offering.Wait()
	offered := map[string]bool{}
	ticker := time.NewTicker(refreshEvery)
	defer ticker.Stop()
	for {
		err := p.refresh(ctx)
		if ctx.Err() == nil {
			p.complain(err)
			p.lanes.found(err)
		}
		for _, s := range p.streams() {
			name := s.CachedInfo().Config.Name
			if offered[name] {
				continue
			}
			offered[name] = true
			offering.Go(func() {
				for ctx.Err() == nil {
					err := p.each(ctx, s, func(msg jetstream.Msg) { settle(name, msg) })
					if err != nil && p.opts.Cluster == nil {
						cancel(err)
						return
					}
					p.complain(err)
					rest(ctx, retryAfter)
				}
			})
		}
		select {
		case <-ctx.Done():
			if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		case <-p.lanes.changed:
		case <-ticker.C:
		}
	}
}

// rest waits, or until ctx ends.
func rest(ctx context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

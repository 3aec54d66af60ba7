package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"vigie/internal/fault"
	"vigie/internal/watch"
	"vigie/probe"
)

const (
	// mostTries is how often a batch is tried, a second apart, that fails while the database
	// is there.
	mostTries = 30
	// clockPatience is how long a batch ahead of the core's clock is waited with: so long
	// somebody may set the clock that is wrong, and nothing is lost.
	clockPatience = 24 * time.Hour
	// mostAside and asideOctets bound what is kept for a person, since a prober may make as
	// many as it likes.
	mostAside   = 1000
	asideOctets = 256 << 20
)

// aside stands between the stream and the live chain: a batch that will never be applied
// is kept as a file for a person, and its time becomes a gap, instead of holding up all
// that follow or being dropped in silence.
type aside struct {
	dir    string
	apply  func(context.Context, probe.Batch, time.Time) error
	refuse func(context.Context, probe.Batch, time.Time) error
	log    *slog.Logger

	mu     sync.Mutex
	trying map[string]attempt // by prober
}

// attempt is what was tried of the first batch that waits of a prober.
type attempt struct {
	seq   uint64
	tries int
	ahead time.Time // since when it is ahead of the clock; zero when it is not
}

func newAside(dir string, service *watch.Service, log *slog.Logger) *aside {
	return &aside{dir: dir, apply: service.Apply, refuse: service.Refuse, log: log, trying: map[string]attempt{}}
}

// Apply applies a batch, or sets it aside. After an error the batch is to be offered again.
func (a *aside) Apply(ctx context.Context, b probe.Batch, now time.Time) error {
	err := a.apply(ctx, b, now)
	if err == nil {
		a.forget(b.Prober)
		return nil
	}
	if ctx.Err() != nil || a.patient(b, err, now) {
		return err
	}
	if kept := a.keep(b, err); kept != nil {
		return errors.Join(err, kept)
	}
	gone := a.refuse(ctx, b, now)
	if gone != nil && fault.KindOf(gone) == fault.Unavailable {
		return gone // the file is written again under the same name
	}
	a.log.Error("batch given up: it is kept beside the stream, and its time is a gap", "prober", b.Prober, "seq", b.Seq, "error", err)
	if gone != nil {
		a.log.Error("the time of that batch becomes a gap with the next one of its prober", "prober", b.Prober, "seq", b.Seq, "error", gone)
	}
	a.goOn(b.Prober)
	return nil
}

func (a *aside) forget(prober string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.trying, prober)
}

// goOn is to the next batch of a prober; that a clock is wrong stays known until one is
// applied.
func (a *aside) goOn(prober string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trying[prober] = attempt{ahead: a.trying[prober].ahead}
}

// patient reports whether a batch is to be tried again.
func (a *aside) patient(b probe.Batch, err error, now time.Time) bool {
	var ahead *watch.AheadError
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.trying[b.Prober]
	if was.seq != b.Seq {
		// That the clock is wrong was known of the batches before it too.
		was = attempt{seq: b.Seq, ahead: was.ahead}
	}
	defer func() { a.trying[b.Prober] = was }()
	switch {
	case errors.As(err, &ahead):
		if was.ahead.IsZero() {
			was.ahead = now
		}
		return now.Sub(was.ahead) < clockPatience
	case fault.KindOf(err) == fault.Unavailable:
		return true
	case fault.KindOf(err) == fault.Invalid:
		return false
	}
	was.tries++
	return was.tries < mostTries
}

// keep writes the batch, as it came, and beside it why it was given up.
func (a *aside) keep(b probe.Batch, reason error) error {
	files, octets, err := a.kept()
	if err != nil {
		return err
	}
	body, err := b.MarshalBinary()
	if err != nil {
		return err
	}
	if files >= mostAside || octets+int64(len(body)) > asideOctets {
		a.log.Error("no room for a batch that was given up, it is dropped", "prober", b.Prober, "seq", b.Seq, "folder", a.dir)
		return nil
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return fmt.Errorf("keep a batch that is given up: %w", err)
	}
	name := filepath.Join(a.dir, fmt.Sprintf("%x-%d", b.Prober, b.Seq)) // a name may hold anything
	text := fmt.Sprintf("prober %q, batch %d, cycle of %s, %d rounds: %v\n", b.Prober, b.Seq, b.Cycle.UTC().Format(time.RFC3339), len(b.Observations), reason)
	if err := errors.Join(writeFile(name+".batch", body), writeFile(name+".txt", []byte(text))); err != nil {
		return fmt.Errorf("keep a batch that is given up: %w", err)
	}
	return nil
}

// writeFile writes a file that is on the disk when it returns.
func writeFile(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// kept counts what lies aside.
func (a *aside) kept() (batches int, octets int64, err error) {
	entries, err := os.ReadDir(a.dir)
	if errors.Is(err, os.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("count the batches that were given up: %w", err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".batch" {
			continue
		}
		batches++
		if info, err := e.Info(); err == nil { // else it was taken away just now
			octets += info.Size()
		}
	}
	return batches, octets, nil
}

// well reports whether nothing was given up, and nothing waits for a clock to be set.
func (a *aside) well() bool {
	a.mu.Lock()
	for _, one := range a.trying {
		if !one.ahead.IsZero() || one.tries > 1 {
			a.mu.Unlock()
			return false
		}
	}
	a.mu.Unlock()
	batches, _, err := a.kept()
	return err == nil && batches == 0
}

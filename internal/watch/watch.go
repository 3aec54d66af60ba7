package watch

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"vigie/internal/fault"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/measure"
	"vigie/internal/ticket"
	"vigie/probe"
	"vigie/probe/schedule"
)

// Gap is time in which a prober planned to measure and did not.
type Gap struct {
	Prober   string
	From, To time.Time
	Reason   GapReason
}

// GapReason says why nothing was measured.
type GapReason string

// The reasons of a gap.
const (
	Stopped  GapReason = "stopped"  // nothing came from the prober
	LostData GapReason = "lost"     // the prober measured and had to give batches up
	Isolated GapReason = "isolated" // the prober reached none of its canaries
	// Doubtful is time in which what was lost may have been lost on the prober's own
	// uplink. What answered did: the time is not unknown, its loss is.
	Doubtful GapReason = "doubtful"
	Refused  GapReason = "refused" // the core could not store what was measured
)

// Mark is the last batch of a prober that was applied, and where the prober stands.
type Mark struct {
	Seq   uint64    // zero before the first
	Cycle time.Time // zero when the batch is no longer kept
	Last  bool      // it was the last piece of its cycle
	// Site is the key of the site inside which the prober stands. Such a one is no vantage
	// point of links: it tells what the school reaches, and nothing else of it counts.
	// Empty for one that looks at links.
	Site string
}

// Tx is what one transaction of the live chain can do.
type Tx interface {
	// Decided holds the engine until the end of the transaction and returns the
	// start of the last decided cycle, zero before the first.
	Decided(ctx context.Context) (time.Time, error)
	// SaveBatch stores a batch, and returns the prober's former last one; fresh is
	// false, and nothing is stored, when the batch was applied before.
	SaveBatch(ctx context.Context, b probe.Batch, late bool, now time.Time) (former Mark, fresh bool, err error)
	// Timely returns the batches of a cycle that are not late, by prober and
	// sequence. Here, in Batches, DueMinutes and Around those of probers that stand at a
	// site are left out.
	Timely(ctx context.Context, cycle time.Time) ([]probe.Batch, error)
	// Batches returns the batches of one prober of the cycles in [from, to), late ones
	// included, by cycle and sequence.
	Batches(ctx context.Context, prober string, from, to time.Time) ([]probe.Batch, error)
	// Pieces returns the batches of one prober of the cycle that begins at cycle, by
	// sequence, wherever it stands.
	Pieces(ctx context.Context, prober string, cycle time.Time) ([]probe.Batch, error)
	// Around returns the newest cycle before at for which a batch that is not late
	// is stored, and the oldest not before it; zero where there is none.
	Around(ctx context.Context, at time.Time) (before, after time.Time, err error)
	// SaveQuality adds to the prober's minute how well it measured in a fresh batch.
	SaveQuality(ctx context.Context, b probe.Batch, now time.Time) error
	State(ctx context.Context) (incident.State, error)
	SaveState(ctx context.Context, prev incident.State, d incident.Decision) error
	Routers
	Checks
	Devices
	// SaveReports stores what a prober found out beside its rounds.
	SaveReports(ctx context.Context, prober string, reports []probe.Report) error
	// SaveStamp stores what sessions of STAMP found, each by its minute.
	SaveStamp(ctx context.Context, prober string, reports []probe.Report) error
	// SureReports returns the findings of a kind about links in [from, to), in order of
	// time, without those of probers that were isolated or in doubt meanwhile, by the gaps
	// recorded.
	SureReports(ctx context.Context, links []int64, kind string, from, to time.Time) ([]probe.Report, error)
	// DueMinutes notes that minutes are to be summarised, not before since: those of
	// [from, to) of which batches are kept, of one prober, or of all when it is empty. A
	// minute that is noted already keeps its time.
	DueMinutes(ctx context.Context, prober string, from, to, since time.Time) error
	// TakeDue takes the note of the oldest minute that is due at now; found is false when
	// none is. A batch that comes meanwhile, and that the transaction does not see, has the
	// minute noted again.
	TakeDue(ctx context.Context, now time.Time) (prober string, minute time.Time, found bool, err error)
	// SaveMinutes writes the minutes of one instant, in place of what was written of them.
	SaveMinutes(ctx context.Context, prober string, minutes []measure.Minute) error
	// SaveCanaries stores what the canaries of a prober answered in a cycle.
	SaveCanaries(ctx context.Context, prober string, cycle time.Time, rounds []probe.Observation) error
	AddGap(ctx context.Context, g Gap) error
	// FillGap takes a span out of the gaps of its prober and reason.
	FillGap(ctx context.Context, g Gap) error
	Inventory(ctx context.Context) (*inventory.Index, error)
	Modes(ctx context.Context) (ticket.Modes, error)
	Ticket(ctx context.Context, id int64) (ticket.Ticket, error)
	SaveDecision(ctx context.Context, d ticket.Decision) error
	Journal(ctx context.Context, entries ...journal.Entry) error
}

// Store opens transactions.
type Store interface {
	InTx(ctx context.Context, f func(context.Context, Tx) error) error
}

// Policy is everything the live chain can be told.
type Policy struct {
	Incident incident.Policy
	Ticket   ticket.Policy
	Echoes   int // planned in a round
	// PollEvery is the time planned between two polls of a router.
	PollEvery time.Duration
}

// Report says what deciding one cycle did.
type Report struct {
	Cycle       time.Time
	Transitions int
	Effects     int
	Lag         time.Duration // from the end of the cycle to its decision
	// Urgent are the links, by id, of the open incidents: what their next rounds say
	// decides whether a ticket is opened or closed.
	Urgent []int64
	// Index is the inventory by which the cycle was decided, nil where that was done
	// before; Links what each link in force is after it.
	Index *inventory.Index
	Links []incident.LinkState
	// Rounds are those of links that counted in the cycle decided before this one, since
	// this one may have put them in doubt: no isolated prober's, none in doubt, and none
	// beside a test of our own.
	Rounds []probe.Observation
	// Uplinks are those of the probers that delivered the cycle.
	Uplinks []Uplink
}

// Uplink says whether the uplink of a prober was lost in a cycle, or in doubt by what is
// known when it is decided.
type Uplink struct {
	Prober string
	Length time.Duration // of the cycle
	Gap    GapReason     // Isolated, Doubtful, or empty
}

// Service is the live chain. What it remembers itself only saves time: the
// inventory as the decisions need it, the cycle decided last with the state after it,
// and which are complete.
type Service struct {
	store  Store
	policy Policy

	planning sync.Mutex
	plan     plan

	noting sync.Mutex
	due    time.Time // when the next minute may be due, so that the store is not asked for nothing

	mu   sync.Mutex // one cycle or batch at a time
	held held
	last incident.State // as it was saved last; of the cycle zero when it is not known
	// delivered is the newest cycle of which a prober delivered its whole part.
	delivered map[string]time.Time
	arrived   chan struct{} // a batch was stored: look again whether the cycle is complete
}

// New returns the service; nothing runs before Run.
func New(store Store, policy Policy) *Service {
	return &Service{store: store, policy: policy, delivered: map[string]time.Time{}, arrived: make(chan struct{}, 1)}
}

func (s *Service) cycle() time.Duration { return s.policy.Incident.Link.Cycle }

// following is the cycle after another, which may have had another length.
func (s *Service) following(cycle time.Time) time.Time {
	return schedule.Start(cycle.Add(s.cycle()), s.cycle())
}

// Apply stores a batch, once, whatever the pipe does. A late batch changes no
// decision, only its minute: one of a cycle that is decided already, of a cycle
// that has not begun (a clock is wrong) or of another cycle length (it was
// measured before a change of the configuration). A batch that can never be
// stored, or of a cycle too long ago, is fault.Invalid; one of a cycle too far ahead is an
// AheadError, since the clock that is wrong may be ours.
func (s *Service) Apply(ctx context.Context, b probe.Batch, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := check(b, now); err != nil {
		return err
	}
	atSite := false
	strange := b.CycleLength != s.cycle() || !b.Cycle.Equal(schedule.Start(b.Cycle, s.cycle())) || b.Cycle.After(now)
	err := s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		decided, err := tx.Decided(ctx)
		if err != nil {
			return err
		}
		late := strange || !b.Cycle.After(decided)
		former, fresh, err := tx.SaveBatch(ctx, b, late, now)
		atSite = former.Site != ""
		if err != nil || !fresh {
			return err
		}
		if former.Seq > 0 && b.Seq > former.Seq+1 {
			if err := s.lose(ctx, tx, lost(former, b)); err != nil {
				return err
			}
		}
		b.Quality.Clock.Source = storable(b.Quality.Clock.Source)
		if err := tx.SaveQuality(ctx, b, now); err != nil {
			return err
		}
		if atSite {
			return s.applyChecks(ctx, tx, former, b, now)
		}
		// Before what counts a change of the day: a summary takes both in this order.
		if late { // what a timely one puts in doubt shows when its cycle is decided
			if err := s.dueAgain(ctx, tx, b, decided, now); err != nil {
				return err
			}
		}
		if late && !strange && b.Last {
			if err := s.fill(ctx, tx, b); err != nil {
				return err
			}
		}
		if err := s.applyPolls(ctx, tx, b.Prober, b.Polls, now); err != nil {
			return err
		}
		return s.applyReports(ctx, tx, former, b, now)
	})
	if err != nil {
		return fmt.Errorf("apply batch %d of prober %s: %w", b.Seq, b.Prober, err)
	}
	s.noteDue(now.Add(lateWait * s.cycle()))
	if b.Last && !strange && !atSite && b.Cycle.After(s.delivered[b.Prober]) {
		s.delivered[b.Prober] = b.Cycle
	}
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	return nil
}

const (
	// mostAge is how long before now a cycle may begin, of a prober that was cut off:
	// minutes are kept so long before they are packed.
	mostAge = 35 * 24 * time.Hour
	// mostAhead is how long after now a cycle may begin, by a clock that is wrong.
	mostAhead = 24 * time.Hour
	// mostBehind is by how many years our own clock may be behind at most: a machine whose
	// clock lost its battery begins in 1970.
	mostBehind = 100
)

// check refuses what no transaction could store, and a cycle so far away that only a
// partition made for it could hold its minute: a credential must not make them without end.
func check(b probe.Batch, now time.Time) error {
	switch oldest, newest, last := now.Add(-mostAge), now.Add(mostAhead), now.AddDate(mostBehind, 0, 0); {
	case b.Prober == "" || !utf8.ValidString(b.Prober) || strings.ContainsRune(b.Prober, 0):
		return fault.Errorf(fault.Invalid, "batch %d: prober name %q, expected a text", b.Seq, b.Prober)
	case b.Seq == 0 || b.Seq > math.MaxInt64:
		return fault.Errorf(fault.Invalid, "batch of prober %s: sequence %d, expected 1 to %d", b.Prober, b.Seq, int64(math.MaxInt64))
	case b.CycleLength <= 0:
		return fault.Errorf(fault.Invalid, "batch %d of prober %s: cycle length %s, expected more than 0", b.Seq, b.Prober, b.CycleLength)
	case b.Cycle.After(newest) && b.Cycle.Before(last):
		return &AheadError{Prober: b.Prober, Seq: b.Seq, Cycle: b.Cycle, Now: now}
	case b.Cycle.Before(oldest) || b.Cycle.After(newest):
		return fault.Errorf(fault.Invalid, "batch %d of prober %s: cycle of %s, expected %s to %s", b.Seq, b.Prober,
			b.Cycle.UTC().Format(time.RFC3339), oldest.UTC().Format(time.RFC3339), newest.UTC().Format(time.RFC3339))
	}
	return nil
}

// AheadError is a batch of a cycle more than a day ahead of the core's clock.
type AheadError struct {
	Prober     string
	Seq        uint64
	Cycle, Now time.Time
}

func (e *AheadError) Error() string {
	return fmt.Sprintf("batch %d of prober %s: cycle of %s, expected at most %s after %s by the core's clock: its clock is wrong, or ours",
		e.Seq, e.Prober, e.Cycle.UTC().Format(time.RFC3339), mostAhead, e.Now.UTC().Format(time.RFC3339))
}

// lost is the time of the batches that a prober gave up between two others: a cycle of
// which a piece is missing on either side belongs to it. It is no longer than the batches
// that are missing: the rest of the time between, after a stop or a change of the clock, is
// not lost with them. It is empty where nothing can have stood between the two.
func lost(former Mark, b probe.Batch) Gap {
	g := Gap{Prober: b.Prober, From: former.Cycle, To: b.Cycle, Reason: LostData}
	switch {
	case former.Cycle.IsZero():
		g.From = b.Cycle.Add(-b.CycleLength)
	case former.Last:
		g.From = former.Cycle.Add(b.CycleLength)
	}
	if b.Continues {
		g.To = b.Cycle.Add(b.CycleLength)
	}
	if missing := b.Seq - former.Seq - 1; uint64(max(g.To.Sub(g.From), 0)/b.CycleLength) > missing {
		g.From = g.To.Add(-time.Duration(missing) * b.CycleLength)
	}
	return g
}

package watch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/measure"
	"vigie/internal/ticket"
	"vigie/probe"
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
)

// Tx is what one transaction of the live chain can do.
type Tx interface {
	// Decided holds the engine until the end of the transaction and returns the
	// start of the last decided cycle, zero before the first.
	Decided(ctx context.Context) (time.Time, error)
	// SaveBatch stores a batch, and returns the prober's former last sequence;
	// fresh is false, and nothing is stored, when the batch was applied before.
	SaveBatch(ctx context.Context, b probe.Batch, late bool, now time.Time) (former uint64, fresh bool, err error)
	// Batches returns the batches of the cycles in [from, to), by cycle, prober
	// and sequence.
	Batches(ctx context.Context, from, to time.Time) ([]probe.Batch, error)
	// Around returns the newest stored cycle before at and the oldest not before
	// it; zero where there is none.
	Around(ctx context.Context, at time.Time) (before, after time.Time, err error)
	State(ctx context.Context) (incident.State, error)
	SaveState(ctx context.Context, prev incident.State, d incident.Decision) error
	SaveMinutes(ctx context.Context, prober string, minutes []measure.Minute) error
	AddGap(ctx context.Context, g Gap) error
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
}

// Report says what deciding one cycle did.
type Report struct {
	Cycle       time.Time
	Transitions int
	Effects     int
	Lag         time.Duration // from the end of the cycle to its decision
}

// Service is the live chain. What it remembers itself only saves time: the
// inventory as the decisions need it, and which cycles are complete.
type Service struct {
	store  Store
	policy Policy

	mu   sync.Mutex // one cycle or batch at a time
	plan plan
	// delivered is the newest cycle of which a prober delivered its whole part.
	delivered map[string]time.Time
	arrived   chan struct{} // a batch was stored: look again whether the cycle is complete
}

// New returns the service; nothing runs before Run.
func New(store Store, policy Policy) *Service {
	return &Service{store: store, policy: policy, delivered: map[string]time.Time{}, arrived: make(chan struct{}, 1)}
}

func (s *Service) cycle() time.Duration { return s.policy.Incident.Link.Cycle }

// Apply stores a batch, once, whatever the pipe does. A batch of a cycle that is
// decided already is late: its minute is summarised again, no decision changes.
func (s *Service) Apply(ctx context.Context, b probe.Batch, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.CycleLength != s.cycle() || !b.Cycle.Equal(b.Cycle.Truncate(s.cycle())) {
		return s.refuse(ctx, b, now)
	}
	err := s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		decided, err := tx.Decided(ctx)
		if err != nil {
			return err
		}
		late := !b.Cycle.After(decided)
		former, fresh, err := tx.SaveBatch(ctx, b, late, now)
		if err != nil || !fresh {
			return err
		}
		if former > 0 && b.Seq > former+1 {
			g := Gap{Prober: b.Prober, From: b.Cycle.Add(-s.cycle()), To: b.Cycle, Reason: LostData}
			if err := tx.AddGap(ctx, g); err != nil {
				return err
			}
		}
		if !late {
			return nil
		}
		return s.summarise(ctx, tx, b.Cycle.Truncate(time.Minute))
	})
	if err != nil {
		return fmt.Errorf("apply batch %d of prober %s: %w", b.Seq, b.Prober, err)
	}
	if b.Last && b.Cycle.After(s.delivered[b.Prober]) {
		s.delivered[b.Prober] = b.Cycle
	}
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	return nil
}

// refuse stores a batch of another cycle length as late: what an earlier
// configuration measured is kept for replay and decides nothing.
func (s *Service) refuse(ctx context.Context, b probe.Batch, now time.Time) error {
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		_, _, err := tx.SaveBatch(ctx, b, true, now)
		return err
	})
}

package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// maxActive bounds the faults in force together.
const maxActive = 1_000

// ErrNoFault is the answer to ending a fault that is not in force.
var ErrNoFault = errors.New("lab: no such fault is in force")

// Active is a fault in force.
type Active struct {
	ID    uint64 // given in order of beginning, never again
	Since time.Time
	Fault Fault
}

// until returns when the fault ends on its own, false when it does not.
func (a Active) until() (time.Time, bool) {
	return a.Since.Add(a.Fault.For), a.Fault.For > 0
}

// inForce returns what the fault does at an instant, and when it does something
// else on its own; the zero time when it never does.
func (a Active) inForce(now time.Time) (broken bool, changes time.Time) {
	half := a.Fault.Period / 2
	if a.Fault.Kind != KindFlap || half <= 0 {
		return true, time.Time{}
	}
	phase := max(now.Sub(a.Since), 0) / half
	return phase%2 == 0, a.Since.Add((phase + 1) * half)
}

// Breakable is what faults break: a Network.
type Breakable interface {
	// Set changes what one address suffers.
	Set(netip.Addr, Impairment) error
	// SetLink changes what befell a link.
	SetLink(ref string, condition Condition)
}

// Faults keeps what is broken in a network. Its methods may be called from
// several goroutines.
type Faults struct {
	topology Topology
	baseline Baseline
	network  Breakable
	changed  chan struct{} // holds one token, which wakes Run

	mu      sync.Mutex
	active  []Active // by ID
	lastID  uint64
	applied Suffered
}

// NewFaults returns the faults of a network that suffers its base line and
// nothing else.
func NewFaults(topology Topology, baseline Baseline, network Breakable) *Faults {
	return &Faults{
		topology: topology, baseline: baseline, network: network,
		changed: make(chan struct{}, 1),
		applied: Effective(topology, baseline, nil),
	}
}

// Begin puts a fault in force. It refuses a fault that its kind or the
// topology makes impossible, and more than a thousand together.
func (f *Faults) Begin(fault Fault) (Active, error) {
	if err := fault.validate(f.topology); err != nil {
		return Active{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.active) >= maxActive {
		return Active{}, fmt.Errorf("lab: %d faults are in force, want fewer before another", maxActive)
	}
	f.lastID++
	begun := Active{ID: f.lastID, Since: time.Now().UTC(), Fault: fault}
	f.active = append(f.active, begun)
	return begun, f.apply(begun.Since)
}

// End takes a fault out of force, or returns ErrNoFault.
func (f *Faults) End(id uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, found := slices.BinarySearchFunc(f.active, id, func(a Active, id uint64) int {
		return cmp.Compare(a.ID, id)
	})
	if !found {
		return fmt.Errorf("end fault %d: %w", id, ErrNoFault)
	}
	f.active = slices.Delete(f.active, i, i+1)
	return f.apply(time.Now())
}

// List returns the faults in force, the oldest first.
func (f *Faults) List() []Active {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.active)
}

// Run ends each fault when its time is over and lets links flap, until ctx is
// done. It returns nil then, and an error when the network refused a change.
func (f *Faults) Run(ctx context.Context) error {
	for {
		next, err := f.advance(time.Now())
		if err != nil {
			return err
		}
		var due <-chan time.Time
		if !next.IsZero() {
			due = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-due:
		case <-f.changed:
		}
	}
}

// advance ends the faults whose time is over, applies what the others do now,
// and returns when one of them changes on its own; the zero time when none does.
func (f *Faults) advance(now time.Time) (next time.Time, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = slices.DeleteFunc(f.active, func(a Active) bool {
		until, ends := a.until()
		return ends && !now.Before(until)
	})
	earliest := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	for _, a := range f.active {
		if until, ends := a.until(); ends {
			earliest(until)
		}
		if _, changes := a.inForce(now); !changes.IsZero() {
			earliest(changes)
		}
	}
	return next, f.change(now)
}

// apply tells the network what changed and wakes Run. The caller holds the
// mutex.
func (f *Faults) apply(now time.Time) error {
	select {
	case f.changed <- struct{}{}:
	default: // a token waits already
	}
	return f.change(now)
}

// change tells the network what is different from what it was told last: the
// links first, so that a router whose power is back has restarted before it can
// be reached. The caller holds the mutex.
func (f *Faults) change(now time.Time) error {
	faults := make([]Fault, 0, len(f.active))
	for _, a := range f.active {
		if broken, _ := a.inForce(now); broken {
			faults = append(faults, a.Fault)
		}
	}
	effective := Effective(f.topology, f.baseline, faults)
	for ref, condition := range effective.Links {
		if condition != f.applied.Links[ref] {
			f.network.SetLink(ref, condition)
		}
	}
	for addr, impairment := range effective.Addrs {
		if impairment == f.applied.Addrs[addr] {
			continue
		}
		if err := f.network.Set(addr, impairment); err != nil {
			return err
		}
	}
	f.applied = effective
	return nil
}

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

// Faults keeps what is broken in a network. Its methods may be called from
// several goroutines.
type Faults struct {
	topology Topology
	baseline Baseline
	set      func(netip.Addr, Impairment) error
	changed  chan struct{} // holds one token, which wakes Run

	mu      sync.Mutex
	active  []Active // by ID
	lastID  uint64
	applied Baseline
}

// NewFaults returns the faults of a network that suffers its base line and
// nothing else; set changes what one address suffers (Network.Set).
func NewFaults(topology Topology, baseline Baseline, set func(netip.Addr, Impairment) error) *Faults {
	return &Faults{
		topology: topology, baseline: baseline, set: set,
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
	return begun, f.apply()
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
	return f.apply()
}

// List returns the faults in force, the oldest first.
func (f *Faults) List() []Active {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.active)
}

// Run ends each fault when its time is over, until ctx is done. It returns nil
// then, and an error when the network refused a change.
func (f *Faults) Run(ctx context.Context) error {
	for {
		next, known, err := f.expire(time.Now())
		if err != nil {
			return err
		}
		var expiry <-chan time.Time
		if known {
			expiry = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-expiry:
		case <-f.changed:
		}
	}
}

// expire ends the faults whose time is over and returns when the next one's
// will be, false when none ends on its own.
func (f *Faults) expire(now time.Time) (next time.Time, known bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.active)
	f.active = slices.DeleteFunc(f.active, func(a Active) bool {
		until, ends := a.until()
		return ends && !now.Before(until)
	})
	for _, a := range f.active {
		if until, ends := a.until(); ends && (!known || until.Before(next)) {
			next, known = until, true
		}
	}
	if len(f.active) == before {
		return next, known, nil
	}
	return next, known, f.apply()
}

// apply tells the network what changed and wakes Run. The caller holds the
// mutex.
func (f *Faults) apply() error {
	select {
	case f.changed <- struct{}{}:
	default: // a token waits already
	}
	faults := make([]Fault, 0, len(f.active))
	for _, a := range f.active {
		faults = append(faults, a.Fault)
	}
	effective := Effective(f.topology, f.baseline, faults)
	for addr, impairment := range effective {
		if impairment == f.applied[addr] {
			continue
		}
		if err := f.set(addr, impairment); err != nil {
			return err
		}
	}
	f.applied = effective
	return nil
}

package lab

import (
	"fmt"
	"time"
)

// Kind is what breaks.
type Kind string

// The kinds of faults, each with the target it takes.
const (
	KindCut    Kind = "cut"    // one link carries nothing: a link reference
	KindPOP    Kind = "pop"    // every link of a POP carries nothing: a POP key
	KindUplink Kind = "uplink" // the prober reaches nothing, canaries included: no target
	KindLoss   Kind = "loss"   // one link loses packets: a link reference
	KindDelay  Kind = "delay"  // one link is slow: a link reference
)

// Fault is one thing that is broken, for a time.
type Fault struct {
	Kind   Kind
	Target string
	For    time.Duration // 0: until it is ended

	LossPerMillion uint32        // of KindLoss, 1 to 1,000,000
	Delay          time.Duration // of KindDelay, the whole round trip, above 0
	Jitter         time.Duration // of KindDelay, 0 or more
}

// impairment returns what the fault does to each address it hits.
func (f Fault) impairment() Impairment {
	switch f.Kind {
	case KindLoss:
		return Impairment{LossPerMillion: f.LossPerMillion}
	case KindDelay:
		return Impairment{Delay: f.Delay, Jitter: f.Jitter}
	default:
		return Impairment{Cut: true}
	}
}

// hits reports whether the fault reaches a link.
func (f Fault) hits(link Link) bool {
	switch f.Kind {
	case KindUplink:
		return true
	case KindPOP:
		return link.POP == f.Target
	default:
		return link.Ref == f.Target
	}
}

// validate returns an error that names what makes the fault impossible in a
// topology.
func (f Fault) validate(topology Topology) error {
	if err := f.validateTarget(topology); err != nil {
		return err
	}
	if f.For < 0 {
		return fmt.Errorf("lab: fault %s lasts %v, want 0 or more", f.Kind, f.For)
	}
	if err := f.impairment().validate(); err != nil {
		return fmt.Errorf("lab: fault %s on %q: %w", f.Kind, f.Target, err)
	}
	if f.Kind == KindLoss && f.LossPerMillion == 0 {
		return fmt.Errorf("lab: fault %s on %q loses 0 per million, want at least 1", f.Kind, f.Target)
	}
	if f.Kind == KindDelay && f.Delay == 0 {
		return fmt.Errorf("lab: fault %s on %q has no delay, want one above 0", f.Kind, f.Target)
	}
	return nil
}

func (f Fault) validateTarget(topology Topology) error {
	switch f.Kind {
	case KindUplink:
		if f.Target != "" {
			return fmt.Errorf("lab: fault %s has target %q, want none", f.Kind, f.Target)
		}
		return nil
	case KindPOP:
		for _, link := range topology.Links {
			if f.Target != "" && link.POP == f.Target {
				return nil
			}
		}
		return fmt.Errorf("lab: fault %s: no link hangs on POP %q", f.Kind, f.Target)
	case KindCut, KindLoss, KindDelay:
		for _, link := range topology.Links {
			if link.Ref == f.Target {
				return nil
			}
		}
		return fmt.Errorf("lab: fault %s: no link has reference %q", f.Kind, f.Target)
	}
	return fmt.Errorf("lab: unknown fault %q, want one of %s, %s, %s, %s, %s",
		f.Kind, KindCut, KindPOP, KindUplink, KindLoss, KindDelay)
}

// Effective returns what every address of the topology suffers while faults
// are in force on top of a base line: the worst of all that reach it, figure
// by figure. The order of the faults does not matter.
func Effective(topology Topology, baseline Baseline, faults []Fault) Baseline {
	effective := make(Baseline, 3*len(topology.Links)+len(topology.Canaries))
	for _, addr := range topology.addrs() {
		effective[addr] = baseline[addr]
	}
	for _, fault := range faults {
		impairment := fault.impairment()
		for _, link := range topology.Links {
			if !fault.hits(link) {
				continue
			}
			for _, addr := range link.addrs() {
				effective[addr] = effective[addr].Worst(impairment)
			}
		}
		if fault.Kind != KindUplink {
			continue
		}
		for _, addr := range topology.Canaries {
			effective[addr] = effective[addr].Worst(impairment)
		}
	}
	return effective
}

package lab

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Kind is what breaks.
type Kind string

// The kinds of faults, each with the target it takes.
const (
	KindCut      Kind = "cut"      // one link carries nothing: a link reference
	KindPOP      Kind = "pop"      // every link of a POP carries nothing: a POP key
	KindUplink   Kind = "uplink"   // the prober reaches nothing, canaries included: no target
	KindLoss     Kind = "loss"     // one link loses packets: a link reference
	KindDelay    Kind = "delay"    // one link is slow: a link reference
	KindBrownout Kind = "brownout" // one link is slow and loses packets: a link reference
	KindFlap     Kind = "flap"     // one link is cut and carries again, on a period: a link reference
	KindRouter   Kind = "router"   // the router of a link is dead, the line is not: a link reference
	KindPower    Kind = "power"    // the site where links end has no power: a site key
	KindFirewall Kind = "firewall" // what stands behind the router of a link is dead, line and router are not: a link reference
)

// kinds are all of them, in the order of a message.
var kinds = []string{
	string(KindCut), string(KindPOP), string(KindUplink), string(KindLoss), string(KindDelay),
	string(KindBrownout), string(KindFlap), string(KindRouter), string(KindPower), string(KindFirewall),
}

// Fault is one thing that is broken, for a time.
type Fault struct {
	Kind   Kind
	Target string
	For    time.Duration // 0: until it is ended

	LossPerMillion uint32        // of KindLoss and KindBrownout, 1 to 1,000,000
	Delay          time.Duration // of KindDelay and KindBrownout, the whole round trip, above 0
	Jitter         time.Duration // of KindDelay and KindBrownout, 0 or more
	Period         time.Duration // of KindFlap, from one cut to the next, at least 2 s; half of it is cut
}

// minPeriod is that of the fastest flapping.
const minPeriod = 2 * time.Second

// impairment returns what the fault does to the line of each link it hits.
func (f Fault) impairment() Impairment {
	switch f.Kind {
	case KindLoss, KindDelay, KindBrownout:
		return Impairment{LossPerMillion: f.LossPerMillion, Delay: f.Delay, Jitter: f.Jitter}
	case KindRouter, KindPower, KindFirewall:
		return Impairment{} // what stands at the end of the line is dead, not the line
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
	case KindPower:
		return link.endsAt() == f.Target
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
	loses, slow := f.Kind == KindLoss || f.Kind == KindBrownout, f.Kind == KindDelay || f.Kind == KindBrownout
	switch {
	case loses && f.LossPerMillion == 0:
		return fmt.Errorf("lab: fault %s on %q loses 0 per million, want at least 1", f.Kind, f.Target)
	case slow && f.Delay == 0:
		return fmt.Errorf("lab: fault %s on %q has no delay, want one above 0", f.Kind, f.Target)
	case f.Kind == KindFlap && f.Period < minPeriod:
		return fmt.Errorf("lab: fault %s on %q has a period of %v, want at least %v", f.Kind, f.Target, f.Period, minPeriod)
	}
	return nil
}

func (f Fault) validateTarget(topology Topology) error {
	if !slices.Contains(kinds, string(f.Kind)) {
		return fmt.Errorf("lab: unknown fault %q, want one of %s", f.Kind, strings.Join(kinds, ", "))
	}
	if f.Kind == KindUplink {
		if f.Target != "" {
			return fmt.Errorf("lab: fault %s has target %q, want none", f.Kind, f.Target)
		}
		return nil
	}
	if at := slices.IndexFunc(topology.Links, f.hits); f.Target != "" && at >= 0 {
		if f.Kind == KindFirewall && !topology.Links[at].Firewall.IsValid() {
			return fmt.Errorf("lab: fault %s: nothing is known behind link %q", f.Kind, f.Target)
		}
		return nil
	}
	switch f.Kind {
	case KindPOP:
		return fmt.Errorf("lab: fault %s: no link hangs on POP %q", f.Kind, f.Target)
	case KindPower:
		return fmt.Errorf("lab: fault %s: no link ends at site %q", f.Kind, f.Target)
	}
	return fmt.Errorf("lab: fault %s: no link has reference %q", f.Kind, f.Target)
}

// Condition is what befell a link, as its router lives it.
type Condition struct {
	Cut bool // the line carries nothing
	Off bool // the router is dead or without power
}

// Suffered is what faults make of a network.
type Suffered struct {
	// Addrs is what each address suffers.
	Addrs Baseline
	// Links is what befell each link, by its reference.
	Links map[string]Condition
}

// Effective returns what a topology suffers while faults are in force on top of
// a base line: the worst of all that reach an address, figure by figure. The
// order of the faults does not matter; a flapping link is taken as cut.
//
// A cut line leaves the equipment at both of its ends running and unreachable,
// but for a router whose site has another access that still carries.
func Effective(topology Topology, baseline Baseline, faults []Fault) Suffered {
	suffered := Suffered{Addrs: make(Baseline, len(baseline)), Links: make(map[string]Condition, len(topology.Links))}
	isolated := slices.ContainsFunc(faults, func(f Fault) bool { return f.Kind == KindUplink })
	for _, addr := range topology.Canaries {
		suffered.set(addr, baseline[addr], Impairment{Cut: isolated})
	}
	lines := make([]line, len(topology.Links))
	for i, link := range topology.Links {
		lines[i] = lineOf(link, faults)
		suffered.Links[link.Ref] = Condition{Cut: lines[i].Cut, Off: lines[i].off}
	}
	for key, addr := range topology.popRouters() {
		fails := slices.ContainsFunc(faults, func(f Fault) bool { return f.Kind == KindPOP && f.Target == key })
		suffered.set(addr, baseline[addr], Impairment{Cut: isolated || fails})
	}
	paths := topology.accesses()
	for i, link := range topology.Links {
		line := lines[i]
		suffered.set(link.Addr, baseline[link.Addr], line.Worst(Impairment{Cut: isolated || line.off}))
		if link.Demarcation.IsValid() {
			suffered.set(link.Demarcation, baseline[link.Demarcation], line.Worst(Impairment{Cut: isolated || line.dark}))
		}
		if link.Firewall.IsValid() {
			suffered.set(link.Firewall, baseline[link.Firewall], line.Worst(Impairment{Cut: isolated || line.off || line.walled}))
		}
		if link.Router.IsValid() {
			way := line
			for _, other := range paths.beside(link) {
				if way.Cut && !lines[other].Cut && !lines[other].off {
					way = lines[other]
				}
			}
			suffered.set(link.Router, baseline[link.Router], way.Worst(Impairment{Cut: isolated || line.off}))
		}
	}
	return suffered
}

func (s Suffered) set(addr netip.Addr, base, more Impairment) { s.Addrs[addr] = base.Worst(more) }

// line is what faults make of one link.
type line struct {
	Impairment      // of the line itself
	off        bool // its router is dead
	dark       bool // everything at its end is
	walled     bool // what stands behind its router is dead
}

func lineOf(link Link, faults []Fault) line {
	var l line
	for _, fault := range faults {
		if fault.Kind == KindUplink || !fault.hits(link) {
			continue
		}
		l.Impairment = l.Worst(fault.impairment())
		l.off = l.off || fault.Kind == KindRouter || fault.Kind == KindPower
		l.dark = l.dark || fault.Kind == KindPower
		l.walled = l.walled || fault.Kind == KindFirewall
	}
	return l
}

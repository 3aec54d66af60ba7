package lab

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// The catalogue keys of the steps' descriptions; each takes the target of the
// fault, a link reference or a POP key, as its only argument. Those of the
// uplink take none.
const (
	MessageCut         = "lab.step.cut"
	MessageCutEnded    = "lab.step.cut.ended"
	MessagePOP         = "lab.step.pop"
	MessagePOPEnded    = "lab.step.pop.ended"
	MessageUplink      = "lab.step.uplink"
	MessageUplinkEnded = "lab.step.uplink.ended"
)

// Step is the beginning or the end of one scripted fault.
type Step struct {
	At      time.Duration // since the script began
	Fault   Fault         // lasts until the step that ends it
	Ends    bool
	Message string // key of a one-line description
}

// The play of the demonstration. A cut outlasts a restoration time of one
// minute after the ticket; all is repaired before the fifth minute.
const (
	cutAt, cutEnds       = 20 * time.Second, 2*time.Minute + 50*time.Second
	popAt, popEnds       = time.Minute, 3 * time.Minute
	uplinkAt, uplinkEnds = 3*time.Minute + 45*time.Second, 4*time.Minute + 10*time.Second
)

// massLeast is the fewest links of a POP whose failure together tells that the
// POP itself failed.
const massLeast = 3

// Script returns the faults of the first five minutes, in order of time: a
// fibre cut of one link, the failure of a POP of middling size that has
// nothing to do with it, both repairs, then the loss of our own uplink. The
// same topology and seed give the same script. A topology of fewer than two
// POPs gives a shorter one.
func Script(topology Topology, seed uint64) []Step {
	draws := newDice(seed, "script")
	failing, found := middlingPOP(topology)
	var steps []Step
	if link, exists := linkToCut(topology, failing.key, draws); exists {
		cut := Fault{Kind: KindCut, Target: link.Ref}
		steps = append(steps,
			Step{At: cutAt, Fault: cut, Message: MessageCut},
			Step{At: cutEnds, Fault: cut, Ends: true, Message: MessageCutEnded})
	}
	if found {
		pop := Fault{Kind: KindPOP, Target: failing.key}
		steps = append(steps,
			Step{At: popAt, Fault: pop, Message: MessagePOP},
			Step{At: popEnds, Fault: pop, Ends: true, Message: MessagePOPEnded})
	}
	uplink := Fault{Kind: KindUplink}
	steps = append(steps,
		Step{At: uplinkAt, Fault: uplink, Message: MessageUplink},
		Step{At: uplinkEnds, Fault: uplink, Ends: true, Message: MessageUplinkEnded})
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	return steps
}

// middlingPOP returns the median by size of the POPs whose failure can be told
// from single cuts, false when there is none.
func middlingPOP(topology Topology) (pop, bool) {
	pops := slices.DeleteFunc(topology.pops(), func(p pop) bool { return len(p.links) < massLeast })
	if len(pops) == 0 {
		return pop{}, false
	}
	return pops[len(pops)/2], true
}

// linkToCut draws a link off the failing POP, if possible one whose sites have
// no other access, so that the cut is felt.
func linkToCut(topology Topology, failing string, draws *dice) (Link, bool) {
	accesses := make(map[string]int)
	for _, link := range topology.Links {
		for _, site := range link.Sites {
			accesses[site]++
		}
	}
	var single, others []Link
	for _, link := range topology.Links {
		shared := slices.ContainsFunc(link.Sites, func(site string) bool { return accesses[site] > 1 })
		switch {
		case failing != "" && link.POP == failing:
		case shared:
			others = append(others, link)
		default:
			single = append(single, link)
		}
	}
	candidates := single
	if len(candidates) == 0 {
		candidates = others
	}
	if len(candidates) == 0 {
		return Link{}, false
	}
	return candidates[draws.below(uint64(len(candidates)))], true
}

// Play begins and ends the faults of a script, each when its time has come,
// and reports each step once it is done. It returns nil after the last step.
// When ctx is done before, it ends what it began and returns ctx's error. A
// fault that somebody ended by hand is no error.
func (f *Faults) Play(ctx context.Context, steps []Step, report func(Step)) error {
	began := time.Now()
	running := make(map[Fault]uint64)
	for _, step := range steps {
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), f.endAll(running))
		case <-time.After(time.Until(began.Add(step.At))):
		}
		if err := f.step(step, running); err != nil {
			return errors.Join(err, f.endAll(running))
		}
		report(step)
	}
	return nil
}

// step begins or ends the fault of a step.
func (f *Faults) step(step Step, running map[Fault]uint64) error {
	if !step.Ends {
		begun, err := f.Begin(step.Fault)
		running[step.Fault] = begun.ID
		return err
	}
	id := running[step.Fault]
	delete(running, step.Fault)
	if err := f.End(id); !errors.Is(err, ErrNoFault) {
		return err
	}
	return nil
}

// endAll ends the faults that are still in force.
func (f *Faults) endAll(running map[Fault]uint64) error {
	var errs []error
	for _, id := range running {
		if err := f.End(id); !errors.Is(err, ErrNoFault) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

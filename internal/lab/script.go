package lab

import (
	"cmp"
	"slices"
	"time"
)

// The catalogue keys of the steps' descriptions; each takes the target of the
// fault, a link reference, a POP key or a site key, as its only argument. Those
// of the uplink take none.
const (
	MessageCut           = "lab.step.cut"
	MessageCutEnded      = "lab.step.cut.ended"
	MessagePOP           = "lab.step.pop"
	MessagePOPEnded      = "lab.step.pop.ended"
	MessageUplink        = "lab.step.uplink"
	MessageUplinkEnded   = "lab.step.uplink.ended"
	MessageBrownout      = "lab.step.brownout"
	MessageBrownoutEnded = "lab.step.brownout.ended"
	MessagePower         = "lab.step.power"
	MessagePowerEnded    = "lab.step.power.ended"
	MessageRouter        = "lab.step.router"
	MessageRouterEnded   = "lab.step.router.ended"
	MessageFlap          = "lab.step.flap"
	MessageFlapEnded     = "lab.step.flap.ended"
	MessageWorks         = "lab.step.works"
	MessageWorksEnded    = "lab.step.works.ended"
	MessageFirewall      = "lab.step.firewall"
	MessageFirewallEnded = "lab.step.firewall.ended"
)

// Step is the beginning or the end of one scripted fault.
type Step struct {
	At      time.Duration // since the script began
	Fault   Fault         // lasts until the step that ends it
	Ends    bool
	Message string // key of a one-line description
}

// act is one fault of the script, from its beginning to its end.
type act struct {
	at, ends time.Duration
	fault    Fault
	begun    string // message of its beginning
	over     string // of its end
}

// The play of the demonstration. In the first five minutes a cut outlasts a
// restoration time of one minute after the ticket, and all is repaired before
// the fifth. What follows lasts as long as its effect needs: a brownout until its
// ticket, which waits longer; a flapping link for more than six changes of state.
const (
	cutAt, cutEnds           = 20 * time.Second, 2*time.Minute + 50*time.Second
	popAt, popEnds           = time.Minute, 3 * time.Minute
	uplinkAt, uplinkEnds     = 3*time.Minute + 45*time.Second, 4*time.Minute + 10*time.Second
	brownoutAt, brownoutEnds = 5 * time.Minute, 7*time.Minute + 50*time.Second
	powerAt, powerEnds       = 6 * time.Minute, 7*time.Minute + 20*time.Second
	routerAt, routerEnds     = 8 * time.Minute, 9*time.Minute + 20*time.Second
	flapAt, flapEnds         = 8*time.Minute + 50*time.Second, 12*time.Minute + 10*time.Second
	worksAt, worksEnds       = 10 * time.Minute, 11*time.Minute + 10*time.Second
	firewallAt, firewallEnds = 11*time.Minute + 20*time.Second, 12*time.Minute + 40*time.Second

	flapPeriod = 50 * time.Second
	// worksMargin is how much earlier and later than its works a window is
	// announced.
	worksMargin = 30 * time.Second
)

// What a brownout does: clearly worse than any contract of the demo allows, and
// yet hardly ever a round without answer.
const (
	brownoutDelay  = 150 * time.Millisecond
	brownoutJitter = 40 * time.Millisecond
	brownoutLoss   = 200_000 // per million
)

// Script returns the faults of the demonstration, in order of time. First, in
// five minutes: a fibre cut of one link, the failure of a POP of middling size
// that has nothing to do with it, both repairs, then the loss of our own uplink.
// Then, until the thirteenth: a brownout, a power cut at a site with accesses of
// two operators, a router dead behind a living demarcation, a flapping link, the
// works of Works, and a firewall dead behind a router that answers. The same topology and seed give the same script; what a
// topology has no part for is left out.
func Script(topology Topology, seed uint64) []Step {
	cast := newCast(topology, seed)
	acts := []act{{uplinkAt, uplinkEnds, Fault{Kind: KindUplink}, MessageUplink, MessageUplinkEnded}}
	add := func(a act) {
		if a.fault.Target != "" { // the topology has somebody for it
			acts = append(acts, a)
		}
	}
	add(act{cutAt, cutEnds, Fault{Kind: KindCut, Target: cast.cut}, MessageCut, MessageCutEnded})
	add(act{popAt, popEnds, Fault{Kind: KindPOP, Target: cast.failing}, MessagePOP, MessagePOPEnded})
	add(act{brownoutAt, brownoutEnds, Fault{
		Kind: KindBrownout, Target: cast.slow, Delay: brownoutDelay, Jitter: brownoutJitter, LossPerMillion: brownoutLoss,
	}, MessageBrownout, MessageBrownoutEnded})
	add(act{powerAt, powerEnds, Fault{Kind: KindPower, Target: cast.dark}, MessagePower, MessagePowerEnded})
	add(act{routerAt, routerEnds, Fault{Kind: KindRouter, Target: cast.dead}, MessageRouter, MessageRouterEnded})
	add(act{flapAt, flapEnds, Fault{Kind: KindFlap, Target: cast.flapping, Period: flapPeriod}, MessageFlap, MessageFlapEnded})
	add(act{firewallAt, firewallEnds, Fault{Kind: KindFirewall, Target: cast.walled}, MessageFirewall, MessageFirewallEnded})
	add(act{worksAt, worksEnds, Fault{Kind: KindPOP, Target: cast.works}, MessageWorks, MessageWorksEnded})

	steps := make([]Step, 0, 2*len(acts))
	for _, a := range acts {
		steps = append(steps,
			Step{At: a.at, Fault: a.fault, Message: a.begun},
			Step{At: a.ends, Fault: a.fault, Ends: true, Message: a.over})
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	return steps
}

// Works are those that the operator of a script announces: a POP, and the window
// in which it is worked on, since the script begins.
type Works struct {
	POP      string
	From, To time.Duration
}

// Announced returns the works of a script, false when it has none. Somebody has
// to announce them before it begins.
func Announced(steps []Step) (Works, bool) {
	var works Works
	for _, step := range steps {
		switch step.Message {
		case MessageWorks:
			works.POP, works.From = step.Fault.Target, step.At-worksMargin
		case MessageWorksEnded:
			works.To = step.At + worksMargin
		}
	}
	return works, works.POP != ""
}

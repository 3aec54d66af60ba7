package incident

import (
	"fmt"
	"time"

	"vigie/internal/linkstate"
)

// Policy holds every threshold of the rules. Every "within" is inclusive.
type Policy struct {
	// Link holds the thresholds of one link (R2 to R4).
	Link linkstate.Policy

	// OpenDelay is the time from an incident's start to its ticket; the mass
	// and degraded variants replace it for those kinds (R8).
	OpenDelay         time.Duration
	OpenDelayMass     time.Duration
	OpenDelayDegraded time.Duration

	// MassLinks and MassShare are the least number and share (0 to 1) of a
	// POP's links that fail within MassWindow; MassJoin is how long after the
	// start a link may still join (R6).
	MassLinks  int
	MassShare  float64
	MassWindow time.Duration
	MassJoin   time.Duration

	// OperatorPOPs is the least number of POPs whose masses start within
	// OperatorWindow of each other (R7).
	OperatorPOPs   int
	OperatorWindow time.Duration

	// SiteWindow is the longest time between the first failures of the links
	// of one site (R5).
	SiteWindow time.Duration

	// ResolveAfter is the stable time before a ticket is resolved (R11);
	// ReopenWithin how long after it the same ticket is opened again (R12).
	ResolveAfter time.Duration
	ReopenWithin time.Duration

	// FlapEnter transitions within FlapWindow make a link flap, until FlapExit
	// after the last one (R9).
	FlapEnter  int
	FlapWindow time.Duration
	FlapExit   time.Duration

	// MaintenanceGrace is the time after a window's end before a ticket (R10).
	MaintenanceGrace time.Duration

	// StragglerShare (0 to 1) of a mass's members, at least one, may still be
	// down when it is resolved (R13).
	StragglerShare float64
}

// DefaultPolicy returns the thresholds of a real installation.
func DefaultPolicy() Policy {
	return Policy{
		Link:              linkstate.DefaultPolicy(),
		OpenDelay:         300 * time.Second,
		OpenDelayMass:     180 * time.Second,
		OpenDelayDegraded: 1800 * time.Second,
		MassLinks:         3,
		MassShare:         0.5,
		MassWindow:        120 * time.Second,
		MassJoin:          600 * time.Second,
		OperatorPOPs:      2,
		OperatorWindow:    300 * time.Second,
		SiteWindow:        60 * time.Second,
		ResolveAfter:      900 * time.Second,
		ReopenWithin:      14400 * time.Second,
		FlapEnter:         6,
		FlapWindow:        3600 * time.Second,
		FlapExit:          1800 * time.Second,
		MaintenanceGrace:  300 * time.Second,
		StragglerShare:    0.2,
	}
}

// Validate names the first threshold that cannot work.
func (p Policy) Validate() error {
	if err := p.Link.Validate(); err != nil {
		return err
	}
	for _, check := range []struct {
		name string
		got  time.Duration
	}{
		{"open delay", p.OpenDelay},
		{"open delay of a mass", p.OpenDelayMass},
		{"open delay of a degraded link", p.OpenDelayDegraded},
		{"mass window", p.MassWindow},
		{"mass join", p.MassJoin},
		{"operator window", p.OperatorWindow},
		{"site window", p.SiteWindow},
		{"resolve after", p.ResolveAfter},
		{"reopen within", p.ReopenWithin},
		{"flap window", p.FlapWindow},
		{"flap exit", p.FlapExit},
		{"maintenance grace", p.MaintenanceGrace},
	} {
		if check.got < 0 {
			return fmt.Errorf("incident policy: %s is %s, want 0 or more", check.name, check.got)
		}
	}
	if p.MassLinks < 1 || p.OperatorPOPs < 2 || p.FlapEnter < 2 {
		return fmt.Errorf("incident policy: mass links %d, operator POPs %d, flap transitions %d; want at least 1, 2 and 2",
			p.MassLinks, p.OperatorPOPs, p.FlapEnter)
	}
	for _, share := range []float64{p.MassShare, p.StragglerShare} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("incident policy: share %v, want 0 to 1", share)
		}
	}
	return nil
}

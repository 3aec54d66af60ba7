package incident

import (
	"time"

	"vigie/internal/linkstate"
)

// Cycle is everything one cycle brings. Links without a sample had no result.
type Cycle struct {
	// At is the cycle's start. A cycle not after the last decided one changes
	// nothing.
	At time.Time
	// Rounds holds one entry for each prober that delivered its part, isolated
	// ones included. Without a connected prober the links become unknown.
	Rounds []Round
	// Maintenance lists the announced windows, at least those that end later
	// than MaintenanceGrace before At.
	Maintenance []Maintenance
	// Signals lists what other paths say of failing links; a link that is not
	// listed has no answer on either.
	Signals []Signal
	// Backlog says that a later cycle already waits to be decided, as after a
	// restart: states and incidents move on, no ticket does.
	Backlog bool
}

// Round is one prober's part of a cycle.
type Round struct {
	Prober string
	// Isolated means that none of its canaries answered: its samples are void.
	Isolated bool
	Samples  []Sample
}

// Sample is one prober's result for one link. At is the round's own time; zero
// stands for the cycle's start.
type Sample struct {
	Link   int64
	Result linkstate.Result
	At     time.Time
}

// Scope names what a maintenance window covers.
type Scope string

// The scopes of a maintenance window.
const (
	ScopeLink     Scope = "link"
	ScopeSite     Scope = "site"
	ScopePOP      Scope = "pop"
	ScopeOperator Scope = "operator"
)

// Maintenance is an announced window, From included, To excluded. ID is the id
// of the link, site, POP or operator.
type Maintenance struct {
	Scope Scope
	ID    int64
	From  time.Time
	To    time.Time
}

// Signal is what is known of a link's surroundings in a cycle.
type Signal struct {
	Link int64
	// Demarcation: the operator-side next hop answers.
	Demarcation bool
	// RouterOutOfBand: the router answers by another path.
	RouterOutOfBand bool
}

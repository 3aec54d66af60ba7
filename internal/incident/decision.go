package incident

import (
	"time"

	"vigie/internal/linkstate"
)

// Decision is what follows from one cycle.
type Decision struct {
	// State replaces the previous one.
	State State
	// Transitions are the links whose status changed, in topology order.
	Transitions []Transition
	// Probers are the probers that became isolated or connected.
	Probers []Prober
	// Changes are the changes of incidents, in the order they were decided.
	Changes []Change
	// Outages are the outages that began, ended or changed incident.
	Outages []Outage
	// Effects are what must be done to tickets, in order. Empty in a backlog.
	Effects []Effect
	// WakeAt is the earliest later time at which something is due without a
	// new result, zero when nothing is.
	WakeAt time.Time
}

// Transition is the change of one link's status.
type Transition struct {
	Link int64
	linkstate.Transition
}

// Reason says why something was decided.
type Reason string

// Why a ticket is not open (Hold).
const (
	// HeldDelay: the delay of R8 still runs.
	HeldDelay Reason = "delay"
	// HeldMaintenance: it started inside an announced window (R10).
	HeldMaintenance Reason = "maintenance"
	// HeldIsolated: no prober is connected.
	HeldIsolated Reason = "isolated"
	// HeldUnknown: no member has a known state.
	HeldUnknown Reason = "unknown"
	// HeldRecovering: the last valid cycle of no known member failed.
	HeldRecovering Reason = "recovering"
	// HeldBacklog: due, but a fresher cycle waits to be decided.
	HeldBacklog Reason = "backlog"
	// HeldInternal: the kind never makes a ticket.
	HeldInternal Reason = "internal"
)

// Why a ticket was opened (Open, Reopen).
const (
	// DelayElapsed: the delay of R8 is over and it still fails.
	DelayElapsed Reason = "delay_elapsed"
	// MaintenanceOver: the window and its grace are over and it still fails.
	MaintenanceOver Reason = "maintenance_over"
	// FlapDetected: the link flaps (R9).
	FlapDetected Reason = "flap_detected"
	// StillDown: the delay after a split is over (R13).
	StillDown Reason = "still_down"
)

// Why something ended or moved (Close, Resolve, Join, Requalify).
const (
	// Short: it ended before there was a ticket.
	Short Reason = "short"
	// Stable: every member has been up for the whole delay of R11.
	Stable Reason = "stable"
	// Split: the mass is over but for stragglers (R13).
	Split Reason = "split"
	// Absorbed: its links belong to a wider incident now.
	Absorbed Reason = "absorbed"
	// ProberBack: a prober is connected again.
	ProberBack Reason = "prober_back"
	// Emptied: its last link left the topology.
	Emptied Reason = "emptied"
	// SameCause: a later link of the same POP joined (R6, R7).
	SameCause Reason = "same_cause"
	// Evidence: the signals, or the link's state, now say another kind.
	Evidence Reason = "evidence"
)

// Action says what happens to an incident or a ticket.
type Action string

// The actions. Requalify changes the kind.
const (
	Open      Action = "open"
	Join      Action = "join"
	Requalify Action = "requalify"
	Close     Action = "close"
	Reopen    Action = "reopen"
	Resolve   Action = "resolve"
)

// Change is one step in the life of an incident: Open, Join, Requalify, Close.
type Change struct {
	Action   Action
	Incident int64
	Kind     Kind
	// At is the cycle of the decision; Start the incident's start.
	At    time.Time
	Start time.Time
	// End, on Close, is the latest first good round of its members; zero when
	// it did not end but moved into another incident.
	End time.Time
	// Links are all members, except on Join: the new ones.
	Links []int64
	// Into, on Close, is the incident that absorbed it, 0 for none.
	Into   int64
	Reason Reason
}

// Outage is one period during which a link was down. Link and From identify
// it: a later record with the same pair replaces the earlier one.
type Outage struct {
	Link int64
	From time.Time
	// To is the first good round, zero while it lasts.
	To       time.Time
	Incident int64
}

// Effect is what must be done to a ticket: Open, Reopen, Join (a note with the
// new links), Requalify (a note with the new kind) or Resolve.
type Effect struct {
	Action   Action
	Ticket   int64
	Incident int64
	// Key is the id of the incident that opened the ticket first: the
	// idempotency key of every message about it.
	Key      int64
	Kind     Kind
	To       Addressee
	Operator int64
	// Links are all members, except on Join: the new ones.
	Links []int64
	// At is the cycle of the decision. Since is when the outage began; on
	// Resolve, when it ended.
	At    time.Time
	Since time.Time
	// Related, on Open, is an earlier ticket that held one of the links.
	Related int64
	Reason  Reason
}

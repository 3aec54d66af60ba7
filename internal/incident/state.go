package incident

import (
	"time"

	"vigie/internal/linkstate"
)

// State is all that is remembered between two cycles. It is plain data, one
// slice per table, and JSON carries it without loss. Only open incidents are in
// it; of resolved tickets only those that may be opened again.
type State struct {
	Engine Engine `json:"engine"`
	// Links are in topology order after a Decide; it accepts any order.
	Links     []LinkState `json:"links"`
	Incidents []Incident  `json:"incidents"`
	Tickets   []Ticket    `json:"tickets"`
}

// Engine is the single row that says where the decisions stand.
type Engine struct {
	// Cycle is the start of the last decided cycle.
	Cycle time.Time `json:"cycle,omitzero"`
	// LastIncident and LastTicket are the last ids given.
	LastIncident int64 `json:"last_incident"`
	LastTicket   int64 `json:"last_ticket"`
	// Probers holds the known probers in order of appearance, which is the
	// order of their bits in linkstate.Vantages (modulo 64).
	Probers []Prober `json:"probers"`
}

// Prober is one vantage point and whether its last round found it isolated.
type Prober struct {
	ID       string `json:"id"`
	Isolated bool   `json:"isolated"`
}

// LinkState is the row of one link.
type LinkState struct {
	ID    int64           `json:"id"`
	State linkstate.State `json:"state"`
	// Incident is the open incident it belongs to, 0 for none.
	Incident int64 `json:"incident,omitzero"`
	// Transitions are the confirmation times of its latest ups and downs since
	// the end of the last flapping period, oldest first (R9); of a flapping
	// link only the last one.
	Transitions []time.Time `json:"transitions,omitzero"`
	Flapping    bool        `json:"flapping,omitzero"`
	// LastTicket is the last ticket that held the link, 0 for none; OwnTicket
	// the last resolved one that held it alone and may be opened again (R12).
	LastTicket int64 `json:"last_ticket,omitzero"`
	OwnTicket  int64 `json:"own_ticket,omitzero"`
}

// Kind says what an incident, and the ticket that follows it, is about.
type Kind string

// The kinds of incidents.
const (
	KindLink     Kind = "link"
	KindRouter   Kind = "router"
	KindDegraded Kind = "degraded"
	KindFlapping Kind = "flapping"
	KindSite     Kind = "site"
	KindMass     Kind = "mass"
	KindOperator Kind = "operator"
	KindProber   Kind = "prober"
)

// Incident is one open incident.
type Incident struct {
	ID   int64 `json:"id"`
	Kind Kind  `json:"kind"`
	// Start is the earliest first failure of its members, or the time of the
	// split for a straggler: the delays of R8 and R10 count from it.
	Start time.Time `json:"start"`
	// Opened is the cycle at which it was recognised.
	Opened time.Time `json:"opened"`
	// Links are all links that ever belonged, recovered ones included, in
	// topology order. Empty for a prober incident.
	Links []int64 `json:"links"`
	// POPs are those of a mass or operator incident, whose links may join.
	POPs []int64 `json:"pops,omitzero"`
	// Operator is that of the first link, 0 for site and prober.
	Operator int64 `json:"operator,omitzero"`
	// Site is that of a site incident.
	Site int64 `json:"site,omitzero"`
	// Straggler marks a link left down by a resolved mass: it joins no other.
	Straggler bool `json:"straggler,omitzero"`
	// Ticket is its ticket, 0 as long as there is none.
	Ticket int64 `json:"ticket,omitzero"`
	// Hold says why there is no ticket yet; zero once there is one.
	Hold Hold `json:"hold,omitzero"`
}

// Hold is the reason why an incident has no ticket at the moment, and until
// when at least that lasts (zero when no time is known).
type Hold struct {
	Reason Reason    `json:"reason"`
	Until  time.Time `json:"until,omitzero"`
}

// Addressee says who is told.
type Addressee string

// The addressees of a ticket.
const (
	ToOperator Addressee = "operator"
	ToInternal Addressee = "internal"
)

// Ticket is what must be remembered of a ticket: while it is open, and after
// its resolution as long as it may be opened again.
type Ticket struct {
	ID int64 `json:"id"`
	// Key is the id of the incident that opened it first: its idempotency key.
	Key int64 `json:"key"`
	// Incident is the incident it stands for now, or stood for last.
	Incident int64     `json:"incident"`
	Kind     Kind      `json:"kind"`
	To       Addressee `json:"to"`
	// Operator is the operator it concerns, 0 for a site.
	Operator int64   `json:"operator,omitzero"`
	Links    []int64 `json:"links"`
	// Opened is the first opening, Resolved the last resolution, zero while
	// open.
	Opened   time.Time `json:"opened"`
	Resolved time.Time `json:"resolved,omitzero"`
	Reopens  int       `json:"reopens"`
	// Related is an earlier ticket that held one of the links, 0 for none.
	Related int64 `json:"related,omitzero"`
}

package view

import (
	"context"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/checkstate"
	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/ipam"
	"vigie/internal/journal"
	"vigie/internal/linkstate"
	"vigie/internal/org"
	"vigie/internal/sla"
	"vigie/internal/ticket"
)

// Store gives the stored facts that the answers are made of.
type Store interface {
	// Inventory gives the whole inventory; the answers share it and change nothing.
	Inventory(ctx context.Context) (*inventory.Index, error)
	// Live gives what is true now; a link's latest minute counts from since.
	Live(ctx context.Context, since time.Time) (Live, error)
	// Minutes gives the measured minutes of a link that begin in a window, in order.
	Minutes(ctx context.Context, link int64, w Window) ([]Measured, error)
	// Hours gives the measured hours of a link that begin in a window, in order.
	Hours(ctx context.Context, link int64, w Window) ([]Measured, error)
	// Carried gives what a link carried in the five minutes that begin in a window, in
	// order, without those that were not measured.
	Carried(ctx context.Context, link int64, w Window) ([]FiveMinutes, error)
	// Router gives what the router of a link told last, and what the link carried
	// since; nil for one that was never asked.
	Router(ctx context.Context, link int64, since time.Time) (*Router, error)
	// Device gives what the router of a link carried when it was walked last; nil before
	// its first walk.
	Device(ctx context.Context, link int64) (*Walk, error)
	// Findings gives the findings of a kind about a link in a window, the latest first
	// and so many at most.
	Findings(ctx context.Context, link int64, kind string, w Window, most int) ([]Finding, error)
	// FindingsOf gives those about several links.
	FindingsOf(ctx context.Context, links []int64, kind string, w Window, most int) ([]LinkFinding, error)
	// Isolated gives the times that touch a window in which probers reached none of their
	// canaries, by the name of the prober.
	Isolated(ctx context.Context, w Window) (map[string][]Gap, error)
	// Stamp gives the sessions of STAMP of a link in a window, by its steps.
	Stamp(ctx context.Context, link int64, w Window) (StampSeries, error)
	// Checks gives the states of some checks, by id; CheckHours their sums since a time, and
	// CheckTransitions their changes, the latest first.
	Checks(ctx context.Context, ids []int64) (map[int64]checkstate.State, error)
	CheckHours(ctx context.Context, ids []int64, since time.Time) (map[int64]CheckHours, error)
	CheckTransitions(ctx context.Context, ids []int64, most int) ([]CheckTransition, error)
	// Outages gives the outages of links that touch a window, the latest first.
	Outages(ctx context.Context, links []int64, w Window) ([]Outage, error)
	// Incidents gives the incidents within a scope, the latest first.
	Incidents(ctx context.Context, q Query) ([]IncidentRow, error)
	// Tickets gives the tickets within a scope, the latest first; of their messages
	// only number and state, and no journal.
	Tickets(ctx context.Context, q Query) ([]TicketFile, error)
	// Ticket gives one ticket whole; an error of kind NotFound without it.
	Ticket(ctx context.Context, id int64) (TicketFile, error)
	// Probers gives the vantage points and what they did not measure since a time.
	Probers(ctx context.Context, since time.Time) ([]Prober, error)
	// CanaryRounds gives the last rounds of the canaries since a time, by the canary's id.
	CanaryRounds(ctx context.Context, since time.Time) (map[int64][]CanaryRound, error)
	// Quality gives how well a prober measured in the steps of a window, those that have a
	// batch, in order, and what it told since a time.
	Quality(ctx context.Context, prober string, w Window, since time.Time) ([]QualityPoint, ProberNow, error)
	// Plan gives the addressing plan; the answers share it and change nothing.
	Plan(ctx context.Context) (*ipam.Index, error)
	// Names gives the names of persons by id.
	Names(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Window is the time [From, To), in steps where a series is asked for.
type Window struct {
	From, To time.Time
	Step     time.Duration
}

// Query bounds a list. Links nil means every link, and what belongs to none. A zero
// After, ID or Number bounds nothing.
type Query struct {
	Links    []int64
	OpenOnly bool
	After    int64  // what the list gives after this incident or ticket
	ID       int64  // this one only
	Number   string // of a ticket: this one only
	Limit    int
}

// Live is what is true now.
type Live struct {
	Decided   time.Time // last decided cycle; zero before the first
	States    map[int64]LinkState
	Latest    map[int64]Latest
	Failing   map[int64]checkstate.State // the checks that fail, by id
	Incidents []IncidentRow              // the open ones
	Tickets   []LiveTicket
	Modes     ticket.Modes
	// StoppedSince is when the one switch was turned, zero while all may be sent.
	StoppedSince time.Time
	Filling      *Filling // nil unless a demonstration's past is still being written
}

// Filling is how far the simulated past of a demonstration is written, newest first.
type Filling struct {
	Percent int
	Back    time.Time
}

// LinkState is the decided state of one link.
type LinkState struct {
	Status linkstate.Status
	Since  time.Time
}

// LiveTicket is a ticket that is open or has messages or suspensions that wait for a
// person.
type LiveTicket struct {
	TicketRef
	Open    bool
	Links   []int64
	Waiting int
}

// TicketFile is all that is kept of one ticket.
type TicketFile struct {
	Ticket     ticket.Ticket
	MessageIDs []int64   // of the ticket's messages, in their order
	Related    TicketRef // zero without one
	Gels       []sla.Gel
	Told       []Outage // under the ticket, of which a router told what they were
	Journal    []journal.Record
}

// Service answers. It is safe for concurrent use.
type Service struct {
	store Store
	// staleAfter is how long after the last decided cycle the board says that it
	// no longer tells the present.
	staleAfter time.Duration
	vacations  *calendar.Vacations
}

// New returns the service over a store. A board older than staleAfter says so;
// vacations tell school time.
func New(store Store, staleAfter time.Duration, vacations *calendar.Vacations) *Service {
	return &Service{store: store, staleAfter: staleAfter, vacations: vacations}
}

// reach is the part of an inventory that somebody sees.
type reach struct {
	*inventory.Index
	who org.User
	day time.Time
	now time.Time
	// stale is how long a result may be on its way.
	stale time.Duration
}

// reach loads the inventory for somebody who may do the action at all.
func (s *Service) reach(ctx context.Context, who org.User, action org.Action, now time.Time) (reach, error) {
	if !org.Allowed(who, action) {
		return reach{}, fault.Errorf(fault.Forbidden, "user %d with role %s may not %s", who.ID, who.Role, action)
	}
	index, err := s.store.Inventory(ctx)
	if err != nil {
		return reach{}, err
	}
	return reach{Index: index, who: who, day: calendar.Day(now), now: now, stale: s.staleAfter}, nil
}

// sees reports whether the asker may do the action on a link. A link of nobody is
// seen with the whole territory only.
func (r reach) sees(action org.Action, link inventory.Link) bool {
	owners := r.OwnersOfLink(link, r.day)
	if len(owners) == 0 {
		return r.who.Territory.All && org.Allowed(r.who, action)
	}
	return org.Allowed(r.who, action, owners...)
}

// links gives the ids of the links seen, ended ones included, for a Query: nil
// with the whole territory.
func (r reach) links(action org.Action) []int64 {
	if r.who.Territory.All {
		return nil
	}
	seen := []int64{}
	for _, link := range r.Links {
		if r.sees(action, link) {
			seen = append(seen, link.ID)
		}
	}
	return seen
}

// link finds a link that the asker sees; a hidden one is not found, so that an
// address tells nothing about the others.
func (r reach) link(action org.Action, id int64) (inventory.Link, error) {
	link, ok := r.LinkByID(id)
	if !ok || !r.sees(action, link) {
		return inventory.Link{}, fault.Errorf(fault.NotFound, "link %d is not in the territory of user %d", id, r.who.ID)
	}
	return link, nil
}

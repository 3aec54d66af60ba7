package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/org"
	"vigie/probe"
)

// How long a request holds: one that insists must not start when nobody thinks of it any
// more.
const (
	WaitsFor   = 14 * 24 * time.Hour
	InsistsFor = 30 * time.Minute
)

// maxReason bounds what a person gives as a reason, in characters.
const maxReason = 300

// Request is a person's wish for a test of a link, the only one of that link.
type Request struct {
	Link   int64
	At     time.Time
	Person int64
	// Insists says that the test does not wait for its hours nor for an idle link, Reason
	// why.
	Insists bool
	Reason  string
	// Until is when the request ends without a test.
	Until time.Time
}

// Plan is how a link would be tested, and what is known of it now.
type Plan struct {
	Method probe.ThroughputMethod
	Server string
	Hours  string // local, in which tests run
	// Each direction takes Duration after SlowStart, at DownBits and UpBits a second at
	// most, and at most Octets.
	Duration, SlowStart time.Duration
	DownBits, UpBits    int64
	Octets              int64
	// Closed is why the hour allows no test; empty = it does.
	Closed probe.NotRun
	// Reason is why no test would start now; empty = it would.
	Reason probe.NotRun
	// Up says that the link answers within its limits; LoadPerMille is what it carries, in
	// thousandths of its contract, less than 0 where that is not known.
	Up           bool
	LoadPerMille int
}

// Refusal is why nobody may insist on a test now; empty = somebody may.
func (p Plan) Refusal() probe.NotRun {
	switch {
	case p.Closed != "" && p.Closed != probe.OutsideWindow:
		return p.Closed
	case !p.Up:
		return probe.LinkNotUp
	}
	return ""
}

// Offer is what a person may ask for.
type Offer struct {
	Link int64
	Ref  string
	Plan Plan
	Open *Request // the request that holds; nil without one
}

// Ask is what a person asks for.
type Ask struct {
	Insists bool
	Reason  string // needed of who insists
}

// Refused is the error of a test that nobody may insist on now.
type Refused struct{ Reason probe.NotRun }

// Error names the reason.
func (r *Refused) Error() string { return "no test is run now: " + string(r.Reason) }

// Store keeps requests.
type Store interface {
	Inventory(ctx context.Context) (*inventory.Index, error)
	// Request gives the request of a link that holds at now, nil without one: no test was
	// tried since.
	Request(ctx context.Context, link int64, now time.Time) (*Request, error)
	// Save keeps a request in the place of the one before, with its journal entry.
	Save(ctx context.Context, r Request, e journal.Entry) error
}

// Options are what the service stands on.
type Options struct {
	Store Store
	// Plan says how a link would be tested; nil where no link is.
	Plan func(ctx context.Context, link inventory.Link, now time.Time) (Plan, error)
}

// Service takes requests. It is safe for concurrent use.
type Service struct{ Options }

// New returns the service.
func New(o Options) *Service { return &Service{o} }

// Available reports whether links are tested here.
func (s *Service) Available() bool { return s.Plan != nil }

// Offer says how a link of the asker's territory would be tested.
func (s *Service) Offer(ctx context.Context, who org.User, link int64, now time.Time) (Offer, error) {
	if !s.Available() {
		return Offer{}, fault.Errorf(fault.Unavailable, "this instance tests no link: prober.throughput.method is empty")
	}
	x, err := s.Store.Inventory(ctx)
	if err != nil {
		return Offer{}, err
	}
	l, ok := x.LinkByID(link)
	if !ok || !allowed(who, org.SeeLinks, x.OwnersOfLink(l, calendar.Day(now))) {
		return Offer{}, fault.Errorf(fault.NotFound, "link %d is not in the territory of user %d", link, who.ID)
	}
	if !allowed(who, org.RunTests, x.OwnersOfLink(l, calendar.Day(now))) {
		return Offer{}, fault.Errorf(fault.Forbidden, "role %s may not %s", who.Role, org.RunTests)
	}
	offer := Offer{Link: l.ID, Ref: l.Ref}
	if offer.Plan, err = s.Plan(ctx, l, now); err != nil {
		return Offer{}, err
	}
	offer.Open, err = s.Store.Request(ctx, link, now)
	return offer, err
}

// allowed is org.Allowed of a link, which somebody with a part of the territory sees only
// with an owner.
func allowed(who org.User, a org.Action, owners []string) bool {
	return org.Allowed(who, a, owners...) && (len(owners) > 0 || who.Territory.All)
}

// Ask takes a request; the error is a Refused where nobody may insist now.
func (s *Service) Ask(ctx context.Context, who org.User, link int64, a Ask, now time.Time) error {
	offer, err := s.Offer(ctx, who, link, now)
	if err != nil {
		return err
	}
	a.Reason = strings.TrimSpace(a.Reason)
	r := Request{Link: link, At: now.UTC().Truncate(time.Microsecond), Person: who.ID, Insists: a.Insists, Reason: a.Reason}
	r.Until = r.At.Add(WaitsFor)
	if len([]rune(a.Reason)) > maxReason {
		return fault.Errorf(fault.Invalid, "field reason: %d characters, expected at most %d", len([]rune(a.Reason)), maxReason)
	}
	if a.Insists {
		if a.Reason == "" {
			return fault.Errorf(fault.Invalid, "field reason: nothing, expected why the test cannot wait")
		}
		if why := offer.Plan.Refusal(); why != "" {
			return &fault.Error{Kind: fault.Conflict, Err: &Refused{why}}
		}
		r.Until = r.At.Add(InsistsFor)
	}
	entry, err := entryOf(offer, r)
	if err != nil {
		return err
	}
	return s.Store.Save(ctx, r, entry)
}

// entryOf is what the journal keeps of a request.
func entryOf(o Offer, r Request) (journal.Entry, error) {
	body, err := json.Marshal(struct {
		Link    string       `json:"link"`
		Insists bool         `json:"insists"`
		Reason  string       `json:"reason,omitempty"`
		Closed  probe.NotRun `json:"closed,omitempty"`
		Load    int          `json:"load_permille"`
		Until   time.Time    `json:"until"`
	}{o.Ref, r.Insists, r.Reason, o.Plan.Closed, o.Plan.LoadPerMille, r.Until})
	if err != nil {
		return journal.Entry{}, fmt.Errorf("request a test of link %s: %w", o.Ref, err)
	}
	return journal.Entry{
		Chain: journal.Chain{Kind: "test", ID: strconv.FormatInt(r.Link, 10)}, At: r.At,
		Actor: fmt.Sprintf("user:%d", r.Person), Action: "test.request", Body: body,
	}, nil
}

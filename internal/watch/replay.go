package watch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"vigie/internal/fault"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/probe"
)

// Past is what was stored of the live chain, at one moment. Nothing can be changed
// through it.
type Past interface {
	// Span returns the oldest cycle of which a batch is kept and the last decided one;
	// zero where there is none.
	Span(ctx context.Context) (oldest, decided time.Time, err error)
	// TimelyBetween returns the batches of the cycles in [from, to) that are not late, by
	// cycle, prober and sequence.
	TimelyBetween(ctx context.Context, from, to time.Time) ([]probe.Batch, error)
	Inventory(ctx context.Context) (*inventory.Index, error)
	// Transitions, Changes and Tickets return what was decided in [from, to), in order.
	Transitions(ctx context.Context, from, to time.Time) ([]DecidedTransition, error)
	Changes(ctx context.Context, from, to time.Time) ([]incident.Change, error)
	Tickets(ctx context.Context, from, to time.Time) ([]TicketMove, error)
}

// DecidedTransition is a transition with the cycle that decided it.
type DecidedTransition struct {
	At time.Time
	incident.Transition
}

// TicketMove is a ticket that was opened, opened again or resolved. Link is the first of
// it; Since when the outage began or, on resolution, ended.
type TicketMove struct {
	At     time.Time // of the cycle in a replay, of the ticket where it is stored
	Action incident.Action
	To     incident.Addressee
	Since  time.Time
	Link   int64
}

// Happening is one thing that was decided in one of two ways.
type Happening struct {
	At time.Time `json:"at"`
	// About is transition, incident or ticket.
	About string  `json:"about"`
	Links []int64 `json:"-"`
	What  string  `json:"what"`
	// Only is stored for what today's decisions would not do, replayed for what they
	// would do and was not done.
	Only string `json:"only"`
}

// The sides of a happening.
const (
	OnlyStored   = "stored"
	OnlyReplayed = "replayed"
)

// Replayed is what a replay found.
type Replayed struct {
	// Began is the first cycle that was decided again, from a state that knows nothing;
	// what was decided in [From, To) is compared.
	Began, From, To time.Time
	Cycles          int
	// Warm is false when Began lies so near before From that the rules had not seen all
	// that they remember: the first differences may come from that alone.
	Warm                          bool
	Transitions, Changes, Tickets int // that were stored
	Differences                   []Happening
}

// replayPiece is how much is read at once.
const replayPiece = 10 * time.Minute

// Replay decides the stored rounds of the cycles up to to again, with this program's rules
// and today's inventory, and compares what was decided from from on. It begins with all
// that is stored before from. Nothing is written. progress is called with the cycles that
// are done.
func Replay(ctx context.Context, past Past, policy Policy, from, to time.Time, progress func(at time.Time)) (Replayed, error) {
	oldest, decided, err := past.Span(ctx)
	if err != nil {
		return Replayed{}, err
	}
	s := New(nil, policy)
	if last := decided.Add(s.cycle()); to.After(last) {
		to = last // what was not decided yet cannot differ
	}
	switch {
	case oldest.IsZero() || decided.IsZero():
		return Replayed{}, fault.Errorf(fault.NotFound, "no round is stored: there is nothing to replay")
	case from.Before(oldest):
		return Replayed{}, fault.Errorf(fault.Invalid, "from %s: expected %s or later, from which on rounds are kept (history.batches)", from.Format(time.RFC3339), oldest.UTC().Format(time.RFC3339))
	case !from.Before(to):
		return Replayed{}, fault.Errorf(fault.Invalid, "from %s: expected a time before %s, the end of the last decided cycle or of the time asked for", from.Format(time.RFC3339), to.UTC().Format(time.RFC3339))
	}
	r := replay{Service: s, past: past, ahead: oldest}
	out := Replayed{Began: oldest, From: from, To: to, Warm: from.Sub(oldest) >= policy.Incident.ReopenWithin}
	if r.index, err = past.Inventory(ctx); err != nil {
		return Replayed{}, err
	}
	for cycle := oldest; cycle.Before(to); {
		if err := r.decide(ctx, cycle, to); err != nil {
			return Replayed{}, fmt.Errorf("replay the cycle %s: %w", cycle.Format(time.RFC3339), err)
		}
		out.Cycles++
		progress(cycle)
		if cycle, err = r.after(ctx, cycle, to); err != nil {
			return Replayed{}, err
		}
	}
	return out, r.compare(ctx, &out)
}

// replay is the live chain again, without a store to write to.
type replay struct {
	*Service
	past  Past
	index *inventory.Index
	state incident.State

	ahead   time.Time // up to here the batches are read
	batches []probe.Batch
	newest  time.Time // cycle with a result

	transitions []DecidedTransition
	changes     []incident.Change
	tickets     []TicketMove
	opened      map[int64]int64 // the first link of each ticket
}

// read makes sure that the batches of a cycle are at hand, and that there is one after it
// if any is left before to.
func (r *replay) read(ctx context.Context, cycle, to time.Time) error {
	for r.ahead.Before(to) && (!cycle.Before(r.ahead) || len(r.batches) == 0) {
		next := r.ahead.Add(replayPiece)
		more, err := r.past.TimelyBetween(ctx, r.ahead, next)
		if err != nil {
			return err
		}
		r.batches, r.ahead = append(r.batches, more...), next
	}
	return nil
}

func (r *replay) decide(ctx context.Context, cycle, to time.Time) error {
	if err := r.read(ctx, cycle, to); err != nil {
		return err
	}
	n := 0
	for n < len(r.batches) && !r.batches[n].Cycle.After(cycle) {
		n++
	}
	batches := slices.DeleteFunc(slices.Clone(r.batches[:n]), func(b probe.Batch) bool { return !b.Cycle.Equal(cycle) })
	r.batches = r.batches[n:]
	if len(batches) > 0 {
		r.newest = cycle
	}
	p, err := r.planFor(r.index, cycle)
	if err != nil {
		return err
	}
	parts := p.parts(batches)
	border(r.held.parts, parts)
	r.held = held{cycle, parts}
	d := incident.Decide(r.state, p.topology, p.input(cycle, parts), r.policy.Incident)
	r.state = d.State
	for _, t := range d.Transitions {
		r.transitions = append(r.transitions, DecidedTransition{cycle, t})
	}
	r.changes = append(r.changes, d.Changes...)
	r.follow(d.Effects)
	return nil
}

// follow notes what would become of tickets.
func (r *replay) follow(effects []incident.Effect) {
	if r.opened == nil {
		r.opened = map[int64]int64{}
	}
	for _, e := range effects {
		if e.Action == incident.Open && len(e.Links) > 0 {
			r.opened[e.Ticket] = e.Links[0]
		}
		if e.Action == incident.Open || e.Action == incident.Reopen || e.Action == incident.Resolve {
			r.tickets = append(r.tickets, TicketMove{At: e.At, Action: e.Action, To: e.To, Since: e.Since, Link: r.opened[e.Ticket]})
		}
	}
}

// after is the next cycle to decide, as the cycle clock chooses it: while nothing comes,
// cycles are decided until all is unknown, then the next result is jumped to.
func (r *replay) after(ctx context.Context, cycle, to time.Time) (time.Time, error) {
	next := r.following(cycle)
	if next.Sub(r.newest) <= r.policy.Incident.Link.UnknownAfter+r.cycle() {
		return next, nil
	}
	if err := r.read(ctx, next, to); err != nil {
		return time.Time{}, err
	}
	if len(r.batches) == 0 {
		return to, nil
	}
	if first := r.batches[0].Cycle; first.After(next) {
		return first, nil
	}
	return next, nil
}

// ticketWithin is how long after the end of its cycle a ticket may have been written.
const ticketWithin = 10 * time.Minute

// compare holds what was stored in the time compared against what was replayed.
func (r *replay) compare(ctx context.Context, out *Replayed) error {
	transitions, err := r.past.Transitions(ctx, out.From, out.To)
	if err != nil {
		return err
	}
	changes, err := r.past.Changes(ctx, out.From, out.To)
	if err != nil {
		return err
	}
	// A ticket bears the time at which it was decided, a cycle and more after its cycle:
	// it is looked for beyond both ends and missed within them only.
	tickets, err := r.past.Tickets(ctx, out.From, out.To.Add(ticketWithin))
	if err != nil {
		return err
	}
	inside := func(at time.Time) bool { return !at.Before(out.From) && at.Before(out.To) }
	out.Transitions, out.Changes = len(transitions), len(changes)
	out.Differences = append(out.Differences, differences(transitions, r.transitions, func(t DecidedTransition) Happening {
		return Happening{At: t.At, About: "transition", Links: []int64{t.Link}, What: fmt.Sprintf("%s to %s since %s", t.From, t.To, clockText(t.Since))}
	}, func(h Happening) string { return fmt.Sprint(h.At.UnixMicro(), h.Links, h.What) }, inside, inside)...)
	out.Differences = append(out.Differences, differences(changes, r.changes, changeHappening,
		func(h Happening) string { return fmt.Sprint(h.At.UnixMicro(), h.Links, h.What) }, inside, inside)...)
	decidedInside := func(at time.Time) bool { return inside(at.Add(-r.cycle())) }
	for _, t := range tickets {
		if decidedInside(t.At) {
			out.Tickets++
		}
	}
	out.Differences = append(out.Differences, differences(tickets, r.tickets, func(t TicketMove) Happening {
		return Happening{At: t.At, About: "ticket", Links: []int64{t.Link}, What: fmt.Sprintf("%s to the %s, since %s", t.Action, t.To, clockText(t.Since))}
	}, func(h Happening) string { return fmt.Sprint(h.Links, h.What) }, decidedInside, inside)...)
	slices.SortStableFunc(out.Differences, func(a, b Happening) int { return a.At.Compare(b.At) })
	return nil
}

func changeHappening(c incident.Change) Happening {
	links := slices.Sorted(slices.Values(c.Links))
	what := fmt.Sprintf("%s %s since %s", c.Action, c.Kind, clockText(c.Start))
	if !c.End.IsZero() {
		what += " until " + clockText(c.End)
	}
	if c.Reason != "" {
		what += ", " + string(c.Reason)
	}
	return Happening{At: c.At, About: "incident", Links: links, What: what}
}

// clockText writes an instant to the microsecond.
func clockText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999Z") }

// differences are what stands on one side only: of the stored what lies in a time, and
// of the replayed.
func differences[T any](stored, replayed []T, tell func(T) Happening, key func(Happening) string, inStored, inReplayed func(time.Time) bool) []Happening {
	waiting := map[string][]Happening{}
	for _, v := range replayed {
		h := tell(v)
		waiting[key(h)] = append(waiting[key(h)], h)
	}
	var out []Happening
	for _, v := range stored {
		h := tell(v)
		if same := waiting[key(h)]; len(same) > 0 {
			waiting[key(h)] = same[1:]
			continue
		}
		if inStored(h.At) {
			h.Only = OnlyStored
			out = append(out, h)
		}
	}
	for _, left := range waiting {
		for _, h := range left {
			if inReplayed(h.At) {
				h.Only = OnlyReplayed
				out = append(out, h)
			}
		}
	}
	slices.SortFunc(out, func(a, b Happening) int {
		return cmp.Or(a.At.Compare(b.At), slices.Compare(a.Links, b.Links), cmp.Compare(a.What, b.What))
	})
	return out
}

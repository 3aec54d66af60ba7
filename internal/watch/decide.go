package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"vigie/internal/incident"
	"vigie/internal/journal"
	"vigie/internal/ticket"
	"vigie/probe"
)

const actor = "vigie"

// Decide decides the cycle that starts at cycle, in one transaction. A cycle not
// after the last decided one changes nothing, so a call repeated after a crash is
// harmless. Cycles without any result may be jumped over, which leaves a gap; to
// jump over a result is an error. With backlog a fresher cycle waits: nothing is
// said to anyone yet.
func (s *Service) Decide(ctx context.Context, cycle time.Time, backlog bool, now time.Time) (Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	report := Report{Cycle: cycle, Lag: now.Sub(cycle.Add(s.cycle()))}
	next := s.last
	err := s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		decided, err := tx.Decided(ctx)
		if err != nil || !cycle.After(decided) {
			return err
		}
		if err := s.nothingBetween(ctx, tx, decided, cycle); err != nil {
			return err
		}
		prev, err := s.stateOf(ctx, tx, decided)
		if err != nil {
			return err
		}
		d, told, err := s.decide(ctx, tx, prev, cycle, backlog, now)
		told.Cycle, told.Lag = report.Cycle, report.Lag
		report, next = told, d.State
		return err
	})
	// Whether a commit that failed took place is not known: the store is asked then.
	s.last = next
	if err != nil {
		s.last = incident.State{}
		return Report{}, fmt.Errorf("decide cycle %s: %w", cycle.Format(time.RFC3339), err)
	}
	s.noteDue(now)
	return report, nil
}

// stateOf gives the state after the cycle decided last. The one at hand is it when it is
// of that cycle: whatever changes a state moves on to another cycle.
func (s *Service) stateOf(ctx context.Context, tx Tx, decided time.Time) (incident.State, error) {
	if !decided.IsZero() && s.last.Engine.Cycle.Equal(decided) {
		return s.last, nil
	}
	return tx.State(ctx)
}

// urgent gives the links of some incidents, each once.
func urgent(incidents []incident.Incident) []int64 {
	var links []int64
	for _, i := range incidents {
		links = append(links, i.Links...)
	}
	slices.Sort(links)
	return slices.Compact(links)
}

// nothingBetween makes sure that a jump leaves no result behind: one may have come
// since the cycle was chosen.
func (s *Service) nothingBetween(ctx context.Context, tx Tx, decided, cycle time.Time) error {
	if decided.IsZero() || !s.following(decided).Before(cycle) {
		return nil
	}
	_, waiting, err := tx.Around(ctx, s.following(decided))
	if err == nil && !waiting.IsZero() && waiting.Before(cycle) {
		return fmt.Errorf("cycle %s has a result and is not decided", waiting.Format(time.RFC3339))
	}
	return err
}

func (s *Service) decide(ctx context.Context, tx Tx, prev incident.State, cycle time.Time, backlog bool, now time.Time) (d incident.Decision, r Report, err error) {
	x, err := tx.Inventory(ctx)
	if err != nil {
		return d, r, err
	}
	p, err := s.planFor(x, cycle)
	if err != nil {
		return d, r, err
	}
	batches, err := tx.Timely(ctx, cycle)
	if err != nil {
		return d, r, err
	}
	before, err := s.before(ctx, tx, p, prev.Engine.Cycle)
	if err != nil {
		return d, r, err
	}
	delivered := p.parts(batches)
	doubted := border(before, delivered)
	input := p.input(cycle, delivered)
	input.Backlog = backlog
	d = incident.Decide(prev, p.topology, input, s.policy.Incident)
	if err := tx.SaveState(ctx, prev, d); err != nil {
		return d, r, err
	}
	if doubted {
		if err := s.doubt(ctx, tx, before, cycle, now); err != nil {
			return d, r, err
		}
	}
	if err := s.recordGaps(ctx, tx, prev.Engine, d.State.Engine, delivered); err != nil {
		return d, r, err
	}
	if err := s.lateDoubt(ctx, tx, p, before, delivered); err != nil {
		return d, r, err
	}
	for _, p := range delivered {
		if len(p.witness) == 0 {
			continue
		}
		if err := tx.SaveCanaries(ctx, p.prober, cycle, p.witness); err != nil {
			return d, r, err
		}
	}
	// Only now, since what a look saw in one of these gaps is told to nobody.
	if err := s.converse(ctx, tx, d, p, evidence(delivered), now); err != nil {
		return d, r, err
	}
	entries, err := entries(d, now)
	if err != nil {
		return d, r, err
	}
	if err := tx.Journal(ctx, entries...); err != nil {
		return d, r, err
	}
	s.held = held{cycle, delivered}
	r = Report{
		Transitions: len(d.Transitions), Effects: len(d.Effects), Urgent: urgent(d.State.Incidents),
		Index: p.index, Links: d.State.Links, Rounds: counted(before), Uplinks: uplinks(delivered),
	}
	return d, r, s.closeMinutes(ctx, tx, prev.Engine.Cycle, cycle, now)
}

func uplinks(parts []part) []Uplink {
	var out []Uplink
	for _, p := range parts {
		out = append(out, Uplink{p.prober, p.length, p.gap()})
	}
	return out
}

// counted are the rounds of links that say something of them.
func counted(parts []part) []probe.Observation {
	total := 0
	for _, p := range parts {
		total += len(p.rounds)
	}
	out := make([]probe.Observation, 0, total)
	for _, p := range parts {
		if p.gap() != "" {
			continue
		}
		for _, o := range p.rounds {
			if !o.Loaded {
				out = append(out, o)
			}
		}
	}
	return out
}

// closeMinutes has every minute summarised that is over with the cycle and was not
// with the one decided before, however long ago that was.
func (s *Service) closeMinutes(ctx context.Context, tx Tx, prev, cycle, now time.Time) error {
	from, to := cycle.Truncate(time.Minute), s.following(cycle).Truncate(time.Minute)
	if !prev.IsZero() {
		from = s.following(prev).Truncate(time.Minute)
	}
	if !from.Before(to) {
		return nil
	}
	return tx.DueMinutes(ctx, "", from, to, now)
}

// evidence is the number of canaries that answered, of the prober that saw most.
func evidence(parts []part) int {
	canaries := 0
	for _, p := range parts {
		canaries = max(canaries, p.canaries)
	}
	return canaries
}

// converse turns the effects on tickets into messages and jobs.
func (s *Service) converse(ctx context.Context, tx Tx, d incident.Decision, p plan, canaries int, now time.Time) error {
	if len(d.Effects) == 0 {
		return nil
	}
	modes, err := tx.Modes(ctx)
	if err != nil {
		return err
	}
	for _, e := range d.Effects {
		f := ticket.Describe(p.index, modes, p.operatorKey(e), e.Links, now)
		f.Simulated, f.Since = s.policy.Ticket.Simulated, e.Since
		f.Tested = ticket.Tested{Echoes: s.policy.Echoes, Canaries: canaries, Rounds: 1 + int(e.At.Sub(e.Since)/s.cycle())}
		if f.Tested.Began, err = s.began(ctx, tx, e, p.index); err != nil {
			return fmt.Errorf("ticket %d, %s: %w", e.Ticket, e.Action, err)
		}
		decision, err := s.say(ctx, tx, e, p, f, now)
		if err != nil {
			return fmt.Errorf("ticket %d, %s: %w", e.Ticket, e.Action, err)
		}
		entry, err := decision.Entry(actor, now)
		if err != nil {
			return err
		}
		if err := tx.SaveDecision(ctx, decision); err != nil {
			return fmt.Errorf("ticket %d, %s: %w", e.Ticket, e.Action, err)
		}
		if err := tx.Journal(ctx, entry); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) say(ctx context.Context, tx Tx, e incident.Effect, p plan, f ticket.Facts, now time.Time) (ticket.Decision, error) {
	if e.Action == incident.Open {
		t := ticket.Ticket{
			ID: e.Ticket, Incident: e.Key, Kind: e.Kind, Addressee: e.To, Operator: p.operatorKey(e),
			Mode: f.Operator.Mode, Related: e.Related, Links: e.Links,
		}
		if e.To == incident.ToInternal {
			t.Mode = ticket.Observe
		}
		return ticket.Start(t, f, s.policy.Ticket, now), nil
	}
	t, err := tx.Ticket(ctx, e.Ticket)
	if err != nil {
		return ticket.Decision{}, err
	}
	switch e.Action {
	case incident.Join:
		return ticket.Join(t, e.Links, f, s.policy.Ticket, now), nil
	case incident.Reopen:
		t.Kind = e.Kind
		return ticket.Reopen(t, f, s.policy.Ticket, now), nil
	case incident.Requalify:
		return ticket.Requalify(t, e.Kind), nil
	case incident.Resolve:
		return ticket.Resolve(t, f, e.Since, s.policy.Ticket, now), nil
	}
	return ticket.Decision{}, fmt.Errorf("effect %q is not known", e.Action)
}

// operatorKey names the operator that an effect concerns; empty for an internal one.
func (p plan) operatorKey(e incident.Effect) string {
	for _, o := range p.index.Operators {
		if o.ID == e.Operator && e.To == incident.ToOperator {
			return o.Key
		}
	}
	return ""
}

// recordGaps writes down which known probers gave nothing, or not all, or not all that
// counts, in the cycle, and that none gave anything in cycles jumped over.
func (s *Service) recordGaps(ctx context.Context, tx Tx, prev, next incident.Engine, delivered []part) error {
	reasons := map[string]GapReason{}
	for _, p := range delivered {
		if reasons[p.prober] = p.gap(); !p.last && !p.isolated {
			reasons[p.prober] = Stopped // a piece may still come
		}
	}
	missing, cycle := s.following(prev.Cycle), next.Cycle
	for i, known := range next.Probers { // one that is new stands behind those of before
		var gaps []Gap
		if i < len(prev.Probers) && missing.Before(cycle) {
			gaps = append(gaps, Gap{Prober: known.ID, From: missing, To: cycle, Reason: Stopped})
		}
		reason, came := reasons[known.ID]
		if !came {
			reason = Stopped
		}
		if reason != "" {
			gaps = append(gaps, Gap{Prober: known.ID, From: cycle, To: cycle.Add(s.cycle()), Reason: reason})
		}
		for _, g := range gaps {
			if err := tx.AddGap(ctx, g); err != nil {
				return err
			}
		}
	}
	return nil
}

// entries are the journal entries of a decision: one chain a link, one an incident.
func entries(d incident.Decision, now time.Time) ([]journal.Entry, error) {
	var out []journal.Entry
	add := func(kind string, id int64, action string, body any) error {
		raw, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("write the journal entry of %s %d: %w", kind, id, err)
		}
		chain := journal.Chain{Kind: kind, ID: strconv.FormatInt(id, 10)}
		out = append(out, journal.Entry{Chain: chain, At: now, Actor: actor, Action: action, Body: raw})
		return nil
	}
	for _, t := range d.Transitions {
		if err := add("link", t.Link, "link."+t.To.String(), t); err != nil {
			return nil, err
		}
	}
	for _, c := range d.Changes {
		if err := add("incident", c.Incident, "incident."+string(c.Action), c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

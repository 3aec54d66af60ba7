package ticket

import (
	"fmt"
	"slices"
	"time"

	"vigie/internal/sla"
)

// ByOperator is who declared a suspension that the operator's system claims.
const ByOperator = "operator"

// Gel is a suspension of the clock that was declared on a ticket. One of the
// operator's is a candidate until a person has decided on it; only an accepted one
// stops the clock.
type Gel struct {
	ID int64 // 0 until it is saved
	sla.Gel
	Reason    string // as the operator gave it
	DecidedBy int64
	DecidedAt time.Time
}

// Candidate reports whether a person has still to decide.
func (g Gel) Candidate() bool { return !g.Accepted && g.DecidedAt.IsZero() }

// end ends the suspension, never before it began.
func (g *Gel) end(at time.Time) {
	if g.To = at; at.Before(g.From) {
		g.To = g.From
	}
}

// endGels ends what is still suspended: nothing is when the service is back.
func (t *Ticket) endGels(at time.Time) {
	for i := range t.Gels {
		if t.Gels[i].To.IsZero() {
			t.Gels[i].end(at)
		}
	}
}

// Verdict is what a person decided about a suspension.
type Verdict struct {
	Accepted bool
	Cause    sla.Cause // of an accepted one
	By       int64
}

// Judge records the verdict on a suspension. A later one replaces the former, and
// both stand in the journal.
func Judge(t Ticket, gel int64, v Verdict, now time.Time) (Decision, error) {
	d := Decision{Ticket: t.clone(), Reason: GelRefused}
	i := slices.IndexFunc(d.Ticket.Gels, func(g Gel) bool { return g.ID == gel })
	if i < 0 {
		return Decision{}, fmt.Errorf("ticket %s has no suspension %d", t.Number, gel)
	}
	g := &d.Ticket.Gels[i]
	if v.Accepted {
		if !slices.Contains(sla.Causes, v.Cause) {
			return Decision{}, fmt.Errorf("suspension %d of ticket %s: cause %q, expected one of %q", gel, t.Number, v.Cause, sla.Causes)
		}
		g.Cause, d.Reason = v.Cause, GelAccepted
	}
	g.Accepted, g.DecidedBy, g.DecidedAt = v.Accepted, v.By, now
	return d, nil
}

package ticket_test

import (
	"testing"
	"time"

	"vigie/internal/incident"
	"vigie/internal/ticket"
)

// start is a winter instant, so that Paris is one hour ahead.
var start = time.Date(2026, 11, 24, 13, 5, 9, 0, time.UTC)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func policy() ticket.Policy {
	p := ticket.DefaultPolicy()
	p.Domain = "vigie.example"
	return p
}

func facts(m ticket.Mode) ticket.Facts {
	return ticket.Facts{
		Operator: ticket.Desks{Name: "Opérateur Un", Desk: "guichet@un.example", Escalation: "niveau2@un.example", Mode: m},
		Accesses: []ticket.Access{{
			Ref: "UN-67-0001", Technology: "FTTO", POP: "Strasbourg Nord", Site: "Collège des Tilleuls (0670001A)",
			Address: "1 rue de l’Été, 67200 Strasbourg", Contact: "Accueil", Phone: "03 53 01 00 00", Hours: "1-5 08:00-18:00",
			Probed: "198.18.0.1", GTR: 4 * time.Hour,
		}},
		Since:  at(-5),
		Tested: ticket.Tested{Rounds: 11, Echoes: 5, Canaries: 2},
	}
}

func modes(m ticket.Mode) ticket.Modes {
	return ticket.Modes{Operators: map[string]ticket.Mode{"un": m}}
}

// opened is a fresh ticket in a mode.
func opened(m ticket.Mode) ticket.Decision {
	t := ticket.Ticket{ID: 123, Incident: 123, Kind: incident.KindLink, Addressee: incident.ToOperator, Operator: "un", Mode: m, Links: []int64{7}}
	return ticket.Start(t, facts(m), policy(), start)
}

// talk follows one ticket through events, in tests that care for the outcome.
type talk struct {
	*testing.T
	ticket.Ticket
	mode ticket.Mode // of the operator at this moment
}

func open(t *testing.T, m ticket.Mode) *talk {
	t.Helper()
	return &talk{T: t, Ticket: opened(m).Ticket, mode: m}
}

func (k *talk) next(number int) ticket.Turn {
	k.Helper()
	d, turn, err := ticket.Next(k.Ticket, number, modes(k.mode))
	if err != nil {
		k.Fatal(err)
	}
	k.Ticket = d.Ticket
	return turn
}

func (k *talk) settle(number int, turn ticket.Turn, o ticket.OutcomeKind, now time.Time) ticket.Decision {
	k.Helper()
	a := ticket.Attempt{Number: number, Turn: turn, Outcome: ticket.Outcome{Kind: o, Proof: "250 OK", Problem: "problem"}}
	if o == ticket.Done {
		a.Outcome.Problem = ""
	}
	d, err := ticket.Settle(k.Ticket, a, policy(), now)
	if err != nil {
		k.Fatal(err)
	}
	k.Ticket = d.Ticket
	return d
}

// carry takes a message through one attempt.
func (k *talk) carry(number int, o ticket.OutcomeKind, now time.Time) ticket.Decision {
	k.Helper()
	turn := k.next(number)
	if turn != ticket.Go && turn != ticket.Again {
		k.Fatalf("message %d gets turn %d, want to be carried", number, turn)
	}
	return k.settle(number, turn, o, now)
}

func (k *talk) resolve(now time.Time) ticket.Decision {
	d := ticket.Resolve(k.Ticket, facts(k.mode), now.Add(-10*time.Minute), policy(), now)
	k.Ticket = d.Ticket
	return d
}

func (k *talk) reopen(now time.Time) ticket.Decision {
	f := facts(k.mode)
	f.Since = now.Add(-5 * time.Minute)
	d := ticket.Reopen(k.Ticket, f, policy(), now)
	k.Ticket = d.Ticket
	return d
}

func (k *talk) join(now time.Time) ticket.Decision {
	d := ticket.Join(k.Ticket, []int64{8}, facts(k.mode), policy(), now)
	k.Ticket = d.Ticket
	return d
}

func (k *talk) escalate(period int, now time.Time) ticket.Decision {
	d := ticket.Escalate(k.Ticket, ticket.Remind{Ticket: k.ID, Period: period}, facts(k.mode), policy(), now)
	k.Ticket = d.Ticket
	return d
}

func (k *talk) acknowledge(reference string, when, now time.Time) error {
	d, err := ticket.Acknowledge(k.Ticket, ticket.Ack{Reference: reference, At: when, By: 4}, now)
	if err == nil {
		k.Ticket = d.Ticket
	}
	return err
}

// states writes kind and state of each message: "open sent".
func states(t ticket.Ticket) []string {
	out := []string{}
	for _, m := range t.Messages {
		out = append(out, string(m.Kind)+" "+string(m.State))
	}
	return out
}

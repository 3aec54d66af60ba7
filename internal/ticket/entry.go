package ticket

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"vigie/internal/journal"
	"vigie/internal/sla"
)

// Entry is the decision as the ticket's chain keeps it: the reason, the state of
// the ticket and of each message, without the texts.
func (d Decision) Entry(actor string, now time.Time) (journal.Entry, error) {
	type said struct {
		Number  int          `json:"number"`
		Kind    MessageKind  `json:"kind"`
		State   MessageState `json:"state"`
		Proof   string       `json:"proof,omitempty"`
		Problem string       `json:"problem,omitempty"`
	}
	// The words of the operator's people may name persons: the chain keeps their hash.
	type heard struct {
		Kind   RemarkKind `json:"kind"`
		SaidAt time.Time  `json:"saidAt,omitzero"`
		Status Word       `json:"status,omitempty"`
		Hash   string     `json:"hash"`
	}
	type gel struct {
		From      time.Time `json:"from"`
		To        time.Time `json:"to,omitzero"`
		Cause     sla.Cause `json:"cause"`
		Declared  string    `json:"declaredBy"`
		Accepted  bool      `json:"accepted"`
		DecidedAt time.Time `json:"decidedAt,omitzero"`
	}
	body := struct {
		Ticket   string   `json:"ticket"`
		Incident int64    `json:"incident"`
		Status   Status   `json:"status"`
		Links    []int64  `json:"links"`
		Periods  []Period `json:"periods"`
		Messages []said   `json:"messages"`
		Heard    []heard  `json:"heard,omitempty"`
		Gels     []gel    `json:"gels,omitempty"`
	}{d.Ticket.Number, d.Ticket.Incident, d.Ticket.Status, d.Ticket.Links, d.Ticket.Periods, nil, nil, nil}
	for _, m := range d.Ticket.Messages {
		body.Messages = append(body.Messages, said{m.Number, m.Kind, m.State, m.Proof, m.Problem})
	}
	for _, r := range d.Said {
		sum := sha256.Sum256([]byte(r.Author + "\x00" + r.Text))
		body.Heard = append(body.Heard, heard{r.Kind, r.SaidAt, r.Status, hex.EncodeToString(sum[:])})
	}
	for _, g := range d.Ticket.Gels {
		body.Gels = append(body.Gels, gel{g.From, g.To, g.Cause, g.DeclaredBy, g.Accepted, g.DecidedAt})
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return journal.Entry{}, fmt.Errorf("write the journal entry of ticket %s: %w", d.Ticket.Number, err)
	}
	return journal.Entry{
		Chain: journal.Chain{Kind: "ticket", ID: strconv.FormatInt(d.Ticket.ID, 10)},
		At:    now, Actor: actor, Action: "ticket." + string(d.Reason), Body: raw,
	}, nil
}

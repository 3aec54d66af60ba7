package ticket

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"vigie/internal/journal"
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
	body := struct {
		Ticket   string   `json:"ticket"`
		Incident int64    `json:"incident"`
		Status   Status   `json:"status"`
		Links    []int64  `json:"links"`
		Periods  []Period `json:"periods"`
		Messages []said   `json:"messages"`
	}{d.Ticket.Number, d.Ticket.Incident, d.Ticket.Status, d.Ticket.Links, d.Ticket.Periods, nil}
	for _, m := range d.Ticket.Messages {
		body.Messages = append(body.Messages, said{m.Number, m.Kind, m.State, m.Proof, m.Problem})
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

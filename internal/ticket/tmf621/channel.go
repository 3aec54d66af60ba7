package tmf621

import (
	"context"
	"fmt"

	"vigie/internal/ticket"
)

// Channel is ticket.API over a client.
type Channel struct{ client *Client }

// NewChannel returns the channel of a client.
func NewChannel(c *Client) Channel { return Channel{c} }

// Send delivers the letter. GiveUp is also a letter that lacks its key or number.
func (c Channel) Send(ctx context.Context, l ticket.Letter) ticket.Outcome {
	if l.Key == "" || l.Number < 1 {
		return ticket.Outcome{Kind: ticket.GiveUp, Problem: fmt.Sprintf("a letter of key %q and number %d: expected both", l.Key, l.Number)}
	}
	return c.client.Deliver(ctx, Message{
		Key: l.Key, Number: l.Number, Kind: l.Kind, Subject: l.Subject, Body: l.Body, At: l.Date,
		Services: l.Services, RequestedAt: l.RequestedAt, RestoredAt: l.RestoredAt,
	})
}

// Told reads the ticket in which the conversation goes on. That the operator has
// none is an error.
func (c Channel) Told(ctx context.Context, q ticket.Question) (ticket.Told, error) {
	ctx, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	f, ok, err := c.client.latest(ctx, Message{Key: q.Key, Number: q.Messages})
	if err == nil && !ok {
		err = fmt.Errorf("the operator has no ticket of external id %s", q.Key)
	}
	if err != nil {
		return ticket.Told{}, err
	}
	told := ticket.Told{
		Reference: f.ID, Status: ticket.Word(f.Status), Raw: f.Raw, Reason: f.Reason, ChangedAt: f.ChangedAt,
		Acknowledged: f.Acknowledged, AcknowledgedAt: f.AcknowledgedAt,
		Resolved: f.Resolved, ResolvedAt: f.ResolvedAt, ExpectedAt: f.ExpectedAt,
	}
	for _, n := range f.Notes {
		told.Notes = append(told.Notes, ticket.Note(n))
	}
	return told, nil
}

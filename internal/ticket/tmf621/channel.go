package tmf621

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"vigie/internal/ticket"
)

// Channel is ticket.Channel over a client. A letter says less than a message: its
// first of a conversation opens, any other is written into the journal of the
// operator's ticket, and the status stays the operator's.
type Channel struct{ client *Client }

// NewChannel returns the channel of a client.
func NewChannel(c *Client) Channel { return Channel{c} }

// Send delivers the letter. GiveUp is also a letter whose Message-ID is not one
// of ours.
func (c Channel) Send(ctx context.Context, l ticket.Letter) ticket.Outcome {
	key, number, err := parseMessageID(l.MessageID)
	if err != nil {
		return ticket.Outcome{Kind: ticket.GiveUp, Problem: err.Error()}
	}
	m := Message{Key: key, Number: number, Kind: ticket.JoinMessage, Subject: l.Subject, Body: l.Body, At: l.Date}
	if l.References == "" {
		m.Kind = ticket.OpenMessage
	}
	return c.client.Deliver(ctx, m)
}

// parseMessageID reads <VIGIE-2026-000123.2@domain>: the ticket's number and the
// message's.
func parseMessageID(id string) (key string, number int, err error) {
	local, _, at := strings.Cut(strings.TrimPrefix(id, "<"), "@")
	key, digits, dot := strings.Cut(local, ".")
	number, wrong := strconv.Atoi(digits)
	if !at || !dot || key == "" || wrong != nil || number < 1 {
		return "", 0, fmt.Errorf("Message-ID %q: want <number of the ticket.number of the message@domain>", id)
	}
	return key, number, nil
}

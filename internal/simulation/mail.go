package main

import (
	"context"
	"time"

	"vigie/internal/ticket"
)

// mailbox is what the mail server took.
type mailbox struct {
	taken   []ticket.Letter
	refused map[string]bool // for good, by Message-ID
}

// channel is the way to the mail server, of one core.
type channel struct{ *core }

// Send is a conversation with the server, which may end at any moment. While it lasts
// others work.
func (c channel) Send(_ context.Context, l ticket.Letter) ticket.Outcome {
	switch c.strike(6, killCore, mailRefused, mailBroken, mailBounced, jobAside) {
	case killCore:
		c.kill()
	case mailRefused:
		return ticket.Outcome{Kind: ticket.Retry, Problem: "451 try again later"}
	case mailBroken:
		return ticket.Outcome{Kind: ticket.Unsure, Problem: "the connection broke"}
	case mailBounced:
		c.mail.refused[l.MessageID] = true
		return ticket.Outcome{Kind: ticket.GiveUp, Problem: "550 no such user"}
	case jobAside:
		c.aside()
	}
	if c.knownSent(l) {
		c.violate("letter %s leaves again, and is known to have been taken", l.MessageID)
	}
	c.mail.taken = append(c.mail.taken, l)
	switch c.strike(6, killCore, mailUnsure, jobAside) {
	case killCore:
		c.kill()
	case mailUnsure:
		return ticket.Outcome{Kind: ticket.Unsure, Problem: "the connection broke before the answer"}
	case jobAside:
		c.aside()
	}
	return ticket.Outcome{Kind: ticket.Done, Proof: "250 2.0.0 OK"}
}

// aside lets the others work on for some seconds while a letter leaves.
func (c channel) aside() {
	if c.nested {
		return
	}
	life := c.life
	c.nested = true
	c.until(c.now.Add(c.faults.length(100*time.Millisecond, 12*time.Second)))
	c.nested = false
	if c.life != life {
		panic(death{c.core})
	}
}

// knownSent reports whether the database says that a letter was taken.
func (c channel) knownSent(l ticket.Letter) bool {
	m, isModel := c.db.(*memory)
	if !isModel {
		return false
	}
	for _, t := range m.tickets {
		for _, g := range t.Messages {
			if g.MessageID == l.MessageID && g.State == ticket.Sent {
				return true
			}
		}
	}
	return false
}

package tmf621

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"vigie/internal/ticket"
)

// Message is something to say to the operator about one incident.
type Message struct {
	Key         string // number of our ticket: the externalId of the operator's
	Number      int    // of the message within the ticket, from 1
	Kind        ticket.MessageKind
	Subject     string
	Body        string
	At          time.Time
	Services    []string  // references of the links that it is about
	RequestedAt time.Time // end of the contractual time to restore; zero when there is none
	RestoredAt  time.Time // with a resolution: when the service was measured to be back; zero when not said
}

// id names the message for ever.
func (m Message) id() string { return fmt.Sprintf("%s.%d", m.Key, m.Number) }

// mark begins the note of the message, and tells that it is there already.
func (m Message) mark() string { return "[" + m.id() + "]" }

// fresh reports whether the message begins an absence of the service.
func (m Message) fresh() bool { return m.Kind == ticket.OpenMessage || m.Kind == ticket.ReopenMessage }

// Deliver says the message to the operator, within 15 s and while ctx lasts, and
// may be called again with the same one: what the operator holds already is not
// said twice. An opening becomes a ticket, unless one bears our key; any other
// message becomes a note, with the links that it adds and the status that the
// interface's transitions allow. A re-opening of a ticket that is over becomes a
// ticket of its own, tied to the former.
//
// Retry is an operator that is away or that refuses us rather than the message;
// Unsure is a lost or doubtful answer after which a search did not find the
// message; GiveUp is a message that the operator refuses, or a follow-up to a
// ticket that it does not have.
func (c *Client) Deliver(ctx context.Context, m Message) ticket.Outcome {
	ctx, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	f, ok, err := c.latest(ctx, m)
	switch {
	case err != nil:
		return ticket.Outcome{Kind: ticket.Retry, Problem: err.Error()}
	case !ok && m.fresh():
		return c.open(ctx, m, m.Key, nil)
	case !ok:
		return ticket.Outcome{Kind: ticket.GiveUp, Problem: "the operator has no ticket of external id " + m.Key}
	case f.holds(m) || m.Number == 1:
		return held(f)
	case f.Over() && m.fresh():
		return c.open(ctx, m, m.id(), []relation{{ID: f.ID, Type: "reopens"}})
	}
	return c.follow(ctx, f.ID, m)
}

// latest finds the ticket that the conversation goes on in: the first, or the
// last of those that followed it once it was over.
func (c *Client) latest(ctx context.Context, m Message) (found, bool, error) {
	first, ok, err := c.find(ctx, m.Key)
	if err != nil || !ok || !first.Over() {
		return first, ok, err
	}
	for ; m.Number > 1; m.Number-- {
		if f, ok, err := c.find(ctx, m.id()); ok || err != nil {
			return f, ok, err
		}
	}
	return first, true, nil
}

// holds reports whether the message is among the notes.
func (f found) holds(m Message) bool {
	return slices.ContainsFunc(f.Notes, func(n Note) bool { return strings.Contains(n.Text, m.mark()) })
}

func held(f found) ticket.Outcome {
	return ticket.Outcome{Kind: ticket.Done, Proof: "found in " + f.ID}
}

// creation is TroubleTicket_Create, as far as we fill it.
type creation struct {
	ExternalID              string     `json:"externalId"`
	Name                    string     `json:"name,omitempty"`
	Description             string     `json:"description"`
	Severity                string     `json:"severity"`
	TicketType              string     `json:"ticketType"`
	RequestedResolutionDate time.Time  `json:"requestedResolutionDate,omitzero"`
	RelatedEntity           []entity   `json:"relatedEntity,omitempty"`
	RelatedParty            []entity   `json:"relatedParty,omitempty"`
	Note                    []note     `json:"note"`
	Relationship            []relation `json:"troubleTicketRelationship,omitempty"`
}

// entity is a RelatedEntity or a RelatedParty.
type entity struct {
	ID           string `json:"id"`
	Name         string `json:"name,omitempty"`
	Role         string `json:"role"`
	ReferredType string `json:"@referredType"`
}

type note struct {
	Author string    `json:"author"`
	Date   time.Time `json:"date"`
	Text   string    `json:"text"`
}

type relation struct {
	ID   string `json:"id"`
	Type string `json:"relationshipType"`
}

func impacted(ref string) entity {
	return entity{ID: ref, Role: "impactedService", ReferredType: "Service"}
}

// noteOf writes a message into the journal of a ticket.
func noteOf(m Message, text string) note {
	return note{Author: "Vigie", Date: m.At.UTC().Truncate(time.Second), Text: m.mark() + " " + text}
}

// open posts a ticket that bears a key, after a search has not found one. When
// the answer leaves doubt, a second search decides.
func (c *Client) open(ctx context.Context, m Message, key string, reopens []relation) ticket.Outcome {
	n := creation{
		ExternalID: key, Name: m.Subject, Description: m.Body, Severity: c.opts.Severity, TicketType: c.opts.TicketType,
		RequestedResolutionDate: m.RequestedAt.UTC(), Note: []note{noteOf(m, m.Subject)}, Relationship: reopens,
	}
	for _, ref := range m.Services {
		n.RelatedEntity = append(n.RelatedEntity, impacted(ref))
	}
	if us := c.opts.Customer; us.ID != "" {
		n.RelatedParty = []entity{{ID: us.ID, Name: us.Name, Role: "customer", ReferredType: "Organization"}}
	}
	body, err := marshal(n)
	if err != nil {
		return ticket.Outcome{Kind: ticket.GiveUp, Problem: err.Error()}
	}
	f, err := c.ticket(ctx, call{method: http.MethodPost, path: "/troubleTicket", body: body})
	if err == nil {
		return ticket.Outcome{Kind: ticket.Done, Proof: "created " + f.ID}
	}
	o := ticket.Outcome{Kind: verdict(err), Problem: err.Error()}
	if o.Kind != ticket.Unsure {
		return o
	}
	if f, ok, err := c.find(ctx, key); err == nil && ok {
		return held(f)
	}
	return o
}

// verdict reads why a request was not answered as it should be.
func verdict(err error) ticket.OutcomeKind {
	var p *problem
	if !errors.As(err, &p) || !p.sent {
		return ticket.Retry
	}
	switch {
	case p.code == http.StatusBadRequest || p.code == http.StatusRequestEntityTooLarge || p.code == http.StatusUnprocessableEntity:
		return ticket.GiveUp
	case p.code == http.StatusRequestTimeout || p.code == http.StatusConflict:
		return ticket.Unsure
	case p.code >= 300 && p.code <= 499:
		return ticket.Retry // refused is what we are or where we ask, not what we say
	}
	return ticket.Unsure
}

// update is TroubleTicket_Update, as far as we fill it. An array replaces the
// operator's whole: it starts from what was read.
type update struct {
	Note               []json.RawMessage `json:"note,omitempty"`
	RelatedEntity      []json.RawMessage `json:"relatedEntity,omitempty"`
	Status             Status            `json:"status,omitempty"`
	StatusChangeReason string            `json:"statusChangeReason,omitempty"`
	ResolutionDate     time.Time         `json:"resolutionDate,omitzero"`
}

// rereads is how often a ticket is read again because the operator wrote in it
// meanwhile.
const rereads = 3

// follow adds the message to a ticket. An operator that keeps the status to
// itself gets the message without it.
func (c *Client) follow(ctx context.Context, id string, m Message) ticket.Outcome {
	var o ticket.Outcome
	for range rereads {
		f, err := c.get(ctx, id)
		if err != nil {
			return ticket.Outcome{Kind: ticket.Retry, Problem: err.Error()}
		}
		if f.holds(m) {
			return held(f)
		}
		u, err := f.updateFor(m)
		if err != nil {
			return ticket.Outcome{Kind: ticket.GiveUp, Problem: err.Error()}
		}
		err = c.patch(ctx, f, u)
		if u.Status != "" && refused(err) {
			u.Status, u.StatusChangeReason, u.ResolutionDate = "", "", time.Time{}
			err = c.patch(ctx, f, u)
		}
		if err == nil {
			return ticket.Outcome{Kind: ticket.Done, Proof: "written into " + id}
		}
		o = ticket.Outcome{Kind: verdict(err), Problem: err.Error()}
		switch {
		case codeOf(err) == http.StatusConflict:
			o.Kind = ticket.GiveUp // the ticket as it stands takes no such message
			return o
		case codeOf(err) != http.StatusPreconditionFailed:
			return o
		}
	}
	return o
}

// updateFor is what the message changes in a ticket.
func (f found) updateFor(m Message) (update, error) {
	u := update{Status: moveFor(m.Kind, f.Status)}
	said, err := marshal(noteOf(m, m.Subject+"\n\n"+m.Body))
	if err != nil {
		return update{}, err
	}
	u.Note = append(slices.Clone(f.notes), said)
	if u.Status != "" {
		u.StatusChangeReason = m.Subject
	}
	if u.Status == Resolved {
		u.ResolutionDate = m.RestoredAt.UTC()
	}
	for _, ref := range m.Services {
		if f.names(ref) {
			continue
		}
		if len(u.RelatedEntity) == 0 {
			u.RelatedEntity = slices.Clone(f.entities)
		}
		raw, err := marshal(impacted(ref))
		if err != nil {
			return update{}, err
		}
		u.RelatedEntity = append(u.RelatedEntity, raw)
	}
	return u, nil
}

// names reports whether the ticket is about the link already.
func (f found) names(ref string) bool {
	return slices.ContainsFunc(f.entities, func(raw json.RawMessage) bool {
		var e struct {
			ID text `json:"id"`
		}
		return json.Unmarshal(raw, &e) == nil && string(e.ID) == ref
	})
}

// moveFor is the status that a message leads to, "" when the transitions allow
// none from where the ticket stands: an operator that has not begun is told, and
// moves by itself.
func moveFor(kind ticket.MessageKind, from Status) Status {
	begun := from == InProgress || from == Pending || from == Held
	switch {
	case kind == ticket.ResolveMessage && begun:
		return Resolved
	case kind == ticket.ReopenMessage && from == Resolved:
		return InProgress
	}
	return ""
}

// patch sends what changes, provided that the ticket is still the one that was
// read, as far as the operator gives versions.
func (c *Client) patch(ctx context.Context, f found, u update) error {
	body, err := marshal(u)
	if err != nil {
		return err
	}
	_, err = c.ticket(ctx, call{method: http.MethodPatch, path: pathOf(f.ID), body: body, version: f.version})
	return err
}

// Close ends a ticket that the operator has resolved, so that it is not opened
// again. One that is over stays as it is; one that is not resolved is an error.
func (c *Client) Close(ctx context.Context, id, reason string) error {
	f, err := c.get(ctx, id)
	switch {
	case err == nil && f.Over():
		return nil
	case err == nil && f.Status != Resolved:
		err = fmt.Errorf("it is %q: only a resolved one is closed", f.Raw)
	case err == nil:
		err = c.patch(ctx, f, update{Status: Closed, StatusChangeReason: reason})
	}
	if err != nil {
		return fmt.Errorf("close ticket %s of the operator's: %w", id, err)
	}
	return nil
}

func codeOf(err error) int {
	var p *problem
	if errors.As(err, &p) {
		return p.code
	}
	return 0
}

// refused reports whether a request was refused for what it says.
func refused(err error) bool {
	return slices.Contains([]int{http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity}, codeOf(err))
}

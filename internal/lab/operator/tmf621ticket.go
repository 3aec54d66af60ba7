package operator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// TroubleTicket is the resource of that name, with the attributes that the
// server knows.
type TroubleTicket struct {
	ID                      string            `json:"id,omitempty"`
	Href                    string            `json:"href,omitempty"`
	ExternalID              string            `json:"externalId,omitempty"`
	Name                    string            `json:"name,omitempty"`
	Description             string            `json:"description,omitempty"`
	Severity                string            `json:"severity,omitempty"`
	Priority                string            `json:"priority,omitempty"`
	TicketType              string            `json:"ticketType,omitempty"`
	Status                  string            `json:"status,omitempty"`
	StatusChangeReason      string            `json:"statusChangeReason,omitempty"`
	StatusChangeDate        time.Time         `json:"statusChangeDate,omitzero"`
	StatusChange            []StatusChange    `json:"statusChange,omitempty"`
	CreationDate            time.Time         `json:"creationDate,omitzero"`
	LastUpdate              time.Time         `json:"lastUpdate,omitzero"`
	RequestedResolutionDate time.Time         `json:"requestedResolutionDate,omitzero"`
	ExpectedResolutionDate  time.Time         `json:"expectedResolutionDate,omitzero"`
	ResolutionDate          time.Time         `json:"resolutionDate,omitzero"`
	Note                    []TicketNote      `json:"note,omitempty"`
	RelatedEntity           []TicketReference `json:"relatedEntity,omitempty"`
	RelatedParty            []TicketReference `json:"relatedParty,omitempty"`
	Relationship            []TicketRelation  `json:"troubleTicketRelationship,omitempty"`
}

// StatusChange is one line of a ticket's history.
type StatusChange struct {
	Status       string    `json:"status"`
	ChangeReason string    `json:"changeReason,omitempty"`
	ChangeDate   time.Time `json:"changeDate"`
}

// TicketNote is one entry of a ticket's journal.
type TicketNote struct {
	ID     string    `json:"id,omitempty"`
	Author string    `json:"author,omitempty"`
	Date   time.Time `json:"date,omitzero"`
	Text   string    `json:"text,omitempty"`
}

// TicketReference is a RelatedEntity or a RelatedParty.
type TicketReference struct {
	ID           string `json:"id"`
	Name         string `json:"name,omitempty"`
	Role         string `json:"role,omitempty"`
	ReferredType string `json:"@referredType"`
}

// TicketRelation is a TroubleTicketRelationship.
type TicketRelation struct {
	ID   string `json:"id"`
	Type string `json:"relationshipType"`
}

// TicketStep is something that the operator does with a ticket. A ticket goes
// from nothing to acknowledged or rejected, then
//
//	acknowledged -> inProgress, rejected, pending, held, cancelled
//	inProgress  <-> pending, held
//	inProgress, pending, held -> resolved, cancelled
//	resolved     -> closed, inProgress
type TicketStep struct {
	After    time.Duration // since the step before
	Status   string        // to move to; "" stays
	Reason   string        // of the move
	Note     string        // added to the journal; "" adds none
	Promised time.Duration // sets the expected resolution so far ahead; 0 leaves it
	Restored time.Duration // with resolved: claims that the service was back so long before
}

const operatorName = "Opérateur (simulé)"

// apply returns the ticket after the step.
func (step TicketStep) apply(t TroubleTicket, now time.Time) (TroubleTicket, error) {
	if step.Status != "" {
		if err := mayMove(t.Status, step.Status); err != nil {
			return TroubleTicket{}, err
		}
		t = t.moved(step.Status, step.Reason, now)
		if step.Status == "resolved" {
			t.ResolutionDate = now.Add(-step.Restored)
		}
	}
	if step.Note != "" {
		t.Note = append(slices.Clone(t.Note), TicketNote{Author: operatorName, Date: now, Text: step.Note})
	}
	if step.Promised != 0 {
		t.ExpectedResolutionDate = now.Add(step.Promised)
	}
	return t, nil
}

var transitions = map[string][]string{
	"":             {"acknowledged", "rejected"},
	"acknowledged": {"inProgress", "rejected", "pending", "held", "cancelled"},
	"inProgress":   {"pending", "held", "resolved", "cancelled"},
	"pending":      {"inProgress", "resolved", "cancelled"},
	"held":         {"inProgress", "resolved", "cancelled"},
	"resolved":     {"closed", "inProgress"},
	"rejected":     nil,
	"cancelled":    nil,
	"closed":       nil,
}

func mayMove(from, to string) error {
	if _, known := transitions[to]; !known || to == "" {
		return refusal{http.StatusBadRequest, fmt.Sprintf("status %q is none of the interface's", to)}
	}
	if !slices.Contains(transitions[from], to) {
		return refusal{http.StatusConflict, fmt.Sprintf("a ticket goes from status %q to %q, not to %q", from, transitions[from], to)}
	}
	return nil
}

// moved returns the ticket with another status and one more line of history.
func (t TroubleTicket) moved(to, reason string, now time.Time) TroubleTicket {
	t.Status, t.StatusChangeReason, t.StatusChangeDate = to, reason, now
	t.StatusChange = append(slices.Clone(t.StatusChange), StatusChange{to, reason, now})
	return t
}

// check refuses what the interface does: mandatory attributes that are missing,
// and references that say too little.
func (t TroubleTicket) check() error {
	for name, value := range map[string]string{"description": t.Description, "severity": t.Severity, "ticketType": t.TicketType} {
		if value == "" {
			return refusal{http.StatusBadRequest, name + " is missing"}
		}
	}
	for _, e := range t.RelatedEntity {
		if e.ID == "" || e.Role == "" || e.ReferredType == "" {
			return refusal{http.StatusBadRequest, "a relatedEntity lacks its id, role or @referredType"}
		}
	}
	for _, p := range t.RelatedParty {
		if p.ID == "" || p.ReferredType == "" {
			return refusal{http.StatusBadRequest, "a relatedParty lacks its id or @referredType"}
		}
	}
	return nil
}

// The attributes that a client may set, of those that the server keeps.
var (
	patchable = []string{
		"description", "expectedResolutionDate", "externalId", "name", "note", "priority", "relatedEntity",
		"relatedParty", "requestedResolutionDate", "resolutionDate", "severity", "status", "statusChangeReason",
		"ticketType", "troubleTicketRelationship",
	}
	creatable = append([]string{"creationDate", "lastUpdate", "statusChange", "statusChangeDate"}, patchable...)
)

// readNew reads the body of a POST.
func readNew(body []byte) (TroubleTicket, error) {
	t, err := merge(TroubleTicket{}, body, creatable)
	if err != nil {
		return TroubleTicket{}, err
	}
	if t.Status != "" {
		if _, known := transitions[t.Status]; !known {
			return TroubleTicket{}, refusal{http.StatusBadRequest, fmt.Sprintf("status %q is none of the interface's", t.Status)}
		}
	}
	return t, t.check()
}

// patch applies a JSON merge patch (RFC 7396): an attribute is replaced whole,
// an array as well, and null removes it.
func patch(t TroubleTicket, body []byte, now time.Time) (TroubleTicket, error) {
	after, err := merge(t, body, patchable)
	if err != nil {
		return TroubleTicket{}, err
	}
	if after.Status != t.Status {
		if err := mayMove(t.Status, after.Status); err != nil {
			return TroubleTicket{}, err
		}
		after = after.moved(after.Status, after.StatusChangeReason, now)
		if after.Status == "resolved" && after.ResolutionDate.IsZero() {
			after.ResolutionDate = now
		}
	}
	return after, after.check()
}

func merge(t TroubleTicket, body []byte, settable []string) (TroubleTicket, error) {
	bad := func(err error) error { return refusal{http.StatusBadRequest, "the body: " + err.Error()} }
	var changes, whole map[string]json.RawMessage
	if err := json.Unmarshal(body, &changes); err != nil {
		return TroubleTicket{}, bad(err)
	}
	content, err := json.Marshal(t)
	if err != nil {
		return TroubleTicket{}, err
	}
	if err := json.Unmarshal(content, &whole); err != nil {
		return TroubleTicket{}, err
	}
	for name, value := range changes {
		if !slices.Contains(settable, name) {
			return TroubleTicket{}, refusal{http.StatusBadRequest, fmt.Sprintf("attribute %q is unknown or not yours to set", name)}
		}
		if whole[name] = value; string(value) == "null" {
			delete(whole, name)
		}
	}
	if content, err = json.Marshal(whole); err != nil {
		return TroubleTicket{}, err
	}
	var after TroubleTicket
	if err := unmarshal(content, &after); err != nil {
		return TroubleTicket{}, bad(err)
	}
	return after, nil
}

// numbered gives ids and dates to the notes that have none.
func numbered(notes []TicketNote, now time.Time) []TicketNote {
	notes = slices.Clone(notes)
	last := 0
	for _, n := range notes {
		if number, err := strconv.Atoi(n.ID); err == nil {
			last = max(last, number)
		}
	}
	for i := range notes {
		if notes[i].ID == "" {
			last++
			notes[i].ID = strconv.Itoa(last)
		}
		if notes[i].Date.IsZero() {
			notes[i].Date = now
		}
	}
	return notes
}

// unmarshal reads one JSON value and refuses attributes that it does not know.
func unmarshal(content []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("something follows the value")
	}
	return nil
}

func marshal(value any) ([]byte, error) { return json.MarshalIndent(value, "", "  ") }

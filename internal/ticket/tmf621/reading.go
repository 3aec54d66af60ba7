package tmf621

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Status is where the operator's ticket stands.
type Status string

// The statuses of the interface, and Open for any other word or none.
const (
	Open         Status = "open"
	Acknowledged Status = "acknowledged"
	Rejected     Status = "rejected"
	Pending      Status = "pending" // the operator waits for us
	Held         Status = "held"    // the operator waits for another
	InProgress   Status = "inProgress"
	Cancelled    Status = "cancelled"
	Closed       Status = "closed"
	Resolved     Status = "resolved"
)

var statuses = []Status{Acknowledged, Rejected, Pending, Held, InProgress, Cancelled, Closed, Resolved}

// Reading is the operator's ticket as the operator tells it: claims, not
// measurements. A time that was not said, or not in a form that can be read, is
// zero.
type Reading struct {
	ID             string // the operator's reference: one line of 100 characters at most
	ExternalID     string // our key
	Status         Status
	Raw            string // the operator's word for the status, 200 characters at most
	Reason         string // of the last change of status, 200 characters at most
	ChangedAt      time.Time
	Acknowledged   bool // somebody took the ticket, now or earlier
	AcknowledgedAt time.Time
	Resolved       bool      // resolved or closed
	ResolvedAt     time.Time // when the service is said to have been back
	ExpectedAt     time.Time // when it is promised
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Notes          []Note
}

// Over reports whether the operator takes nothing more on the ticket.
func (r Reading) Over() bool {
	return r.Status == Closed || r.Status == Cancelled || r.Status == Rejected
}

// Note is one entry of the ticket's journal, ours or the operator's.
type Note struct {
	Author string
	At     time.Time
	Text   string
}

// found is a ticket as it was read, with what has to go back as it came.
type found struct {
	Reading
	version  string // entity tag, "" when none was given
	notes    []json.RawMessage
	entities []json.RawMessage
}

// wire are the attributes that are read, all of them forgiving.
type wire struct {
	ID                     text   `json:"id"`
	ExternalID             text   `json:"externalId"`
	Status                 text   `json:"status"`
	StatusChangeReason     text   `json:"statusChangeReason"`
	StatusChangeDate       moment `json:"statusChangeDate"`
	CreationDate           moment `json:"creationDate"`
	LastUpdate             moment `json:"lastUpdate"`
	ExpectedResolutionDate moment `json:"expectedResolutionDate"`
	ResolutionDate         moment `json:"resolutionDate"`
	StatusChange           list   `json:"statusChange"`
	Note                   list   `json:"note"`
	RelatedEntity          list   `json:"relatedEntity"`
}

// maxReference is what a ticket keeps of an operator's reference, in characters.
const maxReference = 100

// readTicket reads a ticket. The reference is the only thing that it must have.
func readTicket(body []byte) (found, error) {
	var w wire
	if err := decode(body, &w); err != nil {
		return found{}, err
	}
	id := strings.TrimSpace(string(w.ID))
	invisible := func(r rune) bool { return !unicode.IsGraphic(r) }
	if id == "" || id == "." || id == ".." || utf8.RuneCountInString(id) > maxReference || strings.ContainsFunc(id, invisible) {
		return found{}, fmt.Errorf("a ticket whose id is %.40q: want one line of %d characters at most", id, maxReference)
	}
	f := found{notes: w.Note, entities: w.RelatedEntity}
	f.Reading = Reading{
		ID: id, ExternalID: string(w.ExternalID), Raw: clip(w.Status), Status: statusOf(string(w.Status)),
		Reason: clip(w.StatusChangeReason), ChangedAt: time.Time(w.StatusChangeDate), ResolvedAt: time.Time(w.ResolutionDate), ExpectedAt: time.Time(w.ExpectedResolutionDate),
		CreatedAt: time.Time(w.CreationDate), UpdatedAt: time.Time(w.LastUpdate),
	}
	for _, raw := range w.Note {
		f.Notes = append(f.Notes, readNote(raw))
	}
	f.history(append(changesOf(w.StatusChange), change{f.Status, time.Time(w.StatusChangeDate)}))
	return f, nil
}

// maxWords is what is kept of a status and of a reason, in characters.
const maxWords = 200

func clip(t text) string {
	runes := []rune(strings.TrimSpace(string(t)))
	return string(runes[:min(len(runes), maxWords)])
}

// history draws from the changes of status, the present one last, when the
// ticket was taken and when it was resolved.
func (f *found) history(changes []change) {
	f.Resolved = f.Status == Resolved || f.Status == Closed
	var resolved time.Time
	for _, c := range changes {
		taken := slices.Contains([]Status{Acknowledged, Pending, Held, InProgress, Resolved, Closed}, c.to)
		if taken {
			f.Acknowledged = true
		}
		if taken && !c.at.IsZero() && (f.AcknowledgedAt.IsZero() || c.at.Before(f.AcknowledgedAt)) {
			f.AcknowledgedAt = c.at
		}
		if c.to == Resolved && c.at.After(resolved) {
			resolved = c.at
		}
	}
	switch {
	case !f.Resolved:
		f.ResolvedAt = time.Time{} // left over from before a re-opening, or a plan
	case f.ResolvedAt.IsZero():
		f.ResolvedAt = resolved
	}
}

// change is one line of a ticket's history.
type change struct {
	to Status
	at time.Time
}

func changesOf(l list) []change {
	var changes []change
	for _, raw := range l {
		var c struct {
			Status     text   `json:"status"`
			ChangeDate moment `json:"changeDate"`
		}
		if json.Unmarshal(raw, &c) == nil {
			changes = append(changes, change{statusOf(string(c.Status)), time.Time(c.ChangeDate)})
		}
	}
	return changes
}

// readNote reads a note, which some systems write as a bare text.
func readNote(raw json.RawMessage) Note {
	var n struct {
		Author text   `json:"author"`
		Date   moment `json:"date"`
		Text   text   `json:"text"`
	}
	if json.Unmarshal(raw, &n) != nil {
		_ = json.Unmarshal(raw, &n.Text) // a text takes whatever comes
	}
	return Note{Author: string(n.Author), At: time.Time(n.Date), Text: string(n.Text)}
}

// readTickets reads the answer to a search: a list, or one ticket alone.
func readTickets(body []byte) ([]found, error) {
	var l list
	if err := decode(body, &l); err != nil {
		return nil, err
	}
	all := make([]found, len(l))
	for i, raw := range l {
		var err error
		if all[i], err = readTicket(raw); err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	return all, nil
}

// statusOf maps the operator's word, whatever its case and separators.
func statusOf(word string) Status {
	for _, s := range statuses {
		if strings.EqualFold(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(word), string(s)) {
			return s
		}
	}
	return Open
}

// decode reads JSON that is an object or an array, and says what it is otherwise.
func decode(body []byte, into any) error {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	switch {
	case len(body) == 0:
		return errors.New("nothing in it")
	case body[0] == '<':
		return fmt.Errorf("a page %.80q instead of JSON", titleOf(body))
	case body[0] != '{' && body[0] != '[':
		return fmt.Errorf("%.40q instead of a ticket", body)
	}
	return json.Unmarshal(body, into)
}

// titleOf returns the title of an HTML page, or its beginning.
func titleOf(page []byte) string {
	lower := bytes.ToLower(page)
	from := bytes.Index(lower, []byte("<title>"))
	if from < 0 || len(lower) != len(page) {
		return string(page[:min(80, len(page))])
	}
	page = page[from+len("<title>"):]
	title, _, _ := bytes.Cut(page, []byte("<"))
	return strings.TrimSpace(string(title))
}

// reasonIn returns what an Error of the interface says, with a colon before it,
// or how the page that came instead is called.
func reasonIn(body []byte) string {
	var e struct {
		Reason  text `json:"reason"`
		Message text `json:"message"`
	}
	err := decode(body, &e)
	switch {
	case len(body) == 0:
		return ""
	case err != nil:
		return fmt.Sprintf(", with %v", err)
	}
	return strings.TrimRight(fmt.Sprintf(": %s: %s", e.Reason, e.Message), ": ")
}

// text is a string, or a number or boolean in its place; anything else is "".
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(raw []byte) error {
	*t = ""
	switch raw[0] {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err == nil {
			*t = text(s)
		}
	case '{', '[', 'n':
	default:
		*t = text(raw)
	}
	return nil
}

// moment is a date-time of RFC 3339, or one of its neighbours; a time without a
// zone is read as UTC. Anything else is zero.
type moment time.Time

var layouts = []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00"}

// UnmarshalJSON never fails.
func (m *moment) UnmarshalJSON(raw []byte) error {
	*m = moment{}
	var t text
	_ = t.UnmarshalJSON(raw) // never fails
	for _, layout := range layouts {
		if at, err := time.Parse(layout, strings.TrimSpace(string(t))); err == nil {
			*m = moment(at.UTC())
			break
		}
	}
	return nil
}

// list is an array, or its only item in its place; anything else is empty.
type list []json.RawMessage

// UnmarshalJSON never fails.
func (l *list) UnmarshalJSON(raw []byte) error {
	*l = nil
	switch raw[0] {
	case '[':
		return json.Unmarshal(raw, (*[]json.RawMessage)(l))
	case '{':
		*l = list{bytes.Clone(raw)}
	}
	return nil
}

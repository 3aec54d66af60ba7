package operator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// EventBehaviour is how a ticket server tells its events. The zero value tells
// each once and in order.
type EventBehaviour struct {
	Twice    bool // each event is told twice, under the same id
	Backward bool // each event is held back until the next one has been told
}

// Spread changes how the next events are told.
func (s *TicketServer) Spread(b EventBehaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spread = b
}

// subscription is a registration at the hub.
type subscription struct {
	ID       string `json:"id"`
	Callback string `json:"callback"`
	Query    string `json:"query,omitempty"` // kept, not applied
}

// ticketEvent is what a listener gets. The word timeOcurred is misspelt so in
// the description of v4.
type ticketEvent struct {
	EventID     string      `json:"eventId"`
	EventTime   time.Time   `json:"eventTime"`
	EventType   string      `json:"eventType"`
	TimeOcurred time.Time   `json:"timeOcurred"`
	FieldPath   string      `json:"fieldPath,omitempty"`
	Event       eventTicket `json:"event"`
}

type eventTicket struct {
	TroubleTicket TroubleTicket `json:"troubleTicket"`
}

// publish queues the events of a change for those who subscribed.
func (s *TicketServer) publish(before, after TroubleTicket, now time.Time) {
	if len(s.subscriptions) == 0 {
		return
	}
	for _, e := range eventsOf(before, after) {
		s.eventsSaid++
		e.EventID = fmt.Sprintf("%s-%d", after.ID, s.eventsSaid)
		e.EventTime, e.TimeOcurred, e.Event.TroubleTicket = now, now, after
		select {
		case s.events <- e:
		default:
			s.options.Log.Warn("an event of the operator's was lost: too many wait", "ticket", after.ID, "event", e.EventType)
		}
	}
}

// eventsOf says what happened between two versions of a ticket; a first version
// has none before it.
func eventsOf(before, after TroubleTicket) []ticketEvent {
	if before.ID == "" {
		return []ticketEvent{{EventType: "TroubleTicketCreateEvent"}}
	}
	var events []ticketEvent
	if changed := changedFields(before, after); len(changed) > 0 {
		events = append(events, ticketEvent{EventType: "TroubleTicketAttributeValueChangeEvent", FieldPath: strings.Join(changed, ",")})
	}
	if before.Status == after.Status {
		return events
	}
	events = append(events, ticketEvent{EventType: "TroubleTicketStatusChangeEvent"})
	switch after.Status {
	case "resolved":
		events = append(events, ticketEvent{EventType: "TroubleTicketResolvedEvent"})
	case "pending":
		events = append(events, ticketEvent{EventType: "TroubleTicketInformationRequiredEvent", FieldPath: "note"})
	}
	return events
}

// changedFields are the attributes that differ, besides those of the status.
func changedFields(before, after TroubleTicket) []string {
	was, is := attributes(before), attributes(after)
	all := maps.Clone(was)
	maps.Copy(all, is)
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool { return bytes.Equal(was[name], is[name]) })
	return slices.Sorted(maps.Keys(all))
}

func attributes(t TroubleTicket) map[string]json.RawMessage {
	t.LastUpdate, t.Status, t.StatusChange = time.Time{}, "", nil
	t.StatusChangeReason, t.StatusChangeDate = "", time.Time{}
	var named map[string]json.RawMessage
	content, _ := json.Marshal(t)       // plain fields and times of this century: it cannot fail
	_ = json.Unmarshal(content, &named) // nor can reading it again
	return named
}

// tell posts the queued events until the server stops.
func (s *TicketServer) tell() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.running.Go(func() {
		<-s.stop
		cancel()
	})
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var held []ticketEvent
	for {
		var e ticketEvent
		select {
		case e = <-s.events:
		case <-s.stop:
			return
		}
		s.mu.Lock()
		b, to := s.spread, slices.Clone(s.subscriptions)
		s.mu.Unlock()
		if b.Backward && held == nil {
			held = []ticketEvent{e}
			continue
		}
		for _, told := range append([]ticketEvent{e}, held...) {
			s.post(ctx, client, told, to)
			if b.Twice {
				s.post(ctx, client, told, to)
			}
		}
		held = nil
	}
}

// post tells one event to every subscriber, once: an operator that tries again
// would only be Twice.
func (s *TicketServer) post(ctx context.Context, client *http.Client, e ticketEvent, to []subscription) {
	body, err := marshal(e)
	if err != nil {
		s.options.Log.Error("an event of the operator's cannot be written", "error", err)
		return
	}
	path := "/listener/t" + strings.TrimPrefix(e.EventType, "T")
	for _, sub := range to {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(sub.Callback, "/")+path, bytes.NewReader(body))
		if err == nil {
			req.Header.Set("Content-Type", "application/json;charset=utf-8")
			var answer *http.Response
			if answer, err = client.Do(req); err == nil {
				err = answer.Body.Close()
			}
		}
		if err != nil {
			s.options.Log.Warn("an event of the operator's reached nobody", "subscription", sub.ID, "error", err)
		}
	}
}

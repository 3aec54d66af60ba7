package operator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"vigie/internal/lab/operator"
)

// listener is a client's side of the hub.
type listener struct {
	*httptest.Server
	mu     sync.Mutex
	events []heard
}

type heard struct{ Path, ID, Type, Field, Ticket, Status string }

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct {
			EventID, EventType, FieldPath, TimeOcurred string
			Event                                      struct{ TroubleTicket operator.TroubleTicket }
		}
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.NewDecoder(bytes.NewReader(body)).Decode(&event)
		}
		if _, wrong := time.Parse(time.RFC3339, event.TimeOcurred); err != nil || wrong != nil {
			t.Errorf("event %s: %v, %v", body, err, wrong)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		subject := event.Event.TroubleTicket
		l.events = append(l.events, heard{r.URL.Path, event.EventID, event.EventType, event.FieldPath, subject.ID, subject.Status})
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(l.Close)
	return l
}

// wait returns what was heard up to the first event of a type.
func (l *listener) wait(t *testing.T, kind string) []heard {
	t.Helper()
	var got []heard
	eventually(t, kind, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		got = slices.Clone(l.events)
		return slices.ContainsFunc(got, func(h heard) bool { return h.Type == kind })
	})
	return got
}

func subscribe(t *testing.T, server *operator.TicketServer, l *listener) {
	t.Helper()
	answer, body := do(t, server, request{method: "POST", path: "/hub", body: `{"callback":"` + l.URL + `/vigie/"}`})
	if answer.StatusCode != http.StatusCreated {
		t.Fatalf("hub: %s %s", answer.Status, body)
	}
}

func TestWhoSubscribedHearsWhatHappens(t *testing.T) {
	t.Parallel()
	l := listen(t)
	server := tickets(t, operator.TicketOptions{})
	id := create(t, server, "").ID // before anybody listens
	subscribe(t, server, l)
	for _, step := range []operator.TicketStep{
		{Status: "acknowledged"}, {Status: "pending", Note: "Qui ouvre ?"}, {Status: "resolved"},
	} {
		if err := server.Step(id, step); err != nil {
			t.Fatal(err)
		}
	}
	const at = "/vigie/listener/troubleTicket"
	want := []heard{
		{at + "StatusChangeEvent", id + "-1", "TroubleTicketStatusChangeEvent", "", id, "acknowledged"},
		{at + "AttributeValueChangeEvent", id + "-2", "TroubleTicketAttributeValueChangeEvent", "note", id, "pending"},
		{at + "StatusChangeEvent", id + "-3", "TroubleTicketStatusChangeEvent", "", id, "pending"},
		{at + "InformationRequiredEvent", id + "-4", "TroubleTicketInformationRequiredEvent", "note", id, "pending"},
		{at + "AttributeValueChangeEvent", id + "-5", "TroubleTicketAttributeValueChangeEvent", "resolutionDate", id, "resolved"},
		{at + "StatusChangeEvent", id + "-6", "TroubleTicketStatusChangeEvent", "", id, "resolved"},
		{at + "ResolvedEvent", id + "-7", "TroubleTicketResolvedEvent", "", id, "resolved"},
	}
	if diff := gocmp.Diff(want, l.wait(t, "TroubleTicketResolvedEvent")); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	create(t, server, "")
	l.wait(t, "TroubleTicketCreateEvent")
}

func TestEventsComeTwiceAndBackwardWhenTold(t *testing.T) {
	t.Parallel()
	l := listen(t)
	server := tickets(t, operator.TicketOptions{})
	subscribe(t, server, l)
	server.Spread(operator.EventBehaviour{Twice: true, Backward: true})
	id := create(t, server, "").ID
	if err := server.Step(id, operator.TicketStep{Status: "acknowledged"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	eventually(t, "four events", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		got = nil
		for _, h := range l.events {
			got = append(got, h.ID)
		}
		return len(got) == 4
	})
	if diff := gocmp.Diff([]string{id + "-2", id + "-2", id + "-1", id + "-1"}, got); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

package tmf621_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/lab/operator"
	"vigie/internal/ticket"
	"vigie/internal/ticket/tmf621"
)

func TestAnOpeningSaysWhatTheOperatorNeeds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	o := d.deliver(t, message(1, ticket.OpenMessage))
	if o.Proof != "created TT-000001" {
		t.Errorf("proof %q", o.Proof)
	}
	want := operator.TroubleTicket{
		ID: "TT-000001", ExternalID: "VIGIE-2026-000123", Name: "[VIGIE-2026-000123] 67-0123, collège fictif",
		Description: "Aucune réponse depuis 08:00.\n", Severity: "critical", TicketType: "lossOfService",
		RequestedResolutionDate: eight.Add(4 * time.Hour),
		RelatedEntity:           []operator.TicketReference{{ID: "67-0123", Role: "impactedService", ReferredType: "Service"}},
		RelatedParty:            []operator.TicketReference{{ID: "C-42", Name: "Région fictive", Role: "customer", ReferredType: "Organization"}},
		Note:                    []operator.TicketNote{{ID: "1", Author: "Vigie", Date: eight.Add(time.Minute), Text: "[VIGIE-2026-000123.1] [VIGIE-2026-000123] 67-0123, collège fictif"}},
	}
	if diff := cmp.Diff(want, d.last(t), cmpopts.IgnoreFields(operator.TroubleTicket{}, "Href", "CreationDate", "LastUpdate")); diff != "" {
		t.Errorf("ticket (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"GET v4/troubleTicket", "POST v4/troubleTicket"}, d.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestNoFaultMakesASecondTicket(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		behaviour operator.TicketBehaviour
		first     ticket.OutcomeKind
	}{
		"503":                             {operator.TicketBehaviour{Answer: operator.Failing, Method: "POST", Next: 1}, ticket.Unsure},
		"503 after having created":        {operator.TicketBehaviour{Answer: operator.Failing, Method: "POST", Next: 1, Taken: true}, ticket.Done},
		"409":                             {operator.TicketBehaviour{Answer: operator.Conflict, Method: "POST", Next: 1}, ticket.Unsure},
		"409 after having created":        {operator.TicketBehaviour{Answer: operator.Conflict, Method: "POST", Next: 1, Taken: true}, ticket.Done},
		"silence":                         {operator.TicketBehaviour{Answer: operator.Silence, Method: "POST", Next: 1}, ticket.Unsure},
		"silence after having created":    {operator.TicketBehaviour{Answer: operator.Silence, Method: "POST", Next: 1, Taken: true}, ticket.Done},
		"a page":                          {operator.TicketBehaviour{Answer: operator.Page, Method: "POST", Next: 1}, ticket.Unsure},
		"a page after having created":     {operator.TicketBehaviour{Answer: operator.Page, Method: "POST", Next: 1, Taken: true}, ticket.Done},
		"the search fails":                {operator.TicketBehaviour{Answer: operator.Failing, Method: "GET", Next: 1}, ticket.Retry},
		"the search answers with a page":  {operator.TicketBehaviour{Answer: operator.Page, Method: "GET", Next: 1}, ticket.Retry},
		"the search is met with silence":  {operator.TicketBehaviour{Answer: operator.Silence, Method: "GET", Next: 1}, ticket.Retry},
		"the operator answers with delay": {operator.TicketBehaviour{Delay: 30 * time.Millisecond}, ticket.Done},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.behave(t, test.behaviour)
			first := d.client.Deliver(t.Context(), message(1, ticket.OpenMessage))
			if first.Kind != test.first || (first.Problem == "") != (first.Kind == ticket.Done) {
				t.Errorf("first: %+v, want kind %d", first, test.first)
			}
			d.deliver(t, message(1, ticket.OpenMessage))
			d.deliver(t, message(1, ticket.OpenMessage))
			if n := len(d.Tickets()); n != 1 || d.Duplicates() != 0 {
				t.Errorf("%d tickets, %d of them twice, want 1 ticket", n, d.Duplicates())
			}
			if notes := d.last(t).Note; len(notes) != 1 {
				t.Errorf("notes %+v, want one", notes)
			}
		})
	}
}

func TestATimeoutAfterTheTicketWasCreatedIsFoundNextTime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.behave(t, operator.TicketBehaviour{Method: "POST", Next: 1, Delay: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if o := d.client.Deliver(ctx, message(1, ticket.OpenMessage)); o.Kind != ticket.Unsure {
		t.Errorf("first: %+v, want unsure", o)
	}
	if o := d.deliver(t, message(1, ticket.OpenMessage)); o.Proof != "found in TT-000001" {
		t.Errorf("second: %+v", o)
	}
	if n := len(d.Tickets()); n != 1 {
		t.Errorf("%d tickets, want 1", n)
	}
}

func TestAMessageIsWrittenOnceAndErasesNothing(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]operator.TicketBehaviour{
		"without a fault":              {},
		"503":                          {Answer: operator.Failing, Method: "PATCH", Next: 1},
		"503 after having written":     {Answer: operator.Failing, Method: "PATCH", Next: 1, Taken: true},
		"silence after having written": {Answer: operator.Silence, Method: "PATCH", Next: 1, Taken: true},
		"a page after having written":  {Answer: operator.Page, Method: "PATCH", Next: 1, Taken: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.deliver(t, message(1, ticket.OpenMessage))
			d.step(t, operator.TicketStep{Note: "Un technicien est parti."})
			d.behave(t, behaviour)
			first := d.client.Deliver(t.Context(), message(2, ticket.ReminderMessage))
			if faulty := behaviour.Answer != operator.Answered; faulty != (first.Kind == ticket.Unsure) {
				t.Errorf("first: %+v", first)
			}
			d.deliver(t, message(2, ticket.ReminderMessage))
			var got []string
			for _, n := range d.last(t).Note {
				got = append(got, n.ID+" "+n.Author+" "+n.Text)
			}
			want := []string{
				"1 Vigie [VIGIE-2026-000123.1] [VIGIE-2026-000123] 67-0123, collège fictif",
				"2 Opérateur (simulé) Un technicien est parti.",
				"3 Vigie [VIGIE-2026-000123.2] [VIGIE-2026-000123] 67-0123, collège fictif\n\nAucune réponse depuis 08:00.\n",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestANoteThatTheOperatorWritesMeanwhileIsKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deliver(t, message(1, ticket.OpenMessage))
	said := 0
	d.before = func(method string) {
		if method == http.MethodPatch && said < 2 {
			said++
			if err := d.Step("TT-000001", operator.TicketStep{Note: fmt.Sprint("meanwhile ", said)}); err != nil {
				t.Error(err)
			}
		}
	}
	d.deliver(t, message(2, ticket.ReminderMessage))
	var got []string
	for _, n := range d.last(t).Note[1:] {
		got = append(got, n.Text[:11])
	}
	if diff := cmp.Diff([]string{"meanwhile 1", "meanwhile 2", "[VIGIE-2026"}, got); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	said = -10
	if o := d.client.Deliver(t.Context(), message(3, ticket.ReminderMessage)); o.Kind != ticket.Retry || !strings.Contains(o.Problem, "412") {
		t.Errorf("an operator that writes all the time: %+v, want to try later", o)
	}
}

func TestAnOperatorWithoutVersionsIsWrittenToAllTheSame(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.strip = true
	d.deliver(t, message(1, ticket.OpenMessage))
	d.deliver(t, message(2, ticket.ReminderMessage))
	if n := len(d.last(t).Note); n != 2 {
		t.Errorf("%d notes, want 2", n)
	}
}

func TestFurtherLinksJoinThoseOfTheTicket(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deliver(t, message(1, ticket.OpenMessage))
	join := message(2, ticket.JoinMessage)
	join.Services = []string{"67-0123", "67-0124", "67-0125"}
	d.deliver(t, join)
	var got []string
	for _, e := range d.last(t).RelatedEntity {
		got = append(got, e.ID)
	}
	if diff := cmp.Diff(join.Services, got); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

func TestAResolutionMovesTheTicketWhereTheTransitionsAllowIt(t *testing.T) {
	t.Parallel()
	for at, test := range map[string]struct {
		way  []string
		want string
	}{
		"received":     {nil, ""},
		"acknowledged": {[]string{"acknowledged"}, "acknowledged"},
		"begun":        {[]string{"acknowledged", "inProgress"}, "resolved"},
		"pending":      {[]string{"acknowledged", "pending"}, "resolved"},
		"held":         {[]string{"acknowledged", "held"}, "resolved"},
		"resolved":     {[]string{"acknowledged", "inProgress", "resolved"}, "resolved"},
		"closed":       {[]string{"acknowledged", "inProgress", "resolved", "closed"}, "closed"},
	} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.deliver(t, message(1, ticket.OpenMessage))
			for _, status := range test.way {
				d.step(t, operator.TicketStep{Status: status})
			}
			d.deliver(t, message(2, ticket.ResolveMessage))
			got := d.last(t)
			if got.Status != test.want || len(got.Note) != 2 {
				t.Errorf("status %q with %d notes, want %q with 2", got.Status, len(got.Note), test.want)
			}
			if moved := test.want == "resolved" && at != "resolved"; moved && !got.ResolutionDate.Equal(eight.Add(3*time.Hour)) {
				t.Errorf("resolved at %v, want when the service was back", got.ResolutionDate)
			}
		})
	}
}

func TestAReopeningTakesUpTheTicketOrMakesOneThatIsTiedToIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deliver(t, message(1, ticket.OpenMessage))
	d.step(t, operator.TicketStep{Status: "acknowledged"}, operator.TicketStep{Status: "inProgress"}, operator.TicketStep{Status: "resolved"})
	d.deliver(t, message(2, ticket.ReopenMessage))
	if got := d.last(t); got.Status != "inProgress" || len(d.Tickets()) != 1 {
		t.Errorf("status %q of %d tickets, want the same one in progress", got.Status, len(d.Tickets()))
	}
	d.deliver(t, message(3, ticket.ResolveMessage))
	if err := d.client.Close(t.Context(), "TT-000001", "rétabli"); err != nil {
		t.Fatal(err)
	}

	d.behave(t, operator.TicketBehaviour{Answer: operator.Silence, Method: "POST", Next: 1, Taken: true})
	d.deliver(t, message(4, ticket.ReopenMessage))
	d.deliver(t, message(4, ticket.ReopenMessage))
	second := d.last(t)
	if len(d.Tickets()) != 2 || second.ExternalID != "VIGIE-2026-000123.4" {
		t.Fatalf("%d tickets, the last of external id %q", len(d.Tickets()), second.ExternalID)
	}
	if diff := cmp.Diff([]operator.TicketRelation{{ID: "TT-000001", Type: "reopens"}}, second.Relationship); diff != "" {
		t.Errorf("relationship (-want +got):\n%s", diff)
	}
	d.step(t, operator.TicketStep{Status: "acknowledged"}, operator.TicketStep{Status: "held"})
	d.deliver(t, message(6, ticket.ResolveMessage))
	if got := d.last(t); got.ID != second.ID || got.Status != "resolved" || len(got.Note) != 2 {
		t.Errorf("%+v, want the second ticket resolved", got)
	}
	d.step(t, operator.TicketStep{Status: "closed"})
	d.deliver(t, message(7, ticket.ReopenMessage))
	if got := d.last(t); len(d.Tickets()) != 3 || got.Relationship[0].ID != second.ID {
		t.Errorf("%d tickets, the last tied to %+v", len(d.Tickets()), got.Relationship)
	}
}

func TestAFirstWordOfALaterPeriodOpens(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deliver(t, message(3, ticket.ReopenMessage))
	if got := d.last(t).ExternalID; got != "VIGIE-2026-000123" {
		t.Errorf("external id %q", got)
	}
	d.deliver(t, message(3, ticket.ReopenMessage))
	if n := len(d.Tickets()); n != 1 {
		t.Errorf("%d tickets, want 1", n)
	}
}

func TestAFollowUpWithoutATicketIsGivenUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, kind := range []ticket.MessageKind{ticket.JoinMessage, ticket.ReminderMessage, ticket.ResolveMessage} {
		if o := d.client.Deliver(t.Context(), message(2, kind)); o.Kind != ticket.GiveUp {
			t.Errorf("%s: %+v, want it given up", kind, o)
		}
	}
	if n := len(d.Tickets()); n != 0 {
		t.Errorf("%d tickets, want none", n)
	}
}

func TestCloseEndsOnlyWhatIsResolved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deliver(t, message(1, ticket.OpenMessage))
	if err := d.client.Close(t.Context(), "TT-000001", "x"); err == nil || d.last(t).Status != "" {
		t.Errorf("a ticket that nobody resolved was closed: %v", err)
	}
	d.step(t, operator.TicketStep{Status: "acknowledged"}, operator.TicketStep{Status: "inProgress"}, operator.TicketStep{Status: "resolved"})
	for range 2 {
		if err := d.client.Close(t.Context(), "TT-000001", "rétabli"); err != nil {
			t.Error(err)
		}
	}
	if got := d.last(t); got.Status != "closed" || got.StatusChangeReason != "rétabli" || len(got.Note) != 1 {
		t.Errorf("%+v, want it closed with its note", got)
	}
	if err := d.client.Close(t.Context(), "TT-9", "x"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a ticket that does not exist: %v", err)
	}
}

// canned answers each request with the next of the answers, the last for ever.
func canned(t *testing.T, answers ...string) (*tmf621.Client, *httptest.Server) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := answers[min(int(asked.Add(1)), len(answers))-1]
		code, body, _ := strings.Cut(now, " ")
		var status int
		if _, err := fmt.Sscan(code, &status); err != nil {
			t.Error(err)
		}
		w.Header().Set("Location", "http://"+r.Host+"/elsewhere")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return newClient(t, server.URL+"/"), server
}

func TestTheAnswerToAnOpeningDecidesWhatComesNext(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]ticket.Outcome{
		`400 {"code":"1","reason":"severity","message":"unknown"}`: {Kind: ticket.GiveUp, Problem: "POST /troubleTicket: 400 Bad Request: severity: unknown"},
		`422 {"reason":"externalId"}`:                              {Kind: ticket.GiveUp, Problem: "POST /troubleTicket: 422 Unprocessable Entity: externalId"},
		`413`:                                                      {Kind: ticket.GiveUp, Problem: "POST /troubleTicket: 413 Request Entity Too Large"},
		`401 {"reason":"Bearer ` + token + ` is\n too old"}`: {Kind: ticket.Retry, Problem: "POST /troubleTicket: 401 Unauthorized: Bearer [token] is too old"},
		`404 <html><title> Lost </title>`:                    {Kind: ticket.Retry, Problem: `POST /troubleTicket: 404 Not Found, with a page "Lost" instead of JSON`},
		`429`:                                                {Kind: ticket.Retry, Problem: "POST /troubleTicket: 429 Too Many Requests"},
		`302`:                                                {Kind: ticket.Retry, Problem: "POST /troubleTicket: 302 Found"},
		`409 {}`:                                             {Kind: ticket.Unsure, Problem: "POST /troubleTicket: 409 Conflict"},
		`500 oops`:                                           {Kind: ticket.Unsure, Problem: `POST /troubleTicket: 500 Internal Server Error, with "oops" instead of a ticket`},
		`201`:                                                {Kind: ticket.Unsure, Problem: "POST /troubleTicket: 201 with nothing in it"},
		`200 <!doctype html>`:                                {Kind: ticket.Unsure, Problem: `POST /troubleTicket: 200 with a page "<!doctype html>" instead of JSON`},
		`201 {"href":"/1"}`:                                  {Kind: ticket.Unsure, Problem: `POST /troubleTicket: 201 with a ticket whose id is "": want one line of 100 characters at most`},
		`201 {"id":7}`:                                       {Kind: ticket.Done, Proof: "created 7"},
	} {
		client, _ := canned(t, "200 []", answer, "200 []")
		if diff := cmp.Diff(want, client.Deliver(t.Context(), message(1, ticket.OpenMessage))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", answer, diff)
		}
	}
}

func TestASearchThatCannotBeTrustedOpensNothing(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`200 [{"id":"1","externalId":"other"},{"id":"2"}]`: "2 tickets of other external ids: the search cannot be trusted",
		`200 [{"externalId":"VIGIE-2026-000123"}]`:         "item 1: a ticket whose id is",
		`200 <html><TITLE>Maintenance</TITLE>`:             `a page "Maintenance" instead of JSON`,
		`200 ` + strings.Repeat(" ", 1<<20+1):              "the answer is over 1048576 bytes",
		`500`:                                              "500 Internal Server Error",
		`404`:                                              "404 Not Found",
	} {
		client, _ := canned(t, answer, `201 {"id":"opened"}`)
		o := client.Deliver(t.Context(), message(1, ticket.OpenMessage))
		if o.Kind != ticket.Retry || !strings.Contains(o.Problem, want) {
			t.Errorf("%.60s: %+v, want to try later because %s", answer, o, want)
		}
	}
}

func TestOfSeveralTicketsTheOldestIsMeant(t *testing.T) {
	t.Parallel()
	client, _ := canned(t, `200 [
		{"id":"b","externalId":"K","creationDate":"2026-03-02T09:00:00Z"},
		{"id":"x","externalId":"other","creationDate":"2026-03-01T09:00:00Z"},
		{"id":"a","externalId":"K","creationDate":"2026-03-02T08:00:00Z"}]`)
	if got, ok, err := client.Find(t.Context(), "K"); err != nil || !ok || got.ID != "a" {
		t.Errorf("found %q, %v, %v", got.ID, ok, err)
	}
}

func TestAnOperatorThatKeepsTheStatusToItselfGetsTheMessage(t *testing.T) {
	t.Parallel()
	const stands = `200 {"id":"1","externalId":"VIGIE-2026-000123","status":"inProgress"}`
	found := strings.Replace(stands, "200 {", "200 [{", 1) + "]"
	for answers, want := range map[string]ticket.OutcomeKind{
		`403|` + stands: ticket.Done,
		`409|` + stands: ticket.Done,
		`409|409`:       ticket.GiveUp,
		`400|400`:       ticket.GiveUp,
		`403|403`:       ticket.Retry,
		`503`:           ticket.Unsure,
	} {
		client, _ := canned(t, append([]string{found, stands}, strings.Split(answers, "|")...)...)
		if o := client.Deliver(t.Context(), message(2, ticket.ResolveMessage)); o.Kind != want {
			t.Errorf("%s: %+v, want kind %d", answers, o, want)
		}
	}
}

func TestAnOperatorThatIsAwayIsTriedLater(t *testing.T) {
	t.Parallel()
	client, server := canned(t, "200 []")
	server.Close()
	if o := client.Deliver(t.Context(), message(1, ticket.OpenMessage)); o.Kind != ticket.Retry || o.Problem == "" {
		t.Errorf("%+v, want to try later", o)
	}
	// The search passes and the operator dies before the opening leaves.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dying := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = listener.Close()
		_, _ = w.Write([]byte("[]"))
	})}
	served := make(chan error, 1)
	go func() { served <- dying.Serve(listener) }()
	t.Cleanup(func() {
		_ = dying.Close() // its listener is closed already
		<-served
	})
	if o := newClient(t, "http://"+listener.Addr().String()).Deliver(t.Context(), message(1, ticket.OpenMessage)); o.Kind != ticket.Retry {
		t.Errorf("%+v, want to try later: nothing has left", o)
	}
}

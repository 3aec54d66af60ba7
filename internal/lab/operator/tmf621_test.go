package operator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/lab/operator"
)

// tickets starts a ticket server for the time of the test.
func tickets(t *testing.T, options operator.TicketOptions) *operator.TicketServer {
	t.Helper()
	options.Address = "127.0.0.1:0"
	if options.Folder == "" {
		options.Folder = t.TempDir()
	}
	server, err := operator.NewTicketServer(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return server
}

type request struct {
	method, path, body string
	header             http.Header
}

// do sends a request and returns the answer with its body read.
func do(t *testing.T, server *operator.TicketServer, r request) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.method, server.URL()+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json;charset=utf-8")
	for name, values := range r.header {
		req.Header[name] = values
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(req)
	if err != nil {
		return nil, nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, body
}

// create posts a ticket and returns it.
func create(t *testing.T, server *operator.TicketServer, attributes string) operator.TroubleTicket {
	t.Helper()
	answer, body := do(t, server, request{method: "POST", path: "/troubleTicket", body: `{"description":"d","severity":"critical","ticketType":"outage"` + attributes + `}`})
	if answer == nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("POST: %v %s", answer, body)
	}
	return decode(t, body)
}

func decode(t *testing.T, body []byte) operator.TroubleTicket {
	t.Helper()
	var ticket operator.TroubleTicket
	if err := json.Unmarshal(body, &ticket); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return ticket
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 5 s: %s", what)
		}
	}
}

func TestATicketMovesAlongTheTransitionsOnly(t *testing.T) {
	t.Parallel()
	ways := map[string][]string{ // how a ticket gets there
		"acknowledged": {"acknowledged"},
		"inProgress":   {"acknowledged", "inProgress"},
		"pending":      {"acknowledged", "pending"},
		"held":         {"acknowledged", "held"},
		"resolved":     {"acknowledged", "inProgress", "resolved"},
		"rejected":     {"rejected"},
		"cancelled":    {"acknowledged", "cancelled"},
		"closed":       {"acknowledged", "inProgress", "resolved", "closed"},
	}
	allowed := map[string][]string{
		"acknowledged": {"inProgress", "rejected", "pending", "held", "cancelled"},
		"inProgress":   {"pending", "held", "resolved", "cancelled"},
		"pending":      {"inProgress", "resolved", "cancelled"},
		"held":         {"inProgress", "resolved", "cancelled"},
		"resolved":     {"closed", "inProgress"},
	}
	server := tickets(t, operator.TicketOptions{})
	for from, way := range ways {
		for to := range ways {
			if from == to {
				continue
			}
			id := create(t, server, "").ID
			for _, status := range way {
				if err := server.Step(id, operator.TicketStep{Status: status}); err != nil {
					t.Fatalf("on the way to %s: %v", from, err)
				}
			}
			answer, body := do(t, server, request{method: "PATCH", path: "/troubleTicket/" + id, body: `{"status":"` + to + `","statusChangeReason":"test"}`})
			want := http.StatusConflict
			if slices.Contains(allowed[from], to) {
				want = http.StatusOK
			}
			if answer.StatusCode != want {
				t.Errorf("%s -> %s: %s, want %d: %s", from, to, answer.Status, want, body)
			}
			if want == http.StatusOK {
				history := decode(t, body).StatusChange
				if last := history[len(history)-1]; len(history) != len(way)+1 || last.Status != to || last.ChangeReason != "test" {
					t.Errorf("%s -> %s: the history is %+v", from, to, history)
				}
			}
		}
	}
}

func TestAPatchReplacesTheNotesWhole(t *testing.T) {
	t.Parallel()
	server := tickets(t, operator.TicketOptions{})
	id := create(t, server, `,"note":[{"text":"ours"}]`).ID
	if err := server.Step(id, operator.TicketStep{Note: "theirs"}); err != nil {
		t.Fatal(err)
	}
	answer, body := do(t, server, request{method: "PATCH", path: "/troubleTicket/" + id, body: `{"note":[{"id":"1","text":"ours"},{"text":"again"}],"name":"named","externalId":null}`})
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", answer.Status, body)
	}
	got := decode(t, body)
	want := []operator.TicketNote{{ID: "1", Text: "ours"}, {ID: "2", Text: "again"}}
	if diff := gocmp.Diff(want, got.Note, cmpopts.IgnoreFields(operator.TicketNote{}, "Date")); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if got.Name != "named" || got.Description != "d" {
		t.Errorf("name %q, description %q", got.Name, got.Description)
	}
}

func TestAPatchOfAVersionThatIsGoneIsRefused(t *testing.T) {
	t.Parallel()
	server := tickets(t, operator.TicketOptions{})
	id := create(t, server, "").ID
	read, _ := do(t, server, request{method: "GET", path: "/troubleTicket/" + id})
	change := request{method: "PATCH", path: "/troubleTicket/" + id, body: `{"name":"n"}`, header: http.Header{"If-Match": {read.Header.Get("ETag")}}}
	if first, body := do(t, server, change); first.StatusCode != http.StatusOK {
		t.Errorf("the first: %s %s", first.Status, body)
	}
	if second, _ := do(t, server, change); second.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("the second: %s, want 412", second.Status)
	}
}

func TestTicketsAreFoundByExternalIDAndCounted(t *testing.T) {
	t.Parallel()
	server := tickets(t, operator.TicketOptions{})
	create(t, server, `,"externalId":"A 1"`)
	create(t, server, `,"externalId":"B"`)
	create(t, server, "")
	create(t, server, "")
	create(t, server, `,"externalId":"A 1"`)
	for query, want := range map[string]int{"?externalId=A+1": 2, "?externalId=B": 1, "?externalId=C": 0, "": 5} {
		answer, body := do(t, server, request{method: "GET", path: "/troubleTicket" + query})
		var got []operator.TroubleTicket
		if err := json.Unmarshal(body, &got); err != nil || answer.StatusCode != http.StatusOK || len(got) != want {
			t.Errorf("%q: %s, %d tickets (%v), want %d", query, answer.Status, len(got), err, want)
		}
	}
	if got := server.Duplicates(); got != 1 {
		t.Errorf("%d duplicates, want 1", got)
	}
}

func TestARestartKeepsTicketsAndSubscriptions(t *testing.T) {
	t.Parallel()
	heard := listen(t)
	folder := t.TempDir()
	first := tickets(t, operator.TicketOptions{Folder: folder})
	subscribe(t, first, heard)
	id := create(t, first, `,"externalId":"A","status":"acknowledged"`).ID
	before := first.Tickets()
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, ".arriving-9"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	second := tickets(t, operator.TicketOptions{Folder: folder})
	if diff := gocmp.Diff(before, second.Tickets()); diff != "" {
		t.Errorf("tickets (-before +after):\n%s", diff)
	}
	if err := second.Step(id, operator.TicketStep{Status: "inProgress"}); err != nil {
		t.Fatal(err)
	}
	heard.wait(t, "TroubleTicketStatusChangeEvent")
	if next := create(t, second, ""); next.ID == id {
		t.Errorf("the next ticket is called %s once more", id)
	}
}

func TestTheTicketServerAnswersAsItIsToldTo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		behaviour operator.TicketBehaviour
		code      int // 0: no answer
		kept      int
	}{
		"as the interface says":         {operator.TicketBehaviour{}, 201, 1},
		"late":                          {operator.TicketBehaviour{Delay: 50 * time.Millisecond}, 201, 1},
		"failing":                       {operator.TicketBehaviour{Answer: operator.Failing}, 503, 0},
		"failing, the ticket taken":     {operator.TicketBehaviour{Answer: operator.Failing, Taken: true}, 503, 1},
		"conflict":                      {operator.TicketBehaviour{Answer: operator.Conflict}, 409, 0},
		"conflict, the ticket taken":    {operator.TicketBehaviour{Answer: operator.Conflict, Taken: true}, 409, 1},
		"a page":                        {operator.TicketBehaviour{Answer: operator.Page}, 200, 0},
		"silence":                       {operator.TicketBehaviour{Answer: operator.Silence}, 0, 0},
		"silence, the ticket taken":     {operator.TicketBehaviour{Answer: operator.Silence, Taken: true}, 0, 1},
		"failing for other requests":    {operator.TicketBehaviour{Answer: operator.Failing, Method: "GET"}, 201, 1},
		"failing for the next two only": {operator.TicketBehaviour{Answer: operator.Failing, Next: 2}, 503, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := tickets(t, operator.TicketOptions{})
			if err := server.Behave(test.behaviour); err != nil {
				t.Fatal(err)
			}
			post := request{method: "POST", path: "/troubleTicket", body: `{"description":"d","severity":"s","ticketType":"t"}`}
			began := time.Now()
			answer, _ := do(t, server, post)
			code := 0
			if answer != nil {
				code = answer.StatusCode
			}
			if kept := len(server.Tickets()); code != test.code || kept != test.kept {
				t.Errorf("answered %d with %d tickets kept, want %d and %d", code, kept, test.code, test.kept)
			}
			if took := time.Since(began); took < test.behaviour.Delay {
				t.Errorf("answered after %v", took)
			}
			if test.behaviour.Next > 0 {
				do(t, server, post)
				if third, _ := do(t, server, post); third.StatusCode != 201 {
					t.Errorf("the third: %s", third.Status)
				}
			}
		})
	}
}

func TestWhatIsNotOfTheInterfaceIsRefused(t *testing.T) {
	t.Parallel()
	const whole = `"description":"d","severity":"s","ticketType":"t"`
	server := tickets(t, operator.TicketOptions{})
	id := create(t, server, "").ID
	for name, test := range map[string]struct {
		request
		code int
	}{
		"no severity":             {request{method: "POST", path: "/troubleTicket", body: `{"description":"d","ticketType":"t"}`}, 400},
		"an unknown attribute":    {request{method: "POST", path: "/troubleTicket", body: `{` + whole + `,"colour":"red"}`}, 400},
		"an id of the client's":   {request{method: "POST", path: "/troubleTicket", body: `{` + whole + `,"id":"7"}`}, 400},
		"an unknown status":       {request{method: "POST", path: "/troubleTicket", body: `{` + whole + `,"status":"open"}`}, 400},
		"an entity without role":  {request{method: "POST", path: "/troubleTicket", body: `{` + whole + `,"relatedEntity":[{"id":"1","@referredType":"Service"}]}`}, 400},
		"a party without type":    {request{method: "POST", path: "/troubleTicket", body: `{` + whole + `,"relatedParty":[{"id":"1"}]}`}, 400},
		"no JSON":                 {request{method: "POST", path: "/troubleTicket", body: `{`}, 400},
		"something behind":        {request{method: "POST", path: "/hub", body: `{"callback":"http://127.0.0.1:1"} {}`}, 400},
		"another media type":      {request{method: "POST", path: "/troubleTicket", body: `{}`, header: http.Header{"Content-Type": {"text/plain"}}}, 415},
		"a history that is set":   {request{method: "PATCH", path: "/troubleTicket/" + id, body: `{"statusChange":[]}`}, 400},
		"a removed description":   {request{method: "PATCH", path: "/troubleTicket/" + id, body: `{"description":null}`}, 400},
		"a status that is none":   {request{method: "PATCH", path: "/troubleTicket/" + id, body: `{"status":"done"}`}, 400},
		"a ticket that is none":   {request{method: "PATCH", path: "/troubleTicket/TT-9", body: `{}`}, 404},
		"a ticket nobody has":     {request{method: "GET", path: "/troubleTicket/TT-9"}, 404},
		"a ticket taken away":     {request{method: "DELETE", path: "/troubleTicket/" + id}, 405},
		"a hub without callback":  {request{method: "POST", path: "/hub", body: `{}`}, 400},
		"a callback far away":     {request{method: "POST", path: "/hub", body: `{"callback":"http://198.51.100.1/"}`}, 400},
		"more than a body may be": {request{method: "POST", path: "/troubleTicket", body: `{"name":"` + strings.Repeat("x", 1<<20) + `"}`}, 400},
	} {
		if answer, body := do(t, server, test.request); answer == nil || answer.StatusCode != test.code {
			t.Errorf("%s: %v %.200s, want %d", name, answer, body, test.code)
		}
	}
	if got := len(server.Tickets()); got != 1 {
		t.Errorf("%d tickets, want the first only", got)
	}
}

func TestATokenIsAskedFor(t *testing.T) {
	t.Parallel()
	server := tickets(t, operator.TicketOptions{Token: "right"})
	for header, want := range map[string]int{"Bearer right": 200, "Bearer wrong": 401, "": 401} {
		answer, _ := do(t, server, request{method: "GET", path: "/troubleTicket", header: http.Header{"Authorization": {header}}})
		if answer.StatusCode != want {
			t.Errorf("%q: %s, want %d", header, answer.Status, want)
		}
	}
}

func TestAScriptAcknowledgesAsksAndResolvesWithALie(t *testing.T) {
	t.Parallel()
	server := tickets(t, operator.TicketOptions{})
	server.Play(
		operator.TicketStep{Status: "acknowledged", Promised: 2 * time.Hour},
		operator.TicketStep{After: 10 * time.Millisecond, Status: "inProgress"},
		operator.TicketStep{Status: "pending", Note: "Le site est-il ouvert ?"},
		operator.TicketStep{Status: "resolved", Reason: "fibre soudée", Restored: time.Hour},
	)
	create(t, server, "")
	eventually(t, "resolved", func() bool { return server.Tickets()[0].Status == "resolved" })
	got := server.Tickets()[0]
	if claimed := got.StatusChangeDate.Sub(got.ResolutionDate); claimed != time.Hour {
		t.Errorf("claims to have restored %v before it says so, want 1h", claimed)
	}
	if len(got.Note) != 1 || len(got.StatusChange) != 4 || got.ExpectedResolutionDate.IsZero() {
		t.Errorf("%+v", got)
	}
	server.Play(operator.TicketStep{Status: "resolved"}, operator.TicketStep{Note: "never said"})
	create(t, server, "")
	server.Play(operator.TicketStep{After: time.Hour, Note: "never said"})
	create(t, server, "")
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, ticket := range server.Tickets()[1:] {
		if ticket.Status != "" || len(ticket.Note) != 0 {
			t.Errorf("%+v, want nothing done with it", ticket)
		}
	}
}

func TestStopInterruptsASlowTicket(t *testing.T) {
	t.Parallel()
	server := tickets(t, operator.TicketOptions{})
	if err := server.Behave(operator.TicketBehaviour{Delay: time.Hour}); err != nil {
		t.Fatal(err)
	}
	answered := make(chan bool, 1)
	go func() {
		do(t, server, request{method: "GET", path: "/troubleTicket"})
		answered <- true
	}()
	eventually(t, "the request is there", func() bool {
		select {
		case <-answered:
			t.Error("answered at once")
			return true
		case <-time.After(50 * time.Millisecond):
			return true
		}
	})
	began := time.Now()
	if err := server.Stop(); err != nil {
		t.Errorf("Stop: %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("Stop took %v", took)
	}
	<-answered
	if err := server.Start(); err == nil {
		t.Error("a ticket server started twice")
	}
}

func TestAnImpossibleTicketServerIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := operator.NewTicketServer(operator.TicketOptions{}); err == nil {
		t.Error("a server without a folder was accepted")
	}
	folder := t.TempDir()
	server, err := operator.NewTicketServer(operator.TicketOptions{Address: "127.0.0.1:0", Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []operator.TicketBehaviour{{Answer: "sing"}, {Next: -1}, {Delay: -1}} {
		if err := server.Behave(b); err == nil {
			t.Errorf("Behave accepted %+v", b)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "TT-000001.json"), []byte("no ticket"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err == nil || !strings.Contains(err.Error(), "TT-000001.json") {
		t.Errorf("Start: %v, want an error that names the file", err)
	}
	if err := server.Stop(); err != nil {
		t.Errorf("Stop without Start: %v", err)
	}
	if got := server.URL(); got != "" {
		t.Errorf("URL %q before Start", got)
	}
}

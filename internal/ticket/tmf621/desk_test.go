package tmf621_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vigie/internal/lab/operator"
	"vigie/internal/ticket"
	"vigie/internal/ticket/tmf621"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "t0ken-of-the-test"

// desk is a simulated operator behind a gate that holds every request and every
// answer against the interface's description.
type desk struct {
	*operator.TicketServer
	client *tmf621.Client

	mu     sync.Mutex
	asked  []string     // method and path of each request
	before func(string) // called before a request of that method is let through; may be nil
	strip  bool         // no entity tag comes through
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	server, err := operator.NewTicketServer(operator.TicketOptions{Address: "127.0.0.1:0", Folder: t.TempDir(), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	d := &desk{TicketServer: server}
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
		},
		Transport: &http.Transport{DisableKeepAlives: true},
		ModifyResponse: func(r *http.Response) error {
			d.checkAnswer(t, r)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { // as the operator did
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		},
	}
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.checkRequest(t, r)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		gate.Close()
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	d.client = newClient(t, gate.URL+target.Path)
	return d
}

func newClient(t *testing.T, base string) *tmf621.Client {
	t.Helper()
	client, err := tmf621.New(tmf621.Options{
		BaseURL: base, Token: token, Severity: "critical", TicketType: "lossOfService",
		Customer: tmf621.Customer{ID: "C-42", Name: "Région fictive"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (d *desk) checkRequest(t *testing.T, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	d.mu.Lock()
	d.asked = append(d.asked, r.Method+" "+r.URL.Path[strings.LastIndex(r.URL.Path, "v4"):])
	before := d.before
	d.mu.Unlock()
	if before != nil {
		before(r.Method)
	}
	definition := map[string]string{http.MethodPost: "TroubleTicket_Create", http.MethodPatch: "TroubleTicket_Update"}[r.Method]
	if definition == "" {
		if len(body) > 0 {
			t.Errorf("%s with a body: %s", r.Method, body)
		}
		return
	}
	if got := r.Header.Get("Content-Type"); got != "application/json;charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	for _, wrong := range complaints(t, definition, body) {
		t.Errorf("request: %s", wrong)
	}
}

func (d *desk) checkAnswer(t *testing.T, r *http.Response) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	d.mu.Lock()
	if d.strip {
		r.Header.Del("ETag")
	}
	d.mu.Unlock()
	switch {
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return // a page
	case r.StatusCode >= 400:
		for _, wrong := range complaints(t, "Error", body) {
			t.Errorf("answer: %s", wrong)
		}
	case !bytes.HasPrefix(body, []byte("[")):
		for _, wrong := range complaints(t, "TroubleTicket", body) {
			t.Errorf("answer: %s", wrong)
		}
	}
}

func (d *desk) requests() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// behave sets the fault of the next requests.
func (d *desk) behave(t *testing.T, b operator.TicketBehaviour) {
	t.Helper()
	if err := d.Behave(b); err != nil {
		t.Fatal(err)
	}
}

// step has the operator do something with its only ticket, or its last.
func (d *desk) step(t *testing.T, steps ...operator.TicketStep) {
	t.Helper()
	for _, s := range steps {
		if err := d.Step(d.last(t).ID, s); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *desk) last(t *testing.T) operator.TroubleTicket {
	t.Helper()
	all := d.Tickets()
	if len(all) == 0 {
		t.Fatal("the operator has no ticket")
	}
	return all[len(all)-1]
}

// deliver says a message and wants it taken.
func (d *desk) deliver(t *testing.T, m tmf621.Message) ticket.Outcome {
	t.Helper()
	o := d.client.Deliver(t.Context(), m)
	if o.Kind != ticket.Done {
		t.Fatalf("message %d (%s): %+v", m.Number, m.Kind, o)
	}
	return o
}

var eight = time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)

// message is one of the conversation about the ticket VIGIE-2026-000123.
func message(number int, kind ticket.MessageKind) tmf621.Message {
	m := tmf621.Message{
		Key: "VIGIE-2026-000123", Number: number, Kind: kind,
		Subject: "[VIGIE-2026-000123] 67-0123, collège fictif", Body: "Aucune réponse depuis 08:00.\n",
		At: eight.Add(time.Duration(number) * time.Minute), Services: []string{"67-0123"},
		RequestedAt: eight.Add(4 * time.Hour),
	}
	if kind == ticket.ResolveMessage {
		m.RestoredAt = eight.Add(3 * time.Hour)
	}
	return m
}

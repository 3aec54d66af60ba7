package tmf621_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/lab/operator"
	"vigie/internal/ticket"
	"vigie/internal/ticket/tmf621"
)

func TestTheOperatorsWorkIsRead(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deliver(t, message(1, ticket.OpenMessage))
	look := func() tmf621.Reading {
		t.Helper()
		r, err := d.client.Read(t.Context(), "TT-000001")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := look(); r.Status != tmf621.Open || r.Acknowledged || r.ExternalID != "VIGIE-2026-000123" || len(r.Notes) != 1 || r.CreatedAt.IsZero() {
		t.Errorf("received: %+v", r)
	}
	d.step(t, operator.TicketStep{Status: "acknowledged", Reason: "prise en compte", Promised: time.Hour})
	taken := look()
	if taken.Status != tmf621.Acknowledged || !taken.Acknowledged || taken.AcknowledgedAt.IsZero() || taken.ExpectedAt.IsZero() || taken.Reason != "prise en compte" {
		t.Errorf("acknowledged: %+v", taken)
	}
	d.step(t, operator.TicketStep{Status: "pending", Note: "Qui ouvre ?"})
	if r := look(); r.Status != tmf621.Pending || r.Notes[1].Text != "Qui ouvre ?" || !r.AcknowledgedAt.Equal(taken.AcknowledgedAt) {
		t.Errorf("pending: %+v", r)
	}
	d.step(t, operator.TicketStep{Status: "resolved", Restored: 2 * time.Hour})
	r := look()
	if !r.Resolved || r.Over() || !r.ResolvedAt.Before(r.CreatedAt) {
		t.Errorf("resolved: %+v, want the claim as it was made", r)
	}
	d.step(t, operator.TicketStep{Status: "inProgress"})
	if r := look(); r.Resolved || !r.ResolvedAt.IsZero() {
		t.Errorf("taken up again: %+v", r)
	}
	d.step(t, operator.TicketStep{Status: "cancelled"})
	if r := look(); !r.Over() || r.Resolved || !r.Acknowledged {
		t.Errorf("cancelled: %+v", r)
	}
	if _, ok, err := d.client.Find(t.Context(), "another"); ok || err != nil {
		t.Errorf("another key: %v, %v", ok, err)
	}
}

func TestWhatIsReadIsTakenLiberally(t *testing.T) {
	t.Parallel()
	eight := time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		body string
		want tmf621.Reading
	}{
		"an id alone":       {`{"id":"1"}`, tmf621.Reading{ID: "1", Status: tmf621.Open}},
		"a number for id":   {`{"id":17,"externalId":4}`, tmf621.Reading{ID: "17", ExternalID: "4", Status: tmf621.Open}},
		"a byte order mark": {"\ufeff {\"id\":\"1\"}", tmf621.Reading{ID: "1", Status: tmf621.Open}},
		"a status that is new": {
			`{"id":"1","status":"waitingForSpare"}`,
			tmf621.Reading{ID: "1", Status: tmf621.Open, Raw: "waitingForSpare"},
		},
		"a status written another way": {
			`{"id":"1","status":"IN_PROGRESS"}`,
			tmf621.Reading{ID: "1", Status: tmf621.InProgress, Raw: "IN_PROGRESS", Acknowledged: true},
		},
		"a status that is no text": {`{"id":"1","status":{}}`, tmf621.Reading{ID: "1", Status: tmf621.Open}},
		"dates of many forms": {
			`{"id":"1","creationDate":"2026-03-02T09:00:00+01:00","lastUpdate":"2026-03-02T09:00:00.000+0100",
			  "expectedResolutionDate":"2026-03-02T08:00:00","statusChangeDate":"demain","resolutionDate":12}`,
			tmf621.Reading{ID: "1", Status: tmf621.Open, CreatedAt: eight, UpdatedAt: eight, ExpectedAt: eight},
		},
		"notes of many forms": {
			`{"id":"1","note":[{"author":"a","date":"2026-03-02T08:00:00Z","text":"t","@type":"Note"},"bare",null,{"text":null}]}`,
			tmf621.Reading{ID: "1", Status: tmf621.Open, Notes: []tmf621.Note{{Author: "a", At: eight, Text: "t"}, {Text: "bare"}, {}, {}}},
		},
		"one note alone": {`{"id":"1","note":{"text":"t"}}`, tmf621.Reading{ID: "1", Status: tmf621.Open, Notes: []tmf621.Note{{Text: "t"}}}},
		"no list":        {`{"id":"1","note":"t","statusChange":7}`, tmf621.Reading{ID: "1", Status: tmf621.Open}},
		"a history": {
			`{"id":"1","status":"resolved","statusChange":[{"status":"resolved","changeDate":"2026-03-02T08:00:00Z"},
			  {"status":"Acknowledged","changeDate":"2026-03-02T07:00:00Z"},7]}`,
			tmf621.Reading{
				ID: "1", Status: tmf621.Resolved, Raw: "resolved", Acknowledged: true, AcknowledgedAt: eight.Add(-time.Hour),
				Resolved: true, ResolvedAt: eight,
			},
		},
		"a resolution that was planned": {
			`{"id":"1","status":"held","resolutionDate":"2026-03-02T08:00:00Z"}`,
			tmf621.Reading{ID: "1", Status: tmf621.Held, Raw: "held", Acknowledged: true},
		},
		"a rejection is no acknowledgement": {
			`{"id":"1","status":"rejected","statusChangeReason":"doublon","statusChangeDate":"2026-03-02T08:00:00Z"}`,
			tmf621.Reading{ID: "1", Status: tmf621.Rejected, Raw: "rejected", Reason: "doublon", ChangedAt: eight},
		},
		"a long status": {
			`{"id":"1","status":"` + strings.Repeat("é", 300) + `"}`,
			tmf621.Reading{ID: "1", Status: tmf621.Open, Raw: strings.Repeat("é", 200)},
		},
	} {
		client, _ := canned(t, "200 "+test.body)
		got, err := client.Read(t.Context(), "1")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsNoTicketIsSaidToBeNone(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"200 <html><title>Portail</title>":   `a page "Portail" instead of JSON`,
		"200 <p>" + strings.Repeat("x", 300): `a page "<p>xxx`,
		"200 ":                               "nothing in it",
		"200 OK":                             `"OK" instead of a ticket`,
		`200 {"id":"1"`:                      "unexpected end of JSON input",
		`200 []`:                             "cannot unmarshal array",
		`200 {"id":"a\nb"}`:                  "want one line",
		`200 {"id":".."}`:                    "want one line",
		`200 {"id":"` + strings.Repeat("1", 101) + `"}`: "want one line",
		`404 {"reason":"absent"}`:                       "404 Not Found: absent",
		`500 ` + strings.Repeat("y", 9_000):             "500 Internal Server Error",
	} {
		client, _ := canned(t, answer)
		_, err := client.Read(t.Context(), "1")
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 600 {
			t.Errorf("%.60s: %v, want %s", answer, err, want)
		}
	}
}

func TestTheSimulatedEventsAreThoseOfTheInterface(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	said := make(chan string, 10)
	callback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		definition := "T" + strings.TrimPrefix(r.URL.Path, "/listener/t")
		for _, wrong := range complaints(t, definition, body) {
			t.Errorf("event: %s", wrong)
		}
		said <- definition
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(callback.Close)
	hub, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.URL()+"/hub", strings.NewReader(`{"callback":"`+callback.URL+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	hub.Header.Set("Content-Type", "application/json")
	hub.Header.Set("Authorization", "Bearer "+token)
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(hub)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("hub: %s, %v", answer.Status, err)
	}
	if wrong := complaints(t, "EventSubscription", body); len(wrong) > 0 {
		t.Errorf("subscription: %q", wrong)
	}
	d.deliver(t, message(1, ticket.OpenMessage))
	d.step(t, operator.TicketStep{Status: "acknowledged"}, operator.TicketStep{Status: "pending", Note: "?"}, operator.TicketStep{Status: "resolved"})
	var got []string
	for len(got) < 8 {
		select {
		case kind := <-said:
			got = append(got, strings.TrimSuffix(strings.TrimPrefix(kind, "TroubleTicket"), "Event"))
		case <-time.After(5 * time.Second):
			t.Fatalf("heard only %q", got)
		}
	}
	want := []string{"Create", "StatusChange", "AttributeValueChange", "StatusChange", "InformationRequired", "AttributeValueChange", "StatusChange", "Resolved"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

package tmf621

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzReadTicket(f *testing.F) {
	f.Add([]byte(`{"id":"1","status":"inProgress","note":[{"text":"t","date":"2026-03-02T08:00:00Z"},"x",null],"statusChange":[{"status":"resolved"}]}`))
	f.Add([]byte(`[{"id":7,"externalId":"K"},{"id":"2"}]`))
	f.Add([]byte(`<html><title>x`))
	f.Add([]byte("\ufeff{}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := readTickets(body)
		one, wrong := readTicket(body)
		if err != nil && wrong != nil {
			return
		}
		if wrong == nil {
			all = append(all, one)
		}
		for _, r := range all {
			if r.ID == "" || !utf8.ValidString(r.ID) || strings.ContainsAny(r.ID, "\r\n") {
				t.Errorf("%q: id %q", body, r.ID)
			}
			if r.Status != Open && !slices.Contains(statuses, r.Status) {
				t.Errorf("%q: status %q", body, r.Status)
			}
			if len(r.Notes) != len(r.notes) {
				t.Errorf("%q: %d notes read, %d kept", body, len(r.Notes), len(r.notes))
			}
			for _, raw := range slices.Concat(r.notes, r.entities) {
				if !json.Valid(raw) {
					t.Errorf("%q: %q goes back and is no JSON", body, raw)
				}
			}
			if r.Resolved && r.Status != Resolved && r.Status != Closed {
				t.Errorf("%q: resolved and %s", body, r.Status)
			}
		}
	})
}

func FuzzReasonIn(f *testing.F) {
	f.Add([]byte(`{"code":"1","reason":"r","message":"m"}`))
	f.Add([]byte(`<title>x</title>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c := &Client{opts: Options{Token: "secret"}}
		p := c.problem(500, true, reasonIn(body))
		if strings.Contains(p.text, "secret") || strings.ContainsAny(p.text, "\r\n") || len(p.text) > maxProblem+len("…") || !utf8.ValidString(p.text) {
			t.Errorf("%q: %q", body, p.text)
		}
	})
}

package operator

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func FuzzPatch(f *testing.F) {
	now := time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)
	f.Add([]byte(`{"status":"inProgress","note":[{"text":"x"}],"name":null}`))
	f.Add([]byte(`{"status":null}`))
	f.Add([]byte(`{"relatedEntity":[{"id":"1","role":"r","@referredType":"Service"}]}`))
	f.Add([]byte(`{"relatedEntity":[],"ID":"7"}`))
	f.Add([]byte(`[]`))
	before := TroubleTicket{ID: "TT-000001", Description: "d", Severity: "s", TicketType: "t", Name: "n", Status: "acknowledged", CreationDate: now}
	f.Fuzz(func(t *testing.T, body []byte) {
		after, err := patch(before, body, now)
		if err != nil {
			return
		}
		if err := after.check(); err != nil || after.ID != before.ID || !after.CreationDate.Equal(now) {
			t.Errorf("%q made %+v of the ticket: %v", body, after, err)
		}
		if after.Status != before.Status && mayMove(before.Status, after.Status) != nil {
			t.Errorf("%q moved the ticket to %q", body, after.Status)
		}
		if again, err := patch(after, []byte(`{}`), now); err != nil || cmp.Diff(after, again, cmpopts.EquateEmpty()) != "" {
			t.Errorf("an empty patch changed (-before +after): %v\n%s", err, cmp.Diff(after, again, cmpopts.EquateEmpty()))
		}
	})
}

package app

import (
	"slices"
	"testing"
	"time"
)

func TestAMessageThatDoesNotLeaveIsNamed(t *testing.T) {
	t.Parallel()
	s := startLoopback(t, 1, "")
	put := func(sql string, args ...any) {
		t.Helper()
		conn, err := s.instance.db.Pool().Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
		// The row stands alone: its ticket is no matter here.
		for _, line := range []string{"SET session_replication_role = replica", "", "RESET session_replication_role"} {
			if line == "" {
				_, err = conn.Exec(t.Context(), sql, args...)
			} else {
				_, err = conn.Exec(t.Context(), line)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(when string, named bool) {
		t.Helper()
		if got := slices.Contains(s.ill(t), "messages"); got != named {
			t.Errorf("%s: messages named %t, want %t", when, got, named)
		}
	}
	put(`INSERT INTO message (ticket_id, number, kind, state, recipient, message_id, subject, body, created_at)
		VALUES (1, 1, 'open', 'held', 'a@b', '<1@b>', '', '', $1)`, time.Now().Add(-time.Hour))
	want("of one that is held", false)
	put(`UPDATE message SET state = 'queued', approved_by = 1, approved_at = $1`, time.Now())
	want("of one approved now", false)
	put(`UPDATE message SET approved_at = $1`, time.Now().Add(-stuckAfter-time.Minute))
	want("of one that should have left", true)
	put(`INSERT INTO sending (stopped, changed_at) VALUES (true, $1) ON CONFLICT (id) DO UPDATE SET stopped = true`, time.Now())
	want("while a person stopped all sending", false)
}

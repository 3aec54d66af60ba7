package watch_test

import (
	"context"
	"testing"

	"vigie/internal/store"
)

// checkWhole holds what must be true of the tables after any history.
func (w *world) checkWhole(t testing.TB) {
	t.Helper()
	for what, sql := range map[string]string{
		"transitions that do not follow each other": `
			SELECT link_id, at, before, former FROM (
				SELECT link_id, at, before, lag(after, 1, 'up') OVER (PARTITION BY link_id ORDER BY at) AS former FROM transition) AS t
			WHERE before <> former`,
		"links whose last transition is not their state": `
			SELECT s.link_id, s.status FROM link_state s
			WHERE s.status <> coalesce((SELECT after FROM transition t WHERE t.link_id = s.link_id ORDER BY at DESC LIMIT 1), 'up')`,
		"links that are down without exactly one running outage, or not down with one": `
			SELECT s.link_id, s.status, count(o.id) FROM link_state s LEFT JOIN outage o ON o.link_id = s.link_id AND o.to_at IS NULL
			GROUP BY s.link_id, s.status, s.state
			HAVING count(o.id) <> (s.status = 'down' OR s.status = 'unknown' AND s.state #>> '{state,former}' = 'down')::int`,
		"outages of one link that overlap": `
			SELECT a.link_id, a.from_at, b.from_at FROM outage a JOIN outage b ON a.link_id = b.link_id AND a.id < b.id
				AND tstzrange(a.from_at, a.to_at) && tstzrange(b.from_at, b.to_at)`,
		"outages of an incident that does not hold the link": `
			SELECT o.link_id, o.from_at, o.incident_id FROM outage o
			WHERE NOT EXISTS (SELECT FROM incident_link l WHERE l.incident_id = o.incident_id AND l.link_id = o.link_id)`,
		"tickets that differ from what the engine remembers": `
			SELECT t.id, t.kind, t.status FROM ticket t JOIN ticket_memory m ON m.ticket_id = t.id
			WHERE t.kind <> m.state->>'kind' OR t.addressee <> m.state->>'to' OR t.incident_id <> (m.state->>'key')::bigint
				OR (t.status = 'open') <> (NOT m.state ? 'resolved')`,
		"open tickets without an open incident": `
			SELECT t.id FROM ticket t WHERE t.status = 'open'
				AND NOT EXISTS (SELECT FROM incident i WHERE i.ticket_id = t.id AND i.closed_at IS NULL)`,
		"links in two open incidents": `
			SELECT (state->>'incident')::bigint FROM link_state WHERE state ? 'incident'
				AND NOT EXISTS (SELECT FROM incident i WHERE i.id = (link_state.state->>'incident')::bigint AND i.closed_at IS NULL)`,
		"messages to be sent without exactly one job": `
			SELECT m.ticket_id, m.number, m.state, count(j.id) FROM message m
			LEFT JOIN river_job j ON j.kind = 'ticket.send' AND (j.args->>'ticket')::bigint = m.ticket_id AND (j.args->>'number')::int = m.number
			GROUP BY m.ticket_id, m.number, m.state
			HAVING count(j.id) <> (m.state IN ('queued', 'cancelled'))::int`,
		"tickets with two messages of a kind in one period": `
			SELECT m.ticket_id, m.kind, count(*) FROM message m WHERE kind IN ('open', 'reopen', 'resolve')
			GROUP BY m.ticket_id, m.kind HAVING count(*) > (SELECT count(*) FROM ticket_period p WHERE p.ticket_id = m.ticket_id)`,
		"transitions that the journal does not hold once": `
			SELECT t.link_id, t.at FROM (SELECT link_id, count(*) AS n, max(at) AS at FROM transition GROUP BY link_id) AS t
			WHERE n <> (SELECT count(*) FROM journal_entry j WHERE j.chain_kind = 'link' AND j.chain_id = t.link_id::text AND j.action LIKE 'link.%')`,
		"outages of which the journal does not hold once what they were": `
			SELECT o.link_id, n FROM (SELECT link_id, count(*) AS n FROM outage WHERE cause IS NOT NULL GROUP BY link_id) AS o
			WHERE n <> (SELECT count(*) FROM journal_entry j WHERE j.chain_kind = 'link' AND j.chain_id = o.link_id::text AND j.action LIKE 'outage.%')`,
		"gaps of one prober that overlap": `
			SELECT a.from_at, a.to_at, a.reason, b.from_at, b.to_at, b.reason FROM gap a JOIN gap b ON a.prober = b.prober AND a.id < b.id
				AND tstzrange(a.from_at, a.to_at) && tstzrange(b.from_at, b.to_at)`,
	} {
		if rows := w.ask(t, sql); len(rows) > 0 {
			t.Errorf("%s: %q", what, rows)
		}
	}
	if _, err := store.NewJournal(w.db).Check(context.Background(), func(int, int) {}); err != nil {
		t.Errorf("journal: %v", err)
	}
}

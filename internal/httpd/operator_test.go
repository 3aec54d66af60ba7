package httpd_test

import (
	"net/http"
	"strings"
	"testing"

	"vigie/internal/httpd/api"
)

// heard is what the system of an operator told of ticket 1.
const heard = `
UPDATE ticket SET channel = 'tmf621' WHERE id = 1;
UPDATE ticket_period SET claimed_at = '2026-11-24 12:55:00Z' WHERE ticket_id = 1;
UPDATE gel SET reason = 'portail fermé' WHERE ticket_id = 1;
INSERT INTO operator_ticket (ticket_id, reference, status, raw, reason, expected_at, read_at, failing_since, problem) VALUES
	(1, 'TT-000042', 'open', 'waitingForSpare', 'pièce commandée', '2026-11-24 16:00:00Z', '2026-11-24 13:04:00Z', '2026-11-24 13:05:00Z', 'GET /troubleTicket: 503');
INSERT INTO remark (ticket_id, number, kind, at, said_at, author, status, text) VALUES
	(1, 1, 'status', '2026-11-24 12:54:00Z', '2026-11-24 12:53:40Z', '', 'acknowledged', 'acknowledged'),
	(1, 2, 'note', '2026-11-24 12:56:00Z', NULL, 'Jean <Guichet>', '', 'Le portail du collège est fermé.'),
	(1, 3, 'promise', '2026-11-24 12:57:00Z', '2026-11-24 16:00:00Z', '', '', '');
`

func TestATicketShowsWhatTheOperatorsSystemTells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, heard)
	b := w.signIn(t, "reseau")
	page := b.get("/tickets/1")
	page.contains(t, "Chez l’opérateur", "TT-000042", "reçu waitingForSpare pièce commandée", "Rétablissement annoncé 24/11/2026 17:00:00",
		"ne répond plus depuis le 24/11/2026 14:05:00", "GET /troubleTicket: 503", "Ticket pris en compte", "Jean <Guichet>", "Le portail du collège est fermé.",
		"Rétabli selon l’opérateur 24/11/2026 13:55:00 contesté, écart 10 min", "portail fermé", "à décider", "l’opérateur")
	if strings.Contains(page.body, "<Guichet>") {
		t.Error("the name of an author is not escaped")
	}
	b.get("/tickets").contains(t, "1 gel à décider")
	told := read[api.Ticket](t, b.get(api.Base+"/tickets/1"))
	if s := told.System; s == nil || s.Reference != "TT-000042" || s.Raw != "waitingForSpare" || len(s.Remarks) != 3 || s.Remarks[1].Author != "Jean <Guichet>" {
		t.Errorf("the API tells %+v of the operator's system", told.System)
	}
	if !told.Gels[0].ToDecide || !told.Absences[0].Contested || *told.Absences[0].ClaimedAt != told.Gels[0].From {
		t.Errorf("the API tells %+v and %+v", told.Gels, told.Absences)
	}
	if mail := read[api.Ticket](t, b.get(api.Base+"/tickets/2")); mail.System != nil {
		t.Errorf("an operator that takes mail has a system: %+v", mail.System)
	}
	meuse := w.signIn(t, "nullepart").get("/tickets/1")
	if meuse.status != http.StatusNotFound {
		t.Errorf("outside the territory: status %d", meuse.status)
	}
}

func TestAGelThatTheOperatorAsksForIsAcceptedOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, heard)
	b := w.signIn(t, "reseau")
	b.get("/tickets/1").contains(t, "Gel demandé par l’opérateur depuis le 24/11/2026 13:55:00", "Accepter le gel")
	done := b.do("POST", "/tickets/1/gels/1", form{"verdict": {"accept"}, "cause": {"site_ferme"}})
	if done.status != http.StatusSeeOther {
		t.Fatalf("status %d, want 303", done.status)
	}
	page := b.get("/tickets/1")
	page.contains(t, "Décision sur le gel enregistrée.", "site fermé", "oui Rémi Réseau, 24/11/2026 14:05:09", "GTR dépassée de 8 min")
	if strings.Contains(page.text(), "Accepter le gel") {
		t.Error("a gel that is decided is offered again")
	}
}

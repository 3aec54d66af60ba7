package httpd_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"vigie/probe"
)

func TestATestIsAskedForWithAConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1001"))
	network := w.signIn(t, "reseau")
	network.get(link).contains(t, "Demander un test")
	if text := w.signIn(t, "audit").get(link).text(); strings.Contains(text, "Demander un test") {
		t.Error("the auditor is offered a test")
	}
	page := network.get(link + "/test")
	page.contains(t, "Test de débit du lien BRE-1001", "Il remplit la ligne dans un sens puis dans l’autre", "192.0.2.1:5201", "10 s dans chaque sens, après 2 s",
		"250 Mbit/s vers le site", "2 000 Mo dans chaque sens", "4,2 % de son contrat", "le test attendrait :")
	if got := network.post(link+"/test", form{"when": {"soon"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a time that is none: status %d", got.status)
	}
	if got := network.post(link+"/test", form{"when": {"slot"}}); got.status != http.StatusSeeOther {
		t.Fatalf("status %d", got.status)
	}
	network.get(link).contains(t, "Test demandé.")
	network.get(link+"/test").contains(t, "Un test est déjà demandé, pour son créneau. Demandé par Rémi Réseau le 24/11/2026 14:05", "prend fin le 08/12/2026 14:05")
}

func TestWhoInsistsOnATestSaysWhyAndNeverInSchoolHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := fmt.Sprintf("/links/%d/test", w.id(t, "link", "BRE-1001"))
	network := w.signIn(t, "reseau")
	without := network.post(link, form{"when": {"now"}, "reason": {"  "}})
	if without.status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: status %d", without.status)
	}
	without.contains(t, "Refusé : dites en 300 caractères au plus pourquoi le test ne peut pas attendre.")
	w.plan.Closed = probe.InSchoolHours
	refused := network.post(link, form{"when": {"now"}, "reason": {"contestation du 20/11"}})
	if refused.status != http.StatusConflict || !strings.Contains(refused.body, `value="contestation du 20/11"`) || !strings.Contains(refused.body, `value="now" disabled`) {
		t.Errorf("in school hours: status %d, or what was typed is lost", refused.status)
	}
	var entries int
	count := func() int {
		if err := w.db.Pool().QueryRow(context.Background(), `SELECT count(*) FROM journal_entry WHERE action = 'test.request'`).Scan(&entries); err != nil {
			t.Fatal(err)
		}
		return entries
	}
	if count() != 0 {
		t.Error("a request that was refused is in the journal")
	}
	w.plan.Closed = probe.OutsideWindow
	if got := network.post(link, form{"when": {"now"}, "reason": {"contestation du 20/11"}}); got.status != http.StatusSeeOther || count() != 1 {
		t.Errorf("status %d and %d entries, want a request and its entry", got.status, entries)
	}
	network.get(link).contains(t, "Un test est déjà demandé, sans attendre.", "prend fin le 24/11/2026 14:35")
}

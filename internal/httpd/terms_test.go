package httpd_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var newTerms = regexp.MustCompile(`href="(/inventory/terms/record[^"]*)"`)

func TestARateIsChangedFromADateOnThePageOfTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	link := fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1001"))
	found := newTerms.FindStringSubmatch(b.get(link).body)
	if found == nil {
		t.Fatal("the page of the link leads to no new terms")
	}
	shown := b.get(strings.ReplaceAll(found[1], "&amp;", "&"))
	for _, value := range []string{`value="BRE-1001"`, `value="200M"`, `value="200"`} {
		if !strings.Contains(shown.body, value) {
			t.Errorf("the form does not hold %s", value)
		}
	}
	typed := form{
		"f.link": {"BRE-1001"}, "f.from": {"2026-12-01"}, "f.price_item": {"500M"}, "f.down_mbps": {"500"}, "f.up_mbps": {"250"}, "f.source": {"avenant 3"},
	}
	if made := b.post("/inventory/terms/record", typed); made.status != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", made.status, made.text())
	}
	// The clock stands before that day: the page says what comes and shows what holds.
	b.get(link).contains(t, "200 Mbit/s vers le site, 200 Mbit/s depuis le site", "depuis le 01/12/2026 : 500 Mbit/s / 250 Mbit/s")
	b.get("/inventory/terms/record?key=BRE-1001+2026-12-01").contains(t, "Changer à partir d’un jour")
	if body := w.signIn(t, "reseau").get(link).body; newTerms.MatchString(body) {
		t.Error("somebody who sees no price is led to terms")
	}
}

func TestARowThatPastBillsRestOnSaysHowToChangeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	const page = "/inventory/links/record?key=BRE-1001"
	edit := form{"key": {"BRE-1001"}, "version": {b.get(page).held(t)}, "f.down_mbps": {"500"}}
	refused := b.post("/inventory/links/record", edit)
	if refused.status != http.StatusUnprocessableEntity {
		t.Errorf("status %d, want 422", refused.status)
	}
	refused.contains(t, "valait « 200 » depuis le 01/09/2025", "terms.csv", "« Modifier à partir d’une date »")
	terms := b.upload("/imports", form{}, csvFile("terms.csv", "link,from,price_item,down_mbps,up_mbps,source", "BRE-1001,2026-12-01,500M,500,500,essai"))
	if got := b.get(terms.header.Get("Location")).status; got != http.StatusForbidden {
		t.Errorf("terms from somebody who sees no prices: status %d, want 403", got)
	}
}

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

func TestTermsFromNovemberLeaveTheBillOfOctoberAndTheAuditOfSeptember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carried(t, 20_000_000, 1_000_000)
	b := w.signIn(t, "admin")
	const october, november = "/statements.csv?month=2026-10", "/statements.csv?month=2026-11"
	audit := "/audit.csv" + september
	bill, audited, current := b.get(october).body, b.get(audit).body, b.get(november).body
	if !strings.Contains(bill, "BRE-1001") || !strings.Contains(audited, "BRE-1001") {
		t.Fatalf("neither bill nor audit is about the link:\n%s\n%s", bill, audited)
	}
	typed := form{
		"f.link": {"BRE-1001"}, "f.from": {"2026-11-16"}, "f.price_item": {"500M"}, "f.down_mbps": {"500"}, "f.up_mbps": {"500"}, "f.source": {"avenant 3"},
	}
	if made := b.post("/inventory/terms/record", typed); made.status != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", made.status, made.text())
	}
	if got := b.get(october).body; got != bill {
		t.Errorf("the bill of October is now\n%s\nand was\n%s", got, bill)
	}
	if got := b.get(audit).body; got != audited {
		t.Errorf("the audit of September is now\n%s\nand was\n%s", got, audited)
	}
	b.get("/audit?period=days&from=2026-11-01&to=2026-11-20").contains(t, "débit depuis le 16/11/2026")
	b.get("/audit.csv?period=days&from=2026-11-01&to=2026-11-20").contains(t, "rates_since", ";500,000;500,000;16/11/2026;")
	was, is := strings.Count(current, "BRE-1001"), strings.Count(b.get(november).body, "BRE-1001")
	if was != 1 || is != 2 {
		t.Errorf("the bill of November has %d lines of the link and had %d, want two and one", is, was)
	}
}

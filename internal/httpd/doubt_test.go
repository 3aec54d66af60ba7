package httpd_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestALinkWithoutAnAddressOfItsOwnIsListedAndSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, `UPDATE router SET address = (SELECT probe_address FROM link WHERE ref = 'BRE-1001') WHERE key = 'r-bre-1002'`)
	b := w.signIn(t, "admin")
	page := b.get("/inventory")
	page.contains(t, "Accès non surveillés sur une adresse à eux", "BRE-1001", "198.18.8.1 le routeur r-bre-1002 d’un autre lien ( BRE-1002 )")
	if n := strings.Count(page.text(), "d’un autre lien"); n != 1 {
		t.Errorf("%d links are doubted, want the one", n)
	}
	b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1001"))).contains(t,
		"Cet accès n’est pas surveillé sur une adresse à lui seul : le routeur r-bre-1002 d’un autre lien ( BRE-1002 )")
	if page := b.get(fmt.Sprintf("/links/%d", w.id(t, "link", "BRE-1002"))); strings.Contains(page.text(), "pas surveillé") {
		t.Error("the link whose router it is is doubted too")
	}
}

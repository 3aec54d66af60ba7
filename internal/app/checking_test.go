package app

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/inventory"
	"vigie/internal/prober"
	"vigie/probe/service"
)

func TestEachProberAsksWhatIsSeenFromWhereItStands(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	x := inventory.NewIndex(inventory.Snapshot{
		Sites:          []inventory.Site{{Key: "lycee"}, {Key: "college"}},
		Establishments: []inventory.Establishment{{UAI: "0670068K", Site: "college"}},
		Links: []inventory.Link{
			{ID: 4, Ref: "A", Sites: []string{"lycee"}}, {ID: 5, Ref: "B", Sites: []string{"college"}}, {ID: 6, Ref: "C", Sites: []string{"lycee"}, Ends: today},
		},
		Checks: []inventory.Check{
			{ID: 1, Key: "amon-a", Scope: inventory.ScopeLink, Subject: "A", From: inventory.FromCore, Service: "https://192.0.2.7/", Status: "200,401", Text: "AMON", Every: time.Minute},
			{ID: 2, Key: "amon-c", Scope: inventory.ScopeLink, Subject: "C", From: inventory.FromCore, Service: "tcp://192.0.2.8:443", Every: time.Minute},
			{ID: 3, Key: "ent-a", Scope: inventory.ScopeLink, Subject: "A", From: inventory.FromSite, Service: "tcp://192.0.2.9:443", Every: time.Minute},
			{ID: 4, Key: "ent-college", Scope: inventory.ScopeSite, Subject: "college", From: inventory.FromSite, Service: "tcp://192.0.2.9:443", Every: time.Hour},
			{ID: 5, Key: "over", Scope: inventory.ScopeSite, Subject: "lycee", From: inventory.FromSite, Service: "tcp://192.0.2.9:443", Every: time.Hour, Ends: today},
		},
	})
	tcp := service.Check{Kind: service.TCP, Host: "192.0.2.9", Port: 443, Timeout: service.DefaultTimeout}
	page := service.Check{
		Kind: service.HTTP, URL: "https://192.0.2.7/", Timeout: service.DefaultTimeout, Redirects: service.DefaultRedirects,
		Expect: service.Expect{Status: service.Statuses{{From: 200, To: 200}, {From: 401, To: 401}}, Text: "AMON"},
	}
	for name, want := range map[string][]prober.Question{
		"":         {{ID: 1, Link: 4, Every: time.Minute, Check: page}},
		"lycee":    {{ID: 3, Link: 4, Every: time.Minute, Check: tcp}},
		"0670068K": {{ID: 4, Link: 5, Every: time.Hour, Check: tcp}},
	} {
		site, err := standing(x, name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := questions(x, site, today)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("asked from %q (-want +got):\n%s", name, diff)
		}
	}
	if _, err := standing(x, "elsewhere"); err == nil {
		t.Error("a site that nobody knows was taken")
	}
}

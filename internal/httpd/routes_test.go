package httpd_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// logins are the askers of the walk, in the order of a visit's wants: nobody, then
// each role with the whole territory, then three with a part of it or none.
var logins = []string{"", "admin", "reseau", "audit", "meuse", "reseau55", "nullepart"}

// visit is one request and the status that each of the logins must get.
type visit struct {
	address string // of the router
	path    string // {bas-rhin}, {meuse}, {site67}, {site55} stand for ids
	form    form
	want    [7]int
}

// visits has at least one row for every address of the router. Links, tickets and
// sites of the Bas-Rhin do not exist for those who see the Meuse.
var visits = []visit{
	{"GET /", "/", nil, [7]int{303, 200, 200, 200, 200, 200, 200}},
	{"GET /map", "/map", nil, [7]int{303, 200, 200, 200, 200, 200, 200}},
	{"GET /map", "/map?departement=67", nil, [7]int{303, 200, 200, 200, 404, 404, 404}},
	{"GET /map", "/map?departement=55", nil, [7]int{303, 200, 200, 200, 200, 200, 404}},
	{"GET /links/{id}", "/links/{bas-rhin}", nil, [7]int{303, 200, 200, 200, 404, 404, 404}},
	{"GET /links/{id}", "/links/{meuse}", nil, [7]int{303, 200, 200, 200, 200, 200, 404}},
	{"GET /links/{id}/figures.csv", "/links/{bas-rhin}/figures.csv?range=13m", nil, [7]int{303, 200, 200, 200, 404, 404, 404}},
	{"GET /links/{id}/figures.csv", "/links/{meuse}/figures.csv", nil, [7]int{303, 200, 200, 200, 200, 200, 404}},
	{"GET /links/{id}/figures.csv", "/links/{meuse}/figures.csv?range=2h", nil, [7]int{303, 422, 422, 422, 422, 422, 422}},
	{"GET /links/{id}/device", "/links/{bas-rhin}/device", nil, [7]int{303, 200, 200, 200, 403, 404, 404}},
	{"GET /links/{id}/device", "/links/{meuse}/device", nil, [7]int{303, 200, 200, 200, 403, 200, 404}},
	{"GET /links/{id}/test", "/links/{bas-rhin}/test", nil, [7]int{303, 200, 200, 403, 403, 404, 404}},
	{"GET /links/{id}/test", "/links/{meuse}/test", nil, [7]int{303, 200, 200, 403, 403, 200, 404}},
	{"POST /links/{id}/test", "/links/{bas-rhin}/test", form{"when": {"slot"}}, [7]int{401, 303, 303, 403, 403, 404, 404}},
	{"POST /links/{id}/test", "/links/{meuse}/test", form{"when": {"now"}, "reason": {"x"}}, [7]int{401, 303, 303, 403, 403, 303, 404}},
	{"GET /sites/{id}", "/sites/{site67}", nil, [7]int{303, 200, 200, 200, 404, 404, 404}},
	{"GET /sites/{id}", "/sites/{site55}", nil, [7]int{303, 200, 200, 200, 200, 200, 404}},
	{"GET /sites/{id}/plan", "/sites/{site67}/plan", nil, [7]int{303, 200, 200, 200, 403, 404, 404}},
	{"GET /sites/{id}/plan", "/sites/{site55}/plan", nil, [7]int{303, 200, 200, 200, 403, 200, 404}},
	{"GET /plan", "/plan", nil, [7]int{303, 200, 200, 200, 403, 200, 200}},
	{"GET /plan/prefix", "/plan/prefix?cidr=10.0.0.0/8", nil, [7]int{303, 200, 200, 200, 403, 404, 404}},
	{"GET /plan/vlans", "/plan/vlans", nil, [7]int{303, 200, 200, 200, 403, 200, 200}},
	{"GET /incidents", "/incidents?which=all", nil, [7]int{303, 200, 200, 200, 200, 200, 200}},
	{"GET /services", "/services", nil, [7]int{303, 200, 200, 200, 200, 200, 200}},
	{"GET /probers", "/probers", nil, [7]int{303, 200, 200, 200, 200, 200, 200}},
	{"GET /tickets", "/tickets", nil, [7]int{303, 200, 200, 200, 200, 200, 200}},
	{"GET /tickets/{id}", "/tickets/1", nil, [7]int{303, 200, 200, 200, 200, 200, 404}},
	{"GET /tickets/{id}", "/tickets/2", nil, [7]int{303, 200, 200, 200, 404, 404, 404}},
	{"GET /statements", "/statements", nil, [7]int{303, 200, 403, 200, 200, 403, 200}},
	{"GET /statements.csv", "/statements.csv?month=2026-10", nil, [7]int{303, 200, 403, 200, 200, 403, 200}},
	{"GET /statements.xlsx", "/statements.xlsx?month=2026-10", nil, [7]int{303, 200, 403, 200, 200, 403, 200}},
	{"GET /audit", "/audit?period=2025-2026&sort=cost", nil, [7]int{303, 200, 200, 200, 200, 200, 200}},
	{"GET /audit", "/audit?period=never", nil, [7]int{303, 422, 422, 422, 422, 422, 422}},
	{"GET /audit.csv", "/audit.csv?period=days&from=2026-09-01&to=2026-10-16", nil, [7]int{303, 200, 200, 200, 200, 200, 200}},
	{"GET /audit.xlsx", "/audit.xlsx?departement=55", nil, [7]int{303, 200, 200, 200, 200, 200, 200}},
	{"GET /live", "/live", nil, [7]int{401, 200, 200, 200, 200, 200, 200}},
	{"POST /tickets/{id}/messages/{message}/approval", "/tickets/2/messages/2/approval", form{}, [7]int{401, 303, 303, 403, 403, 404, 404}},
	{
		"POST /tickets/{id}/acknowledgement", "/tickets/1/acknowledgement",
		form{"reference": {"MIR-1"}, "at": {"2026-11-24T14:00"}},
		[7]int{401, 303, 303, 403, 403, 303, 404},
	},
	{"POST /tickets/{id}/gels/{gel}", "/tickets/1/gels/1", form{"verdict": {"refuse"}}, [7]int{401, 303, 303, 403, 403, 303, 404}},
	{"POST /sending", "/sending", form{"stop": {"yes"}}, [7]int{401, 303, 303, 403, 403, 403, 403}},
	{"POST /operators/{key}/mode", "/operators/cigogne/mode", form{"mode": {"automatic"}}, [7]int{401, 303, 303, 403, 403, 403, 403}},
	{"GET /api/v1/links", "/api/v1/links", nil, [7]int{401, 200, 200, 200, 200, 200, 200}},
	{"GET /api/v1/links/{id}", "/api/v1/links/{bas-rhin}", nil, [7]int{401, 200, 200, 200, 404, 404, 404}},
	{"GET /api/v1/links/{id}", "/api/v1/links/{meuse}", nil, [7]int{401, 200, 200, 200, 200, 200, 404}},
	{"GET /api/v1/sites", "/api/v1/sites", nil, [7]int{401, 200, 200, 200, 200, 200, 200}},
	{"GET /api/v1/sites/{id}", "/api/v1/sites/{site67}", nil, [7]int{401, 200, 200, 200, 404, 404, 404}},
	{"GET /api/v1/sites/{id}", "/api/v1/sites/{site55}", nil, [7]int{401, 200, 200, 200, 200, 200, 404}},
	{"GET /api/v1/probers", "/api/v1/probers", nil, [7]int{401, 200, 200, 200, 200, 200, 200}},
	{"GET /api/v1/incidents", "/api/v1/incidents", nil, [7]int{401, 200, 200, 200, 200, 200, 200}},
	{"GET /api/v1/incidents/{id}", "/api/v1/incidents/1", nil, [7]int{401, 200, 200, 200, 200, 200, 404}},
	{"GET /api/v1/incidents/{id}", "/api/v1/incidents/2", nil, [7]int{401, 200, 200, 200, 404, 404, 404}},
	{"GET /api/v1/tickets", "/api/v1/tickets", nil, [7]int{401, 200, 200, 200, 200, 200, 200}},
	{"GET /api/v1/tickets/{id}", "/api/v1/tickets/1", nil, [7]int{401, 200, 200, 200, 200, 200, 404}},
	{"GET /api/v1/tickets/{id}", "/api/v1/tickets/2", nil, [7]int{401, 200, 200, 200, 404, 404, 404}},
	{"GET /api/v1/links/{id}/device", "/api/v1/links/{bas-rhin}/device", nil, [7]int{401, 200, 200, 200, 403, 404, 404}},
	{"GET /api/v1/links/{id}/device", "/api/v1/links/{meuse}/device", nil, [7]int{401, 200, 200, 200, 403, 200, 404}},
	{"GET /api/v1/sites/{id}/devices", "/api/v1/sites/{site67}/devices", nil, [7]int{401, 200, 200, 200, 403, 404, 404}},
	{"GET /api/v1/sites/{id}/devices", "/api/v1/sites/{site55}/devices", nil, [7]int{401, 200, 200, 200, 403, 200, 404}},
	{"GET /api/v1/prefixes", "/api/v1/prefixes", nil, [7]int{401, 200, 200, 200, 403, 200, 200}},
	{"GET /api/v1/audit", "/api/v1/audit?from=2026-11-01&to=2026-11-20", nil, [7]int{401, 200, 200, 200, 200, 200, 200}},
	{"GET /api/v1/statements", "/api/v1/statements", nil, [7]int{401, 200, 403, 200, 200, 403, 200}},
	{"GET /api/v1/openapi.json", "/api/v1/openapi.json", nil, [7]int{200, 200, 200, 200, 200, 200, 200}},
	{"GET /tokens", "/tokens", nil, [7]int{303, 200, 200, 200, 200, 200, 200}},
	{"POST /tokens", "/tokens", form{"name": {"x"}, "role": {"finance"}, "days": {"30"}}, [7]int{401, 200, 422, 200, 200, 422, 200}},
	{"POST /tokens/{id}/revocation", "/tokens/1/revocation", form{}, [7]int{401, 303, 404, 303, 303, 404, 303}},
	{"GET /inventory", "/inventory", nil, [7]int{303, 200, 200, 403, 403, 403, 403}},
	{"GET /inventory/{table}", "/inventory/sites", nil, [7]int{303, 200, 200, 403, 403, 403, 403}},
	{"GET /inventory/{table}", "/inventory/prices", nil, [7]int{303, 200, 404, 403, 403, 403, 403}},
	{"GET /inventory/{table}", "/inventory/nothing", nil, [7]int{303, 404, 404, 403, 403, 403, 403}},
	{"GET /inventory/{table}/record", "/inventory/links/record?key=BRE-1001", nil, [7]int{303, 200, 200, 403, 403, 403, 403}},
	{"GET /inventory/{table}/record", "/inventory/clauses/record", nil, [7]int{303, 200, 404, 403, 403, 403, 403}},
	{"POST /inventory/{table}/record", "/inventory/sites/record", form{"f.key": {"x"}}, [7]int{401, 422, 422, 403, 403, 403, 403}},
	{"POST /inventory/{table}/record", "/inventory/prices/record", form{"f.lot": {"x"}}, [7]int{401, 422, 404, 403, 403, 403, 403}},
	{"GET /inventory/{table}/record", "/inventory/terms/record?f.link=BRE-1001", nil, [7]int{303, 200, 404, 403, 403, 403, 403}},
	{"POST /inventory/{table}/record", "/inventory/terms/record", form{"f.link": {"x"}}, [7]int{401, 422, 404, 403, 403, 403, 403}},
	{"POST /inventory/{table}/end", "/inventory/links/end", form{"key": {"nobody"}, "day": {"2027-01-01"}}, [7]int{401, 404, 404, 403, 403, 403, 403}},
	{"POST /imports", "/imports", form{}, [7]int{401, 422, 422, 403, 403, 403, 403}},
	{"GET /imports/{id}", "/imports/1", nil, [7]int{303, 404, 404, 403, 403, 403, 403}},
	{"POST /imports/{id}/acceptance", "/imports/1/acceptance", form{}, [7]int{401, 404, 404, 403, 403, 403, 403}},
	{"POST /imports/{id}/withdrawal", "/imports/1/withdrawal", form{}, [7]int{401, 404, 404, 403, 403, 403, 403}},
	{"GET /review", "/review", nil, [7]int{303, 200, 200, 403, 403, 403, 403}},
	{"POST /review", "/review", form{"name": {"x"}}, [7]int{401, 422, 422, 403, 403, 403, 403}},
	{"GET /review.csv", "/review.csv", nil, [7]int{303, 200, 200, 403, 403, 403, 403}},
	{"GET /signin", "/signin", nil, [7]int{200, 303, 303, 303, 303, 303, 303}},
	{"POST /signin", "/signin", form{"login": {"x"}, "password": {"wrong"}}, [7]int{401, 401, 401, 401, 401, 401, 401}},
	{"POST /language", "/language", form{"lang": {"en"}}, [7]int{303, 303, 303, 303, 303, 303, 303}},
	{"GET /static/{file}", "/static/none.css", nil, [7]int{404, 404, 404, 404, 404, 404, 404}},
	{"GET /healthz", "/healthz", nil, [7]int{200, 200, 200, 200, 200, 200, 200}},
	{"GET /metrics", "/metrics", nil, [7]int{200, 200, 200, 200, 200, 200, 200}},
	{"GET /metrics/links", "/metrics/links", nil, [7]int{401, 200, 200, 200, 200, 200, 200}},
	{"POST /signout", "/signout", form{}, [7]int{303, 303, 303, 303, 303, 303, 303}},
}

func TestEveryAddressHasAVisit(t *testing.T) {
	t.Parallel()
	addresses, err := newWorld(t).server.Addresses()
	if err != nil {
		t.Fatal(err)
	}
	var visited []string
	for _, v := range visits {
		visited = append(visited, v.address)
	}
	slices.Sort(addresses)
	slices.Sort(visited)
	if diff := cmp.Diff(addresses, slices.Compact(visited)); diff != "" {
		t.Errorf("addresses of the router and of the visits (-router +visits):\n%s", diff)
	}
}

func TestEveryAddressIsBoundedByRoleAndTerritory(t *testing.T) {
	t.Parallel()
	for column, login := range logins {
		t.Run("as "+login, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ids := strings.NewReplacer(
				"{bas-rhin}", fmt.Sprint(w.id(t, "link", "BRE-1001")), "{meuse}", fmt.Sprint(w.id(t, "link", "MIR-1001")),
				"{site67}", fmt.Sprint(w.id(t, "site", "achenheim-college-paul-wernert")),
				"{site55}", fmt.Sprint(w.id(t, "site", "ancemont-college-louis-de-broglie")),
			)
			b := w.signIn(t, login)
			for _, v := range visits {
				method, _, _ := strings.Cut(v.address, " ")
				got := b.do(method, ids.Replace(v.path), v.form)
				if got.status != v.want[column] {
					t.Errorf("%s %s as %q: status %d, want %d", method, v.path, login, got.status, v.want[column])
				}
				if login == "" && v.want[column] == http.StatusSeeOther && !strings.HasPrefix(got.header.Get("Location"), "/signin") && method == http.MethodGet {
					t.Errorf("%s as nobody leads to %q, want the sign-in page", v.path, got.header.Get("Location"))
				}
			}
		})
	}
}

func TestAPageShowsNothingOutsideTheTerritory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	meuse, nowhere := w.signIn(t, "meuse"), w.signIn(t, "nullepart")
	for _, path := range []string{"/", "/map", "/incidents?which=all", "/tickets?which=all", "/statements", "/statements.csv", "/audit?period=2026", "/audit.csv?period=2026", "/tickets/1", "/api/v1/links?limit=500", "/api/v1/sites?limit=500", "/api/v1/incidents", "/api/v1/tickets", "/api/v1/tickets/1", "/api/v1/incidents/1", "/api/v1/prefixes?limit=500", "/api/v1/statements", "/api/v1/audit?from=2026-11-01&to=2026-11-20&limit=500", "/metrics/links"} {
		for _, foreign := range []string{"BRE-1001", "BRE-1002", "CIG-1001", "VIGIE-2026-000002", "Collectivité européenne", "CIG-4711"} {
			if text := meuse.get(path).body; strings.Contains(text, foreign) {
				t.Errorf("%s shows %q to somebody of the Meuse", path, foreign)
			}
		}
		if strings.HasSuffix(path, "s/1") { // not found
			continue
		}
		for _, foreign := range []string{"MIR-1001", "VIGIE-2026-000001", "Département de la Meuse"} {
			if text := nowhere.get(path).body; strings.Contains(text, foreign) {
				t.Errorf("%s shows %q to somebody without territory", path, foreign)
			}
		}
	}
	if text := meuse.get("/metrics/links").body; !strings.Contains(text, `vigie_link_info{link="MIR-1001",`) {
		t.Errorf("the figures for the Meuse lack its own link MIR-1001:\n%s", text)
	}
	if text := meuse.get("/").text(); !strings.Contains(text, "MIR-1001") {
		t.Errorf("the board of the Meuse does not show its own link MIR-1001:\n%s", text)
	}
}

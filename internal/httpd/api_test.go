package httpd_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/httpd"
	"vigie/internal/httpd/api"
	"vigie/internal/measure"
)

// read decodes a good answer.
func read[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return v
}

func (w *world) document(t *testing.T) document {
	t.Helper()
	return read[document](t, w.visit(t).get(api.Base+"/openapi.json"))
}

// questions has at least one address for every operation of the document, with one
// that gives something to look at.
func (w *world) questions(t *testing.T) map[string][]string {
	id := func(table, value string) string { return fmt.Sprint(w.id(t, table, value)) }
	return map[string][]string{
		"list-links":        {"/links?limit=500", "/links?state=down", "/links?q=nothing-like-it"},
		"get-link":          {"/links/" + id("link", "BRE-1001") + "?range=1h", "/links/" + id("link", "BRE-1001") + "?range=30d", "/links/" + id("link", "BRE-1001") + "?range=1y", "/links/" + id("link", "BRE-1002"), "/links/" + id("link", "MIR-1003")},
		"list-sites":        {"/sites?limit=500"},
		"get-site":          {"/sites/" + id("site", "bar-le-duc-cite-raymond-poincare"), "/sites/" + id("site", "achenheim-college-paul-wernert")},
		"get-device":        {"/links/" + id("link", "BRE-1001") + "/device", "/links/" + id("link", "MIR-1003") + "/device"},
		"list-prefixes":     {"/prefixes?limit=500"},
		"list-site-devices": {fmt.Sprintf("/sites/%d/devices", w.siteOf(t, "BRE-1001")), "/sites/" + id("site", "ancemont-college-louis-de-broglie") + "/devices"},
		"list-probers":      {"/probers", "/probers?limit=1"},
		"list-incidents":    {"/incidents", "/incidents?open=true"},
		"get-incident":      {"/incidents/1", "/incidents/3"},
		"list-tickets":      {"/tickets", "/tickets?number=VIGIE-2026-000002"},
		"get-ticket":        {"/tickets/1", "/tickets/2"},
		"list-audit":        {"/audit?from=2025-09-01&to=2026-08-31&limit=500", "/audit?from=2026-11-01&to=2026-11-23", "/audit?from=2026-11-01&to=2026-11-23&site=barr-college-de-barr"},
		"get-statement":     {"/statements", "/statements?month=2026-10"},
	}
}

func TestEveryOperationAnswersAsItsDocumentSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, plan)
	w.exec(t, quality)
	w.exec(t, walkedRouter)
	d := w.document(t)
	if !strings.HasPrefix(d.OpenAPI, "3.1.") || len(d.Servers) != 1 || d.Servers[0].URL != api.Base {
		t.Errorf("the document is of OpenAPI %q for %v, want 3.1 for %s", d.OpenAPI, d.Servers, api.Base)
	}
	questions := w.questions(t)
	for _, login := range []string{"admin", "meuse", "reseau"} {
		b := w.signIn(t, login)
		for path, methods := range d.Paths {
			for method, op := range methods {
				asked := questions[op.OperationID]
				if method != "get" || len(asked) == 0 {
					t.Errorf("operation %s (%s %s) is asked nothing", op.OperationID, method, path)
				}
				for _, question := range asked {
					got := b.get(api.Base + question)
					kind, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
					response, ok := op.Responses[fmt.Sprint(got.status)]
					if !ok {
						response = op.Responses["default"]
					}
					content, ok := response.Content[kind]
					if !ok || login == "admin" && got.status != http.StatusOK {
						t.Errorf("%s as %s: status %d with %q, which %s does not announce", question, login, got.status, kind, op.OperationID)
						continue
					}
					var value any
					if err := json.Unmarshal([]byte(got.body), &value); err != nil {
						t.Fatal(err)
					}
					for _, wrong := range d.check(content.Schema, value, question) {
						t.Error(wrong)
					}
				}
			}
		}
	}
}

func TestEveryAddressOfTheAPIHasAnOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addresses, err := w.server.Addresses()
	if err != nil {
		t.Fatal(err)
	}
	served := slices.DeleteFunc(addresses, func(a string) bool {
		return !strings.Contains(a, " "+api.Base) || strings.HasSuffix(a, "/openapi.json")
	})
	var described []string
	for path, methods := range w.document(t).Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+api.Base+path)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("operations (-served +described):\n%s", diff)
	}
}

func TestEveryErrorIsAProblemOfRFC9457(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	for path, want := range map[string]api.Problem{
		"/links/999999":                        {Status: 404, Title: "Not Found", Detail: "nothing of that name is in your territory"},
		"/links/0":                             {Status: 422, Title: "Unprocessable Entity", Detail: "validation failed", Errors: []api.Detail{{Location: "path.id", Message: "expected number >= 1"}}},
		"/links/x":                             {Status: 422, Title: "Unprocessable Entity", Detail: "validation failed", Errors: []api.Detail{{Location: "path.id", Message: "invalid integer"}}},
		"/links?state=on-fire":                 {Status: 422, Title: "Unprocessable Entity", Detail: "validation failed", Errors: []api.Detail{{Location: "query.state", Message: `expected value to be one of "up, degraded, down, unknown"`}}},
		"/links?token=vigie_x":                 {Status: 422, Title: "Unprocessable Entity", Detail: "validation failed", Errors: []api.Detail{{Location: "query.token", Message: "unknown query parameter"}}},
		"/links?limit=0":                       {Status: 422, Title: "Unprocessable Entity", Detail: "validation failed", Errors: []api.Detail{{Location: "query.limit", Message: "expected number >= 1"}}},
		"/tickets?after=yesterday":             {Status: 422, Title: "Unprocessable Entity", Detail: `after "yesterday": expected the next of the piece before`},
		"/tickets?number=%00":                  {Status: 422, Title: "Unprocessable Entity", Detail: "validation failed", Errors: []api.Detail{{Location: "query.number", Message: "expected string to match pattern ^[A-Za-z0-9-]+$"}}},
		"/audit?from=2026-01-01":               {Status: 422, Title: "Unprocessable Entity", Detail: "validation failed", Errors: []api.Detail{{Location: "query.to", Message: "required query parameter is missing"}}},
		"/audit?from=2026-02-31&to=2026-03-01": {Status: 422, Title: "Unprocessable Entity", Detail: `from "2026-02-31": expected a day such as 2026-11-24`},
		"/statements?month=2026-10":            {Status: 403, Title: "Forbidden", Detail: "the role does not allow it"},
		"/nowhere":                             {Status: 404, Title: "Not Found", Detail: "no operation stands at this address; /api/v1/openapi.json lists them"},
		"/links/1/../../../statemen":           {Status: 404, Title: "Not Found", Detail: "no operation stands at this address; /api/v1/openapi.json lists them"},
	} {
		got := b.get(api.Base + path)
		want.Type = "about:blank"
		var problem api.Problem
		if err := json.Unmarshal([]byte(got.body), &problem); err != nil {
			t.Errorf("%s: %v in %q", path, err, got.body)
			continue
		}
		if diff := cmp.Diff(want, problem); diff != "" || got.status != want.Status || got.header.Get("Content-Type") != api.ProblemType {
			t.Errorf("%s: status %d with %q, problem (-want +got):\n%s", path, got.status, got.header.Get("Content-Type"), diff)
		}
	}
	if got := b.do(http.MethodPost, api.Base+"/links", form{}); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d, want 405", got.status)
	}
	nobody := w.visit(t).get(api.Base + "/links")
	if nobody.status != http.StatusUnauthorized || nobody.header.Get("WWW-Authenticate") == "" {
		t.Errorf("nobody: status %d, WWW-Authenticate %q", nobody.status, nobody.header.Get("WWW-Authenticate"))
	}
}

func TestWhatFailsInsideIsANumberAndNotItsCause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	w.exec(t, `ALTER TABLE link_state RENAME TO gone`)
	got := b.get(api.Base + "/links")
	var problem api.Problem
	if err := json.Unmarshal([]byte(got.body), &problem); err != nil {
		t.Fatal(err)
	}
	if got.status != 500 || len(problem.Number) != 8 || strings.Contains(got.body, "link_state") {
		t.Errorf("status %d: %s, want 500 with a number only", got.status, got.body)
	}
}

func TestAListIsReadInPiecesWithoutGapOrRepetition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, plan)
	b := w.signIn(t, "admin")
	whole := func(path string) []string { return refs(t, b.get(api.Base+path+"?limit=500")) }
	for path, limit := range map[string]int{"/links": 40, "/sites": 150, "/incidents": 1, "/tickets": 1, "/prefixes": 2} {
		want := whole(path)
		var got []string
		for after, pieces := "", 0; pieces < 200; pieces++ {
			a := b.get(fmt.Sprintf("%s%s?limit=%d&after=%s", api.Base, path, limit, after))
			got = append(got, refs(t, a)...)
			after = url.QueryEscape(read[api.List[json.RawMessage]](t, a).Next)
			if after == "" {
				break
			}
		}
		if len(want) <= limit {
			t.Errorf("%s has %d items: too few to show anything", path, len(want))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s in pieces (-whole +pieces):\n%s", path, diff)
		}
	}
}

// refs are the items of a list, as text.
func refs(t *testing.T, a answer) []string {
	var items []string
	for _, item := range read[api.List[json.RawMessage]](t, a).Items {
		items = append(items, string(item))
	}
	return items
}

func TestTheAPIShowsWhatThePagesShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	down := read[api.Live[api.Link]](t, b.get(api.Base+"/links?state=down"))
	if len(down.Items) != 4 || down.Items[0].Ref != "CIG-1001" || *down.Items[0].TicketNumber != "VIGIE-2026-000002" {
		t.Errorf("links down: %+v, want the four of the board", down.Items)
	}
	sites := read[api.Live[api.Site]](t, b.get(api.Base+"/sites?q=COLLEGE+wernert&departement=67"))
	if len(sites.Items) != 1 || sites.Items[0].State != "down" || sites.Items[0].Links[0].Ref != "CIG-1001" || len(sites.Items[0].UAIs) != 1 {
		t.Errorf("sites found: %+v, want the collège that is cut off", sites.Items)
	}
	ticket := read[api.Ticket](t, b.get(api.Base+"/tickets/1"))
	if *ticket.ClockState != "overrun" || *ticket.Overrun/60 != 11 || *ticket.JournalIntact != true || ticket.Messages[0].Proof != "250 2.0.0 OK: queued as 4F2A" {
		t.Errorf("ticket: %+v", ticket)
	}
	bill := read[api.Statement](t, b.get(api.Base+"/statements?month=2026-11"))
	var gross, due int64
	for _, m := range bill.Members {
		gross += int64(m.Gross)
		for _, line := range m.Lines {
			due += int64(line.Gross)
		}
		due += int64(m.Penalties) - int64(m.Gross)
	}
	if gross != 5698562 || due != 0 || !bill.Draft {
		t.Errorf("the members add up to %d cents, their lines to %d more; want the 5698562 of the page", gross, due)
	}
	link := read[api.LinkDetail](t, b.get(fmt.Sprintf("%s/links/%d?range=1h", api.Base, w.id(t, "link", "BRE-1001"))))
	if link.Series.Coverage == nil || *link.Series.Coverage < 0.91 || *link.Series.Coverage > 0.92 || *link.GTR != 60 || *link.Cost.Monthly != 24720 {
		t.Errorf("link: %+v", link)
	}
}

func TestALinkTellsItsFiguresByTheirStandards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.id(t, "link", "BRE-1001")
	delays := measure.Distribution{Lost: 2}
	for _, micros := range []int32{1000, 2000, 3000, 4000} {
		delays.Add(micros, 2)
	}
	packed, err := delays.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	// In place of what the world measured in the last five minutes of the hour.
	w.exec(t, `DELETE FROM minute WHERE at >= '2026-11-24 13:00Z'`)
	w.exec(t, fmt.Sprintf(`INSERT INTO minute (link_id, at, prober, planned, sent, received, min_micros, median_micros, p95_micros, max_micros, jitter_micros, simulated,
			duplicates, reordered, loss_periods, longest_loss, delays)
		SELECT %d, '2026-11-24 13:01Z', min(id), 10, 10, 8, 1000, 3000, NULL, 4000, 0, false, 3, 1, 1, 2, '\x%x' FROM prober`, id, packed))
	b := w.signIn(t, "admin")
	series := read[api.LinkDetail](t, b.get(fmt.Sprintf("%s/links/%d?range=1h", api.Base, id))).Series
	last := series.Points[len(series.Points)-1]
	at := func(n int32) *int32 { return &n }
	count := func(n int64) *int64 { return &n }
	want := api.Point{
		At: time.Date(2026, 11, 24, 13, 1, 0, 0, time.UTC), Sent: 10, Received: 8, Percentiles: "echoes", CoveredMinutes: 1,
		MinRTT: at(1000), MaxRTT: at(4000), IPDV: at(0), Detailed: 10,
		LossPeriods: count(1), LongestLoss: count(2), Consecutive: count(1), Duplicates: count(3), Reordered: count(1),
		// Within 0.4 % of 2, 3 and, as the eighth of ten, 4 ms; the 95th percentile is lost.
		P25RTT: last.P25RTT, MedianRTT: last.MedianRTT, P75RTT: last.P75RTT,
	}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Errorf("the minute (-want +got):\n%s", diff)
	}
	for name, figure := range map[string]struct {
		got  *int32
		want float64
	}{"25th percentile": {last.P25RTT, 2000}, "median": {last.MedianRTT, 3000}, "75th percentile": {last.P75RTT, 4000}} {
		if figure.got == nil || math.Abs(float64(*figure.got)-figure.want) > 0.004*figure.want {
			t.Errorf("%s %v, want %v within 0.4 %%", name, figure.got, figure.want)
		}
	}
	if first := series.Points[0]; first.Percentiles != "minutes" || first.Duplicates != nil || first.Detailed != 0 {
		t.Errorf("a minute of an older version: %+v, want nothing that it did not look at", first)
	}
	if series.Total == nil || series.Total.Detailed != 10 || *series.Total.Duplicates != 3 || series.Total.Percentiles != "minutes" || series.Total.Consecutive != nil {
		t.Errorf("the whole hour: %+v", series.Total)
	}
	file := b.get(fmt.Sprintf("/links/%d/figures.csv?range=1h", id))
	lines := strings.Split(strings.TrimSpace(file.body), "\n")
	if len(lines) != len(series.Points)+1 || !strings.Contains(lines[0], "pdv_p95_rfc5481_microseconds") || !strings.HasPrefix(lines[len(lines)-1], "2026-11-24T13:01:00Z,10,8,echoes,1000,") {
		t.Errorf("%d lines for %d points, from %s to %s", len(lines), len(series.Points), lines[0], lines[len(lines)-1])
	}
	if got := file.header.Get("Content-Disposition"); !strings.Contains(got, "vigie-BRE-1001-1h.csv") {
		t.Errorf("the file is %s", got)
	}
}

func TestWhoHasTheAnswerIsNotSentItAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	first := b.get(api.Base + "/links")
	tag := first.header.Get("ETag")
	if !strings.HasPrefix(tag, `W/"`) || first.header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("tag %q, cache control %q", tag, first.header.Get("Cache-Control"))
	}
	for given, want := range map[string]int{tag: 304, strings.TrimPrefix(tag, "W/"): 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200} {
		if got := b.get(api.Base+"/links", "If-None-Match", given); got.status != want || want == 304 && got.body != "" {
			t.Errorf("If-None-Match %s: status %d, want %d without a body for 304", given, got.status, want)
		}
	}
	w.exec(t, `UPDATE link_state SET status = 'down' WHERE link_id = (SELECT id FROM link WHERE ref = 'BRE-1005')`)
	if got := b.get(api.Base+"/links", "If-None-Match", tag); got.status != 200 {
		t.Errorf("after a change: status %d, want 200", got.status)
	}
}

func TestABudgetIsSpentAndFillsAgain(t *testing.T) {
	t.Parallel()
	b := httpd.NewBudgets()
	for n := range httpd.RequestsPerMinute {
		if left, wait := httpd.Spend(b, now, "a"); wait != 0 || left != httpd.RequestsPerMinute-1-n {
			t.Fatalf("request %d: %d left, wait %s", n, left, wait)
		}
	}
	if _, wait := httpd.Spend(b, now, "a"); wait <= 0 || wait > time.Second {
		t.Errorf("one too many waits %s, want a moment", wait)
	}
	if _, wait := httpd.Spend(b, now.Add(-time.Hour), "a"); wait <= 0 {
		t.Error("a clock that goes back gives requests")
	}
	if _, wait := httpd.Spend(b, now, "b"); wait != 0 {
		t.Error("one asker spends another's budget")
	}
	if left, wait := httpd.Spend(b, now.Add(time.Minute), "a"); wait != 0 || left != httpd.RequestsPerMinute-1 {
		t.Errorf("a minute later: %d left, wait %s", left, wait)
	}
	for n := range httpd.BudgetsKept + 10 {
		httpd.Spend(b, now, fmt.Sprint("x", n))
	}
	if n := httpd.RememberedBudgets(b); n > httpd.BudgetsKept {
		t.Errorf("%d budgets are kept, want at most %d", n, httpd.BudgetsKept)
	}
}

func TestALinkTellsWhatItCarriedAsThePageShowsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carried(t, 20_000_000, 0) // 160 Mbit/s in all of September; the line up was idle
	admin := w.signIn(t, "admin")
	load := read[api.LinkDetail](t, admin.get(fmt.Sprintf("%s/links/%d?range=1y", api.Base, w.id(t, "link", "BRE-1001")))).Load
	if load.DownP95 == nil || *load.DownP95 != 160_000_000 || load.UpP95 == nil || *load.UpP95 != 0 || load.DownSchool == nil {
		t.Fatalf("95th percentiles %v, %v, of school time %v", load.DownP95, load.UpP95, load.DownSchool)
	}
	full := api.LoadPoint{At: time.Date(2026, 9, 14, 22, 0, 0, 0, time.UTC), Down: 160_000_000, DownPeak: 160_000_000, Covered: 86400}
	if !slices.Contains(load.Points, full) || load.Step != 86400 {
		t.Errorf("steps of %d s without %+v: %+v", load.Step, full, load.Points)
	}
	if idle := read[api.LinkDetail](t, admin.get(fmt.Sprintf("%s/links/%d?range=30d", api.Base, w.id(t, "link", "BRE-1002")))).Load; idle.DownP95 != nil || len(idle.Points) > 0 {
		t.Errorf("what was not measured has a figure: %+v", idle)
	}
}

func TestTheAuditOfASiteIsThatOfItsLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const asked = api.Base + "/audit?from=2026-11-01&to=2026-11-20&site=barr-college-de-barr"
	for login, want := range map[string]int{"admin": 1, "meuse": 0} {
		lines := read[api.List[api.AuditLine]](t, w.signIn(t, login).get(asked)).Items
		if len(lines) != want || want == 1 && lines[0].Link != "BRE-1001" {
			t.Errorf("as %s: %+v, want %d lines", login, lines, want)
		}
	}
}

func TestWhoAsksTooOftenWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	for range httpd.RequestsPerMinute {
		if a := b.get(api.Base + "/incidents/9"); a.status != 404 {
			t.Fatalf("status %d before the budget is spent", a.status)
		}
	}
	a := b.get(api.Base + "/links")
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "1" || a.header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("status %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	if a := w.signIn(t, "audit").get(api.Base + "/links"); a.status != 200 {
		t.Errorf("somebody else: status %d, want 200", a.status)
	}
}

// plan: prefixes of a site of the Meuse, of one of the Bas-Rhin, of none; one block
// stands in two tables.
const plan = `
INSERT INTO vrf (name, enforce_unique) VALUES ('pedagogique', true);
INSERT INTO prefix (cidr, vrf, status, is_pool, mark_utilized, assigned, site) VALUES
	('10.0.0.0/8', NULL, 'container', false, false, false, ''), ('10.67.1.0/24', NULL, 'active', false, false, true, 'achenheim-college-paul-wernert'),
	('10.55.1.0/24', NULL, 'active', false, false, true, 'ancemont-college-louis-de-broglie'),
	('10.55.1.0/24', 'pedagogique', 'reserved', true, false, false, 'ancemont-college-louis-de-broglie'),
	('10.55.1.0/25', 'pedagogique', 'reserved', false, false, false, 'ancemont-college-louis-de-broglie');
`

func TestPrefixesAreThoseOfTheTerritory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, plan)
	for login, want := range map[string][]string{
		"admin":     {" 10.0.0.0/8", " 10.55.1.0/24", " 10.67.1.0/24", "pedagogique 10.55.1.0/24", "pedagogique 10.55.1.0/25"},
		"reseau55":  {" 10.55.1.0/24", "pedagogique 10.55.1.0/24", "pedagogique 10.55.1.0/25"},
		"nullepart": nil,
	} {
		var got []string
		for _, p := range read[api.List[api.Prefix]](t, w.signIn(t, login).get(api.Base+"/prefixes")).Items {
			got = append(got, p.VRF+" "+p.Prefix)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("as %s (-want +got):\n%s", login, diff)
		}
	}
}

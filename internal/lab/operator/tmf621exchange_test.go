package operator_test

import (
	"net/http"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/internal/lab/operator"
)

func TestTheExchangeIsRememberedWithoutTheToken(t *testing.T) {
	t.Parallel()
	server := tickets(t, operator.TicketOptions{Token: "t0p-secret"})
	signed := func(r request) request {
		r.header = http.Header{"Authorization": {"Bearer t0p-secret"}}
		return r
	}
	search := signed(request{method: "GET", path: "/troubleTicket?externalId=A"})
	do(t, server, search)
	do(t, server, search)
	do(t, server, request{method: "GET", path: "/troubleTicket"})
	do(t, server, signed(request{method: "POST", path: "/troubleTicket", body: `{"externalId":"A","description":"d","severity":"s","ticketType":"t"}`}))
	if err := server.Behave(operator.TicketBehaviour{Answer: operator.Silence, Method: "PATCH", Next: 1}); err != nil {
		t.Fatal(err)
	}
	do(t, server, signed(request{method: "PATCH", path: "/troubleTicket/TT-000001", body: `{"name":"n"}`}))
	do(t, server, search)
	const base = "/tmf-api/troubleTicket/v4/troubleTicket"
	want := []operator.Exchange{
		{Method: "GET", Target: base + "?externalId=A", Status: 200, Times: 2},
		{Method: "GET", Target: base, Status: 401, Times: 1},
		{Method: "POST", Target: base, Body: `{"externalId":"A","description":"d","severity":"s","ticketType":"t"}`, Status: 201, Times: 1},
		{Method: "PATCH", Target: base + "/TT-000001", Body: `{"name":"n"}`, Times: 1},
		{Method: "GET", Target: base + "?externalId=A", Status: 200, Times: 1},
	}
	got := server.Exchanges()
	if diff := gocmp.Diff(want, got, cmpopts.IgnoreFields(operator.Exchange{}, "At", "Headers", "Answer")); diff != "" {
		t.Errorf("exchanges (-want +got):\n%s", diff)
	}
	for _, e := range got {
		if text := strings.Join(e.Headers, "\n") + e.Answer; strings.Contains(text, "t0p-secret") {
			t.Errorf("%s %s tells the token:\n%s", e.Method, e.Target, text)
		}
	}
	if e := got[2]; !strings.Contains(e.Answer, `"id": "TT-000001"`) || !strings.Contains(strings.Join(e.Headers, "\n"), "Authorization: Bearer [hidden]") {
		t.Errorf("the opening is %+v", e)
	}
}

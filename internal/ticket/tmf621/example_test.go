package tmf621_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"vigie/internal/ticket"
	"vigie/internal/ticket/tmf621"
)

// What leaves, and what comes back, when an outage is told to an operator.
func ExampleClient_Deliver() {
	operator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL)
		if r.Method == http.MethodGet {
			fmt.Fprint(w, "[]")
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			fmt.Println(err)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, body, "", "  "); err != nil {
			fmt.Println(err)
		}
		fmt.Print(indented.String())
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"TT-000001","status":"acknowledged"}`)
	}))
	defer operator.Close()
	client, err := tmf621.New(tmf621.Options{
		BaseURL: operator.URL + "/tmf-api/troubleTicket/v4", Severity: "critical", TicketType: "lossOfService",
		Customer: tmf621.Customer{ID: "C-42", Name: "Région fictive"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	outcome := client.Deliver(context.Background(), tmf621.Message{
		Key: "VIGIE-2026-000123", Number: 1, Kind: ticket.OpenMessage,
		Subject: "Coupure de 67-0123, collège fictif", Body: "Aucune réponse depuis 08:00.",
		At:          time.Date(2026, time.March, 2, 8, 3, 0, 0, time.UTC),
		Services:    []string{"67-0123"},
		RequestedAt: time.Date(2026, time.March, 2, 12, 3, 0, 0, time.UTC),
	})
	fmt.Println(outcome.Proof)
	// Output:
	// GET /tmf-api/troubleTicket/v4/troubleTicket?externalId=VIGIE-2026-000123
	// POST /tmf-api/troubleTicket/v4/troubleTicket
	// {
	//   "externalId": "VIGIE-2026-000123",
	//   "name": "Coupure de 67-0123, collège fictif",
	//   "description": "Aucune réponse depuis 08:00.",
	//   "severity": "critical",
	//   "ticketType": "lossOfService",
	//   "requestedResolutionDate": "2026-03-02T12:03:00Z",
	//   "relatedEntity": [
	//     {
	//       "id": "67-0123",
	//       "role": "impactedService",
	//       "@referredType": "Service"
	//     }
	//   ],
	//   "relatedParty": [
	//     {
	//       "id": "C-42",
	//       "name": "Région fictive",
	//       "role": "customer",
	//       "@referredType": "Organization"
	//     }
	//   ],
	//   "note": [
	//     {
	//       "author": "Vigie",
	//       "date": "2026-03-02T08:03:00Z",
	//       "text": "[VIGIE-2026-000123.1] Coupure de 67-0123, collège fictif"
	//     }
	//   ]
	// }
	// created TT-000001
}

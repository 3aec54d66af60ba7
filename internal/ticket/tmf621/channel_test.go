package tmf621_test

import (
	"strings"
	"testing"

	"vigie/internal/ticket"
	"vigie/internal/ticket/tmf621"
)

func TestALetterIsCarried(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var channel ticket.Channel = tmf621.NewChannel(d.client)
	opening := ticket.Letter{Subject: "s", Body: "b", Key: "VIGIE-2026-000007", Number: 1, Kind: ticket.OpenMessage, Services: []string{"67-0123"}, Date: eight}
	joined := ticket.Letter{Subject: "s2", Body: "b2", Key: opening.Key, Number: 2, Kind: ticket.JoinMessage, Services: []string{"67-0123", "67-0124"}, Date: eight}
	for _, l := range []ticket.Letter{opening, opening, joined, joined} {
		if o := channel.Send(t.Context(), l); o.Kind != ticket.Done {
			t.Fatalf("message %d: %+v", l.Number, o)
		}
	}
	if got := d.last(t); len(d.Tickets()) != 1 || got.ExternalID != "VIGIE-2026-000007" || len(got.Note) != 2 ||
		got.Note[1].Text != "[VIGIE-2026-000007.2] s2\n\nb2" || len(got.RelatedEntity) != 2 {
		t.Errorf("%+v", d.Tickets())
	}
	for _, l := range []ticket.Letter{{Key: "VIGIE-2026-000007"}, {Number: 1}} {
		if o := channel.Send(t.Context(), l); o.Kind != ticket.GiveUp {
			t.Errorf("%+v: %+v, want it given up", l, o)
		}
	}
}

func TestImpossibleOptionsAreRefused(t *testing.T) {
	t.Parallel()
	good := tmf621.Options{BaseURL: "https://operator.example/v4", Token: "secret", Severity: "s", TicketType: "t"}
	for name, change := range map[string]func(*tmf621.Options){
		"no URL":               func(o *tmf621.Options) { o.BaseURL = "" },
		"another scheme":       func(o *tmf621.Options) { o.BaseURL = "ftp://operator.example" },
		"no host":              func(o *tmf621.Options) { o.BaseURL = "https:///v4" },
		"a user":               func(o *tmf621.Options) { o.BaseURL = "https://u:secret@operator.example" },
		"a query":              func(o *tmf621.Options) { o.BaseURL = "https://operator.example/?k=secret" },
		"no URL but a secret":  func(o *tmf621.Options) { o.BaseURL = "https://u:secret@[" },
		"a token in the clear": func(o *tmf621.Options) { o.BaseURL = "http://operator.example" },
		"no severity":          func(o *tmf621.Options) { o.Severity = "" },
		"no type":              func(o *tmf621.Options) { o.TicketType = "" },
	} {
		o := good
		change(&o)
		if _, err := tmf621.New(o); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want an error that tells no secret", name, err)
		}
	}
	if _, err := tmf621.New(good); err != nil {
		t.Error(err)
	}
}

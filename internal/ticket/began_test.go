package ticket_test

import (
	"strings"
	"testing"
	"time"

	"vigie/internal/ticket"
	"vigie/probe"
)

func TestALetterTellsHowTheFailureBegan(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 11, 24, 13, 0, 9, 480_000_000, time.UTC)
	of := func(end probe.LookEnd, rtts ...int32) *ticket.Began {
		return &ticket.Began{Probed: "198.18.0.1", Look: probe.Look{From: first, LastLost: first.Add(1300 * time.Millisecond), End: end, RTTMicros: rtts}}
	}
	const since = "- premier écho perdu le 24/11/2026 14:00:09,4 vers 198.18.0.1 ; "
	for want, began := range map[string]*ticket.Began{
		since + "ensuite, à dix échos par seconde, aucune réponse à 2 échos, jusqu’à 14:00:10,7\n": of(probe.LookLasting, probe.Lost, probe.Lost),
		since + "ensuite, à dix échos par seconde, perdus : 1 sur 3, le dernier à 14:00:10,7\n":    of(probe.LookLasting, 9, probe.Lost, 9),
		since + "ensuite, à dix échos par seconde, perdus : 2 sur 4, le dernier à 14:00:10,7\n":    of(probe.LookRecovered, probe.Lost, probe.Lost, 9, 9),
		since + "les 2 échos suivants, dix par seconde, ont reçu leur réponse\n":                   of(probe.LookRecovered, 9, 9),
		"tous sans réponse\n- notre sonde joint 2 cibles témoins":                                  nil,
	} {
		f := facts(ticket.Automatic)
		f.Tested.Began = began
		_, body := ticket.Compose(opened(ticket.Automatic).Ticket, ticket.OpenMessage, f)
		body = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(body)
		if !strings.Contains(body, want) || began == nil && strings.Contains(body, "premier écho") {
			t.Errorf("the letter does not say %q:\n%s", want, body)
		}
	}
}

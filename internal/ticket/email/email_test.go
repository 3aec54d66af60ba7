package email_test

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vigie/internal/lab/operator"
	"vigie/internal/ticket"
	"vigie/internal/ticket/email"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mailbox is a real SMTP server of a simulated operator.
func mailbox(t *testing.T, b operator.Behaviour) *operator.Mailbox {
	t.Helper()
	box, err := operator.New(operator.Options{Address: "127.0.0.1:0", Domains: []string{"op.example"}, Folder: t.TempDir(), MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := box.Behave(b); err != nil {
		t.Fatal(err)
	}
	return box
}

func channel(t *testing.T, address string, change func(*email.Options)) *email.Channel {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	o := email.Options{Host: host, Port: n, From: "vigie@member.example"}
	if change != nil {
		change(&o)
	}
	return email.New(o)
}

func letter() ticket.Letter {
	return ticket.Letter{
		To: "desk@op.example", Subject: "[VIGIE-2026-000007] Interruption : L-1, Collège Érasme", Body: "Bonjour,\n\nÀ vérifier : « fibre ».\n",
		MessageID: "<VIGIE-2026-000007.2@member.example>", References: "<VIGIE-2026-000007.1@member.example>",
		Date: time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC),
	}
}

func TestALetterArrivesWithWhatIdentifiesIt(t *testing.T) {
	t.Parallel()
	box := mailbox(t, operator.Behaviour{})
	out := channel(t, box.Addr(), nil).Send(t.Context(), letter())
	if out.Kind != ticket.Done || out.Proof == "" {
		t.Fatalf("outcome %+v, want done with the server's answer", out)
	}
	mails := box.Mails()
	if len(mails) != 1 {
		t.Fatalf("the operator holds %d mails, want 1", len(mails))
	}
	m := mails[0]
	if m.Subject != letter().Subject || m.MessageID != letter().MessageID || m.InReplyTo != letter().References {
		t.Errorf("headers: %+v", m)
	}
	raw, err := os.ReadFile(m.File)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Auto-Submitted: auto-generated", "References: " + letter().References, "Date: Sun, 29 Mar 2026 01:30:00 +0000"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("the mail lacks %q:\n%s", want, raw)
		}
	}
}

func TestEachAnswerOfTheServerHasItsOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behaviour operator.Behaviour
		change    func(*email.Options)
		to        string
		want      ticket.OutcomeKind
		kept      int
	}{
		"451 after the data is not taken":           {behaviour: operator.Behaviour{Answer: operator.Defer}, want: ticket.Retry},
		"550 is refused for good":                   {behaviour: operator.Behaviour{Answer: operator.Reject}, want: ticket.GiveUp},
		"broken off before the 250 may be taken":    {behaviour: operator.Behaviour{Answer: operator.Drop}, want: ticket.Unsure, kept: 1},
		"an unknown domain is refused for good":     {to: "desk@elsewhere.example", want: ticket.GiveUp},
		"an address that cannot exist":              {to: "not an address", want: ticket.GiveUp},
		"no STARTTLS where it is required":          {change: func(o *email.Options) { o.RequireTLS = true }, want: ticket.Retry},
		"a sender that cannot exist is ours to fix": {change: func(o *email.Options) { o.From = "nobody" }, want: ticket.Retry},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := mailbox(t, c.behaviour)
			l := letter()
			if c.to != "" {
				l.To = c.to
			}
			out := channel(t, box.Addr(), c.change).Send(t.Context(), l)
			if out.Kind != c.want || out.Problem == "" {
				t.Errorf("outcome %+v, want kind %d with a problem", out, c.want)
			}
			if got := len(box.Mails()); got != c.kept {
				t.Errorf("the operator holds %d mails, want %d", got, c.kept)
			}
		})
	}
}

func TestALetterSentAgainKeepsItsMessageID(t *testing.T) {
	t.Parallel()
	box := mailbox(t, operator.Behaviour{Answer: operator.Drop, Next: 1})
	ch := channel(t, box.Addr(), nil)
	if out := ch.Send(t.Context(), letter()); out.Kind != ticket.Unsure {
		t.Fatalf("first: %+v, want unsure", out)
	}
	if out := ch.Send(t.Context(), letter()); out.Kind != ticket.Done {
		t.Fatalf("second: %+v, want done", out)
	}
	mails := box.Mails()
	if len(mails) != 2 || mails[0].MessageID != mails[1].MessageID || box.Duplicates() != 1 {
		t.Errorf("mails %+v, want the same Message-ID twice", mails)
	}
}

func TestAServerThatIsAwayMeansLater(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if out := channel(t, address, nil).Send(t.Context(), letter()); out.Kind != ticket.Retry {
		t.Errorf("outcome %+v, want retry", out)
	}
}

func TestASlowServerDoesNotHoldTheJob(t *testing.T) {
	t.Parallel()
	box := mailbox(t, operator.Behaviour{Delay: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	out := channel(t, box.Addr(), nil).Send(ctx, letter())
	if out.Kind != ticket.Unsure && out.Kind != ticket.Retry {
		t.Errorf("outcome %+v, want unsure or retry", out)
	}
}

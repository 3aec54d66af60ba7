package operator

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func FuzzParseMail(f *testing.F) {
	trace := envelope{
		from: "a@b.example", to: []string{"c@d.example", `"odd one"@d.example`},
		at: time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC),
	}.trace()
	f.Add(append(trace, "Subject: =?utf-8?q?=C3=A9?=\r\nMessage-ID: <1@b>\r\nIn-Reply-To: <0@b>\r\n\r\nx"...))
	f.Add(append(trace, "Delivered-To: forged@d.example\r\n\r\n"...))
	f.Add(append(trace, ": \r\n"...))
	f.Add([]byte("Return-Path: <>\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		parsed, err := parseMail(content)
		if err != nil {
			return
		}
		// What was read of the trace writes the same trace.
		again, err := parseMail(append(envelope{from: parsed.From, to: parsed.To, at: parsed.At}.trace(), "\r\n"...))
		if err != nil {
			t.Fatalf("read from %q, but not once more: %v", content, err)
		}
		again.Subject, again.MessageID, again.InReplyTo = parsed.Subject, parsed.MessageID, parsed.InReplyTo
		if diff := cmp.Diff(parsed, again); diff != "" {
			t.Errorf("%q (-read +read again):\n%s", content, diff)
		}
		if strings.ContainsAny(parsed.MessageID+parsed.InReplyTo, "\r\n") {
			t.Errorf("%q: an id holds a line break", content)
		}
	})
}

package access

import (
	"strings"
	"testing"
)

func TestOnlyAWholeTokenIsRead(t *testing.T) {
	t.Parallel()
	text, digest := newSecret()
	got, err := ParseToken(text)
	if err != nil || got != digest {
		t.Errorf("a token that was just made: %v", err)
	}
	for _, bad := range []string{
		"", "vigie_", text[:len(text)-1], text + "A", strings.TrimPrefix(text, Prefix), " " + text, text + "\n", strings.ToUpper(text),
		text[:20] + "\n" + text[20:], text[:20] + "=" + text[21:], "Bearer " + text,
	} {
		if _, err := ParseToken(bad); err == nil || strings.Contains(err.Error(), text[10:]) {
			t.Errorf("%q: %v, want an error that does not tell the token", bad, err)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	text, _ := newSecret()
	for _, seed := range []string{text, "", "vigie_x", text + "=", text[:30]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseToken(text)
		again, errAgain := ParseToken(text)
		if d != again || (err == nil) != (errAgain == nil) {
			t.Error("two readings differ")
		}
		if err == nil && (len(text) != 49 || !strings.HasPrefix(text, Prefix)) {
			t.Errorf("%q was read as a token", text)
		}
	})
}

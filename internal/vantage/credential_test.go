package vantage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/vantage"
)

var whole = vantage.Credential{
	Name: "lyon-2", Core: "vigie.example:4433", Seed: "SUAVERYSECRETTHING", Fingerprint: strings.Repeat("ab", 32),
}

func TestACredentialIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	signed := whole
	signed.Fingerprint, signed.Roots = "", "-----BEGIN CERTIFICATE-----\n"
	cluster := signed
	cluster.Core, cluster.Cluster = "nats-1.example:4222,nats-2.example:4222", true
	for _, want := range []vantage.Credential{whole, signed, cluster} {
		text, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := vantage.ParseCredential(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("credential (-want +got):\n%s", diff)
		}
	}
}

func TestNoFormOfPrintingShowsTheSeed(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, whole); strings.Contains(text, whole.Seed) {
			t.Errorf("%s shows the seed: %s", format, text)
		}
	}
}

func TestACredentialThatIsNotWholeIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	text, err := whole.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"lyon-2", "Lyon", `credential: name: "Lyon"`},
		{"lyon-2", "a.b", `credential: name: "a.b"`},
		{"vigie.example:4433", "vigie.example", `credential: core: "vigie.example", expected host:port`},
		{"vigie.example:4433", "a.example:4222,b.example:4222", `credential: core: "a.example:4222,b.example:4222", expected host:port`},
		{"vigie.example:4433", "0.0.0.0:4433", "stands for every address"},
		{"SUAVERYSECRETTHING", "", "credential: seed: empty"},
		{"abab", "xyxy", "credential: fingerprint: "},
		{"abab", "", "credential: fingerprint: "},
		{`"version": 1`, `"version": 7`, "credential: version: 7, expected 1"},
		{`"name"`, `"nom"`, "vigie prober add"},
		{"}\n", "} {}", "something stands behind it"},
	} {
		_, err := vantage.ParseCredential([]byte(strings.Replace(string(text), c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), whole.Seed) {
			t.Errorf("with %q for %q: %v, want %q", c.new, c.old, err, c.want)
		}
	}
}

func FuzzParseCredential(f *testing.F) {
	text, err := whole.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := vantage.ParseCredential(content)
		if err != nil {
			return
		}
		again, err := c.Encode()
		if err != nil {
			t.Fatalf("what was read is not written: %v", err)
		}
		if back, err := vantage.ParseCredential(again); err != nil || back != c {
			t.Errorf("written and read again: %v, %v", back, err)
		}
	})
}

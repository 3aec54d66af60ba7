package app

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"
)

const shipped = "../../configs/vigie.yaml"

func TestTheShippedConfigurationIsTheDefaultOne(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	var got Configuration
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(DefaultConfiguration(), got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the defaults and %s (-defaults +file):\n%s", shipped, diff)
	}
	for _, key := range keys(reflect.TypeFor[Configuration]()) {
		if !strings.Contains(string(content), key+":") {
			t.Errorf("%s does not show the key %s", shipped, key)
		}
	}
}

// keys are the keys of a configuration and of what lies in it.
func keys(of reflect.Type) []string {
	var out []string
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name != "" {
			out = append(out, name)
		}
		inner := field.Type
		if inner.Kind() == reflect.Map || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			out = append(out, keys(inner)...)
		}
	}
	return out
}

func TestTheExampleOfAnOperatorIsValid(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(content), "\n# tmf621:\n")
	if !found {
		t.Fatalf("%s holds no example", shipped)
	}
	example, _, _ = strings.Cut(example, "\ntmf621:")
	c, err := parseConfiguration([]byte("tmf621:\n" + strings.ReplaceAll(strings.TrimPrefix(example, "# "), "\n# ", "\n")))
	if err != nil {
		t.Fatal(err)
	}
	if w := c.TMF621["cigogne"]; w.BaseURL == "" || w.TokenFile == "" || w.Severity == "" || w.CustomerID == "" {
		t.Errorf("the example gives %+v", w)
	}
}

func TestTheExampleOfCredentialsIsValid(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(content), "    #   - name: access ")
	example, _, ended := strings.Cut(example, "    credentials: []")
	if !found || !ended {
		t.Fatalf("%s holds no example", shipped)
	}
	example = "    #   - name: access " + example
	c, err := parseConfiguration([]byte("prober:\n  snmp:\n    credentials:\n" + strings.ReplaceAll(example, "    # ", "    ")))
	if err != nil {
		t.Fatal(err)
	}
	creds := c.Prober.SNMP.Credentials
	if len(creds) != 2 || creds[0].CommunityFile == "" || creds[1].AuthPasswordFile == "" || creds[1].PrivPasswordFile == "" {
		t.Errorf("the example gives %+v", creds)
	}
}

func TestAWayToAnOperatorThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ yaml, want string }{
		"a token in the clear": {
			"tmf621: {cigogne: {base_url: 'http://cigogne.example', token_file: t, severity: s, ticket_type: t}}",
			"tmf621.cigogne: tmf621: base URL of cigogne.example: want https, since a token would be told",
		},
		"no words of the operator's": {
			"tmf621: {cigogne: {base_url: 'https://cigogne.example'}}",
			`tmf621.cigogne: tmf621: severity "", ticket type "": want both`,
		},
		"a secret in the file itself": {
			"tmf621: {cigogne: {token: secret}}",
			`line 1: unknown key "token"; configs/vigie.yaml shows them all`,
		},
	} {
		if _, err := parseConfiguration([]byte(c.yaml)); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	c := DefaultConfiguration()
	c.TMF621 = map[string]TMF621Configuration{"cigogne": {BaseURL: "https://x.example", TokenFile: "/nowhere/token", Severity: "s", TicketType: "t"}}
	if _, err := c.channels(); err == nil || !strings.Contains(err.Error(), "tmf621.cigogne.token_file: open /nowhere/token") {
		t.Errorf("a token file that is missing: %v", err)
	}
}

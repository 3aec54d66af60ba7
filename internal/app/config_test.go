package app

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
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
	c, err := parseConfiguration([]byte("prober:\n  snmp:\n    credentials:\n" + regexp.MustCompile(`(?m)^    # `).ReplaceAllString(example, "    ")))
	if err != nil {
		t.Fatal(err)
	}
	creds := c.Prober.SNMP.Credentials
	if len(creds) != 2 || creds[0].CommunityFile == "" || creds[1].AuthPasswordFile == "" || creds[1].PrivPasswordFile == "" {
		t.Errorf("the example gives %+v", creds)
	}
}

func TestAConfigurationIsRefusedWithItsKeyItsValueAndWhatIsExpected(t *testing.T) {
	t.Parallel()
	for yaml, want := range map[string]string{
		"prober: {echoes: 256}": "prober: echoes: 256, expected 1 to 255",
		"prober: {gap: 1ms}":    "prober: gap: 1ms, expected at least 20ms",
		"prober: {snmp: {credentials: [{name: a, version: 1, community_file: f}]}}":                                                            `prober: snmp.credentials: a: version: "1", expected 2c or 3`,
		"prober: {snmp: {credentials: [{name: a, version: 2c}]}}":                                                                              `prober: snmp.credentials: a: community_file: empty, expected a file that holds it alone`,
		"prober: {snmp: {credentials: [{name: a, version: 3, user: u, auth: SHA1, auth_password_file: f}]}}":                                   `prober: snmp.credentials: a: auth: "SHA1", expected MD5, SHA, SHA224, SHA256, SHA384 or SHA512`,
		"prober: {snmp: {credentials: [{name: a, version: 3, user: u, auth: SHA, auth_password_file: f, priv: 3DES, priv_password_file: f}]}}": `prober: snmp.credentials: a: priv: "3DES", expected DES, AES, AES192, AES256, AES192C or AES256C`,
		"prober: {snmp: {credentials: [{name: a, version: 3, user: u, auth: SHA}]}}":                                                           `prober: snmp.credentials: a: auth_password_file: empty, expected a file that holds it alone`,
		"prober: {clock: {server: 'x:99999'}}":                                                                                                 `prober: clock.server: "x:99999", expected host or host:port, with a port of 1 to 65535`,
		"prober: {clock: {server: ':123'}}":                                                                                                    `prober: clock.server: ":123", expected host or host:port, with a port of 1 to 65535`,
		"prober: {throughput: {method: http, source: nope}}":                                                                                   `prober: throughput.source: "nope", expected a path that begins with /`,
		"prober: {throughput: {method: http, sink: ''}}":                                                                                       `prober: throughput.sink: "", expected a path that begins with /`,
		"pipe: {replicas: 2}": `pipe.replicas: 2, expected 1, 3 or 5`,
		"pipe: {key_file: f}": `pipe.servers: empty, expected the servers of the cluster to which key_file and ca_file belong`,
		"pipe: {servers: ['nats://a.example:4222'], key_file: f}":                               `pipe.servers: "nats://a.example:4222", expected host:port, such as nats-1.example:4222; the connection is always encrypted`,
		"pipe: {servers: ['a.example:4222']}":                                                   `pipe.key_file: empty, expected the file that vigie nats key wrote`,
		"{pipe: {servers: ['a.example:4222'], key_file: f}, probers: {listen: '0.0.0.0:4433'}}": `pipe.servers: probers come in by the cluster or by probers.listen, "0.0.0.0:4433": expected one of them`,
		"{pipe: {servers: ['a.example:4222'], key_file: f}, prober: {name: Paris}}":             `pipe.servers: prober.name "Paris" names a stream there, expected 1 to 31 small letters, digits and hyphens`,
		"prober: {site: 'le lycée'}":                                                            `prober.site: "le lycée", expected the key of a site or the UAI of a school`,
	} {
		if _, err := parseConfiguration([]byte(yaml)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", yaml, err, want)
		}
	}
	for _, yaml := range []string{
		"prober: {echoes: 255, gap: 20ms}", "prober: {clock: {server: '2001:db8::1'}}", "prober: {clock: {server: '[2001:db8::1]:123'}}",
		"prober: {clock: {server: ntp.example}}", "prober: {clock: {server: 'ntp.example:123'}}", "prober: {site: 0670068K}", "prober: {site: site-1.a}",
		"prober: {throughput: {method: iperf3, source: nope}}",
	} {
		if _, err := parseConfiguration([]byte(yaml)); err != nil {
			t.Errorf("%s: %v", yaml, err)
		}
	}
}

// A file that is missing is told before the start, all of them together.
func TestEveryFileOfAConfigurationIsReadBeforeTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	all := `
mail: {password_file: FILE}
watchdog: {url_file: FILE}
metrics: {push: {url_file: FILE}}
tmf621: {cigogne: {base_url: 'https://x.example', token_file: FILE, severity: s, ticket_type: t}}
probers: {certificate_file: FILE, key_file: FILE}
pipe: {servers: ['nats.example:4222'], key_file: FILE}
prober: {stamp_key_file: FILE, snmp: {profiles: FILE, credentials: [{name: a, version: 2c, community_file: FILE}]}}
`
	_, err := CheckConfiguration(write("missing.yaml", strings.ReplaceAll(all, "FILE", dir+"/none")))
	if err == nil {
		t.Fatal("a configuration whose files are missing is taken")
	}
	for _, want := range []string{
		"mail.password_file: open " + dir + "/none: no such file or directory, expected a file that can be read",
		"watchdog.url_file: open ", "metrics.push.url_file: open ", "probers.certificate_file, key_file: open ", "pipe.key_file: open ", "prober.stamp_key_file: open ",
		"prober.snmp.credentials: a: community_file: open ", "prober.snmp.profiles: " + dir + "/none: expected a folder",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error tells not %s:\n%v", want, err)
		}
	}
	present := "watchdog: {url_file: " + write("url", "https://watch.example/x") + "}\nprober: {snmp: {profiles: " + t.TempDir() +
		", credentials: [{name: a, version: 2c, community_file: " + write("community", "word") + "}]}}\n"
	if _, err := CheckConfiguration(write("present.yaml", present)); err != nil {
		t.Errorf("a configuration whose files are there: %v", err)
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

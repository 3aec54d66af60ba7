package app

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestTheShippedFileOfAProberIsTheDefaultOne(t *testing.T) {
	t.Parallel()
	const shipped = "../../configs/prober.yaml"
	got, err := ReadProberFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(DefaultProberFile(), got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the defaults and %s (-defaults +file):\n%s", shipped, diff)
	}
	content, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys(reflect.TypeFor[ProberFile]()) {
		if !strings.Contains(string(content), key+":") {
			t.Errorf("%s does not show the key %s", shipped, key)
		}
	}
}

func TestAFileOfAProberIsRefusedWithItsKeyItsValueAndWhatIsExpected(t *testing.T) {
	t.Parallel()
	for yaml, want := range map[string]string{
		"alarm: {after: 30s}":            "alarm.after: 30s, expected 2m to 24h",
		"alarm: {to: [max]}":             `alarm.to: "max", expected an address of mail`,
		"alarm: {mail: {port: 0}}":       "alarm.mail.port: 0, expected 1 to 65535",
		"alarm: {url: 'https://secret'}": `line 1: unknown key "url"; configs/prober.yaml shows them all`,
	} {
		if _, err := parseProberFile([]byte(yaml)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", yaml, err, want)
		}
	}
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte("ftp://secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (AlarmConfiguration{URLFile: file}).Open(); err == nil || strings.Contains(err.Error(), "secret") || !strings.HasPrefix(err.Error(), "alarm.url_file: ") {
		t.Errorf("an address that is none: %v, want an error that names the key and not the text", err)
	}
	if _, err := (AlarmConfiguration{To: []string{"a@b"}, Mail: MailConfiguration{PasswordFile: "nowhere"}}).Open(); err == nil || !strings.HasPrefix(err.Error(), "alarm.mail.password_file: open nowhere") {
		t.Errorf("a password file that is missing: %v", err)
	}
}

func FuzzParseProberFile(f *testing.F) {
	f.Add([]byte("alarm: {after: 5m, to: [a@b], mail: {host: h}}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := parseProberFile(content)
		if err == nil && got.Alarm.validate() != nil {
			t.Errorf("%q is taken, but not valid", content)
		}
	})
}

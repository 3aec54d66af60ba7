package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"vigie/internal/outpost"
)

// ProberFile is what a prober elsewhere is configured with beside its credential; its
// core says everything else. configs/prober.yaml shows every key.
type ProberFile struct {
	Alarm AlarmConfiguration `yaml:"alarm"`
}

// AlarmConfiguration is whom a prober tells that its core does not answer.
type AlarmConfiguration struct {
	// After is how long the core is silent before somebody is told.
	After time.Duration `yaml:"after"`
	// To are addresses of mail, which Mail carries; empty = no mail.
	To   []string          `yaml:"to"`
	Mail MailConfiguration `yaml:"mail"`
	// URLFile holds an address that is called by POST; empty = none.
	URLFile string `yaml:"url_file"`
}

// DefaultProberFile tells nobody.
func DefaultProberFile() ProberFile {
	return ProberFile{Alarm: AlarmConfiguration{After: 15 * time.Minute, Mail: DefaultConfiguration().Mail}}
}

// ReadProberFile reads a file over the defaults. Unknown keys are refused; the error
// names the file and the line or key.
func ReadProberFile(name string) (ProberFile, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return ProberFile{}, fmt.Errorf("configuration: %w", err)
	}
	f, err := parseProberFile(content)
	if err != nil {
		return ProberFile{}, fmt.Errorf("configuration %s: %w", name, err)
	}
	return f, nil
}

func parseProberFile(content []byte) (ProberFile, error) {
	f := DefaultProberFile()
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return ProberFile{}, plain(err, "configs/prober.yaml")
	}
	if err := f.Alarm.validate(); err != nil {
		return ProberFile{}, fmt.Errorf("alarm.%w", err)
	}
	return f, nil
}

func (c AlarmConfiguration) validate() error {
	if c.After < 2*time.Minute || c.After > 24*time.Hour {
		return fmt.Errorf("after: %s, expected 2m to 24h", c.After)
	}
	for _, to := range c.To {
		if !strings.Contains(to, "@") {
			return fmt.Errorf("to: %.80q, expected an address of mail", to)
		}
	}
	if err := c.Mail.validate(); err != nil {
		return fmt.Errorf("mail.%w", err)
	}
	return nil
}

// Open reads the files that the configuration names. Errors do not show the address,
// which may hold a secret.
func (c AlarmConfiguration) Open() (outpost.Alarm, error) {
	a := outpost.Alarm{After: c.After, To: c.To}
	_, a.Domain, _ = strings.Cut(c.Mail.From, "@")
	var err error
	if len(c.To) > 0 {
		if a.Mail, err = c.Mail.channel("alarm.mail"); err != nil {
			return outpost.Alarm{}, err
		}
	}
	if a.URL, err = secret("alarm.url_file", c.URLFile); err != nil || c.URLFile == "" {
		return a, err
	}
	u, err := url.Parse(a.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return outpost.Alarm{}, fmt.Errorf("alarm.url_file: %s does not hold an address such as https://alarm.example/token", c.URLFile)
	}
	return a, nil
}

package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"vigie/internal/history"
	"vigie/internal/incident"
	"vigie/internal/intake"
	"vigie/internal/prober"
	"vigie/internal/ticket"
	"vigie/internal/ticket/tmf621"
	"vigie/internal/watch"
)

// Configuration is the whole of vigie.yaml.
type Configuration struct {
	// Listen is the address of the pages, host:port.
	Listen string `yaml:"listen"`
	// TLSProxy says that a proxy which speaks TLS stands before the pages.
	TLSProxy bool `yaml:"tls_proxy"`
	// DatabaseURL is a PostgreSQL of your own; empty = the private one.
	DatabaseURL string `yaml:"database_url"`
	// Prober is the name of this vantage point and how it probes.
	Prober ProberConfiguration `yaml:"prober"`
	// Probers are those elsewhere.
	Probers ProbersConfiguration `yaml:"probers"`
	// Pipe is the way of batches from probers to the core.
	Pipe PipeConfiguration `yaml:"pipe"`
	Mail MailConfiguration `yaml:"mail"`
	// TMF621 is the way to each operator that takes tickets by that interface, by
	// the operator's key.
	TMF621 map[string]TMF621Configuration `yaml:"tmf621"`
	// RemindAfter is the time without acknowledgement after which the operator's
	// second level is called.
	RemindAfter time.Duration `yaml:"remind_after"`
	// Watchdog is who notices that Vigie is silent.
	Watchdog WatchdogConfiguration `yaml:"watchdog"`
	// History is how long what was measured is kept.
	History history.Retention `yaml:"history"`
	// Metrics is who takes the figures without asking for them.
	Metrics MetricsConfiguration `yaml:"metrics"`
}

// WatchdogConfiguration is an address elsewhere that is called as long as all is well.
type WatchdogConfiguration struct {
	// URLFile holds the address alone: whoever knows it may call it too.
	URLFile string        `yaml:"url_file"`
	Every   time.Duration `yaml:"every"`
}

// ProberConfiguration names the vantage point beside its rhythm.
type ProberConfiguration struct {
	Name string `yaml:"name"`
	// Site is the site where it stands, its key or the UAI of a school there; empty = in
	// the core. One at a site makes the checks from there and measures no link.
	Site                 string `yaml:"site"`
	prober.Configuration `yaml:",inline"`
}

// MailConfiguration is the way to the operators.
type MailConfiguration struct {
	Host         string `yaml:"host"`
	Port         int    `yaml:"port"`
	From         string `yaml:"from"`
	RequireTLS   bool   `yaml:"require_tls"`
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
}

func (m MailConfiguration) validate() error {
	switch {
	case m.Port < 1 || m.Port > 65535:
		return fmt.Errorf("port: %d, expected 1 to 65535", m.Port)
	case !strings.Contains(m.From, "@"):
		return fmt.Errorf("from: %q, expected an address", m.From)
	}
	return nil
}

// TMF621Configuration is the way to one operator's ticket system.
type TMF621Configuration struct {
	BaseURL   string `yaml:"base_url"`
	TokenFile string `yaml:"token_file"`
	// Severity and TicketType are words of the operator's for a loss of service.
	Severity     string `yaml:"severity"`
	TicketType   string `yaml:"ticket_type"`
	CustomerID   string `yaml:"customer_id"`
	CustomerName string `yaml:"customer_name"`
}

// DefaultConfiguration is a real installation that nobody has configured yet.
func DefaultConfiguration() Configuration {
	return Configuration{
		Listen:      "127.0.0.1:8080",
		Prober:      ProberConfiguration{Name: "local", Configuration: prober.DefaultConfiguration()},
		Mail:        MailConfiguration{Host: "127.0.0.1", Port: 25, From: "vigie@localhost"},
		RemindAfter: ticket.DefaultPolicy().RemindAfter,
		Watchdog:    WatchdogConfiguration{Every: time.Minute},
		Metrics:     MetricsConfiguration{Push: PushConfiguration{Every: 30 * time.Second}},
		Probers:     ProbersConfiguration{SecondPercent: 25},
		Pipe:        PipeConfiguration{Replicas: 3},
		History:     history.DefaultRetention(),
	}
}

// ReadConfiguration reads a file over the defaults. Unknown keys are refused;
// the error names the file and the line or key.
func ReadConfiguration(name string) (Configuration, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return Configuration{}, fmt.Errorf("configuration: %w", err)
	}
	c, err := parseConfiguration(content)
	if err != nil {
		return Configuration{}, fmt.Errorf("configuration %s: %w", name, err)
	}
	return c, nil
}

func parseConfiguration(content []byte) (Configuration, error) {
	c := DefaultConfiguration()
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Configuration{}, plain(err, "configs/vigie.yaml")
	}
	return c, c.validate()
}

var unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)

// plain says on one line what the decoder found, without the names of Go types; whole is
// the file that shows every key.
func plain(err error, whole string) error {
	var found *yaml.TypeError
	if !errors.As(err, &found) {
		return err
	}
	lines := make([]string, len(found.Errors))
	for i, line := range found.Errors {
		lines[i] = unknownKey.ReplaceAllString(line, `unknown key "$1"; `+whole+` shows them all`)
	}
	return errors.New(strings.Join(lines, "; "))
}

func (c Configuration) validate() error {
	switch {
	case !strings.Contains(c.Listen, ":"):
		return fmt.Errorf("listen: %q, expected host:port", c.Listen)
	case c.Prober.Name == "" || strings.ContainsAny(c.Prober.Name, ".*> \t"):
		return fmt.Errorf("prober.name: %q, expected a word without dot, star or space", c.Prober.Name)
	case c.Prober.Site != "" && !intake.IsKey(c.Prober.Site):
		return fmt.Errorf("prober.site: %q, expected the key of a site or the UAI of a school", c.Prober.Site)
	case c.RemindAfter <= 0:
		return fmt.Errorf("remind_after: %s, expected more than 0", c.RemindAfter)
	case c.Watchdog.Every < 10*time.Second || c.Watchdog.Every > time.Hour:
		return fmt.Errorf("watchdog.every: %s, expected 10s to 1h", c.Watchdog.Every)
	}
	if err := c.Mail.validate(); err != nil {
		return fmt.Errorf("mail.%w", err)
	}
	for operator, way := range c.TMF621 {
		token := "any" // its file is read at the start only
		if way.TokenFile == "" {
			token = ""
		}
		if _, err := tmf621.New(way.options(token)); err != nil {
			return fmt.Errorf("tmf621.%s: %w", operator, err)
		}
	}
	if err := c.Prober.Validate(); err != nil {
		return fmt.Errorf("prober: %w", err)
	}
	if err := c.Probers.validate(); err != nil {
		return fmt.Errorf("probers: %w", err)
	}
	if err := c.Pipe.validate(c); err != nil {
		return fmt.Errorf("pipe.%w", err)
	}
	if err := c.History.Validate(); err != nil {
		return fmt.Errorf("history.%w", err)
	}
	if err := c.Metrics.Push.validate(); err != nil {
		return fmt.Errorf("metrics.push.%w", err)
	}
	return nil
}

// secret reads what stands alone in a file; none is kept in the configuration.
func secret(key, file string) (string, error) {
	if file == "" {
		return "", nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w, expected a file that can be read", key, err)
	}
	return strings.TrimSpace(string(content)), nil
}

// policy is how the live chain decides in a real installation.
func (c Configuration) policy() watch.Policy {
	p := watch.Policy{
		Incident: incident.DefaultPolicy(), Ticket: ticket.DefaultPolicy(), Echoes: c.Prober.Echoes, PollEvery: c.Prober.SNMP.Interval,
	}
	p.Incident.Link.Cycle = c.Prober.Cycle
	p.Ticket.RemindAfter = c.RemindAfter
	_, p.Ticket.Domain, _ = strings.Cut(c.Mail.From, "@")
	return p
}

// The demo is faster than a real installation, so that a whole outage fits into
// five minutes. The pages say so.
const (
	demoCycle        = 5 * time.Second
	demoPoll         = 10 * time.Second
	demoTrace        = 10 * time.Minute
	demoWalk         = time.Hour
	demoOpen         = 30 * time.Second
	demoOpenMass     = 20 * time.Second
	demoResolve      = 60 * time.Second
	demoRemind       = 60 * time.Second
	demoLook         = 5 * time.Second
	demoOpenDegraded = 2 * time.Minute
	demoFlapExit     = 90 * time.Second
)

func (c Configuration) demo() Configuration {
	c.Prober.TraceEvery = demoTrace
	c.Prober.Cycle, c.Prober.SNMP.Interval, c.Prober.SNMP.Walk = demoCycle, demoPoll, demoWalk
	c.RemindAfter = demoRemind
	c.Mail.From = "vigie@demo.example"
	c.demoTests()
	return c
}

// demoPolicy scales the windows of the rules with the cycle and sets the delays
// of the demo.
func (c Configuration) demoPolicy() watch.Policy {
	p := c.policy()
	scale := func(d *time.Duration) { *d /= incident.DefaultPolicy().Link.Cycle / demoCycle }
	for _, d := range []*time.Duration{
		&p.Incident.Link.UnknownAfter, &p.Incident.MassWindow, &p.Incident.MassJoin, &p.Incident.SiteWindow,
		&p.Incident.OperatorWindow, &p.Incident.MaintenanceGrace, &p.Incident.FlapWindow,
	} {
		scale(d)
	}
	p.Incident.OpenDelay, p.Incident.OpenDelayMass, p.Incident.OpenDelayDegraded = demoOpen, demoOpenMass, demoOpenDegraded
	p.Incident.ResolveAfter, p.Incident.FlapExit = demoResolve, demoFlapExit
	p.Ticket.LookEvery, p.Ticket.Simulated = demoLook, true
	return p
}

package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"vigie/internal/access"
	"vigie/internal/fault"
	"vigie/internal/i18n"
	"vigie/internal/intake"
	"vigie/internal/store"
	"vigie/internal/ticket"
)

const opBegin operation[Beginning, ImportAnswer] = "init"

// Beginning is what an installation needs before its first cycle: members, canaries
// and an operator as inventory files, and who administers it.
type Beginning struct {
	Files []intake.File `json:"files"`
	Admin NewPerson     `json:"admin"`
}

// Begin makes an empty database a real installation. The administrator comes last, so
// that what a crash left half done is begun again; once somebody may sign in it is
// fault.Conflict. Problems of the files are in the answer, and nothing is saved then.
func (i *Instance) Begin(ctx context.Context, b Beginning) (ImportAnswer, error) {
	purpose, err := i.db.Purpose(ctx)
	if err != nil {
		return ImportAnswer{}, err
	}
	if purpose == store.Demo {
		return ImportAnswer{}, fault.Errorf(fault.Conflict, "the database holds a demo: name another data directory for a real installation")
	}
	people, err := i.access().People(ctx, access.Console())
	if err != nil {
		return ImportAnswer{}, err
	}
	if len(people) > 0 {
		return ImportAnswer{}, fault.Errorf(fault.Conflict, "the installation has begun: %d may sign in already; vigie user and vigie import change it", len(people))
	}
	if err := i.db.Claim(ctx, store.Real, time.Now()); err != nil {
		return ImportAnswer{}, err
	}
	answer, err := i.Import(ctx, ImportRequest{Files: b.Files})
	if err != nil || answer.Problems != nil {
		return answer, err
	}
	_, err = i.AddPerson(ctx, b.Admin)
	return answer, err
}

// Begin asks the running instance to begin.
func (r *Remote) Begin(ctx context.Context, b Beginning) (ImportAnswer, error) {
	return opBegin.call(ctx, r, b)
}

// ConfigurationText is the file of a configuration: what differs from installation to
// installation. A value that serve would refuse is refused.
func ConfigurationText(c Configuration) ([]byte, error) {
	text, err := yaml.Marshal(struct {
		Listen string `yaml:"listen"`
		Mail   struct {
			Host string `yaml:"host"`
			Port int    `yaml:"port"`
			From string `yaml:"from"`
		} `yaml:"mail"`
	}{c.Listen, struct {
		Host string `yaml:"host"`
		Port int    `yaml:"port"`
		From string `yaml:"from"`
	}{c.Mail.Host, c.Mail.Port, c.Mail.From}})
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	text = append([]byte("# What is not here has its default; configs/vigie.yaml of the sources shows every key.\n"), text...)
	if _, err := parseConfiguration(text); err != nil {
		return nil, fmt.Errorf("the new configuration: %w", err)
	}
	return text, nil
}

// WriteConfiguration writes a new file that others cannot read; one that exists is kept,
// and fs.ErrExist says so.
func WriteConfiguration(name string, text []byte) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(text); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// SendTest sends one message by the configured mail server, to show that it takes
// them, and returns what the server answered.
func SendTest(ctx context.Context, m MailConfiguration, to string, p i18n.Printer, now time.Time) (string, error) {
	channel, err := m.channel("mail")
	if err != nil {
		return "", err
	}
	_, domain, _ := strings.Cut(m.From, "@")
	outcome := channel.Send(ctx, ticket.Letter{
		To: to, Subject: p.T("mail.test.subject"), Body: p.T("mail.test.body"), Date: now,
		MessageID: fmt.Sprintf("<vigie-test.%d@%s>", now.UnixMicro(), domain),
	})
	if outcome.Kind != ticket.Done {
		return "", fmt.Errorf("test message to %s by %s:%d: %s", to, m.Host, m.Port, outcome.Problem)
	}
	return outcome.Proof, nil
}

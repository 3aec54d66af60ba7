package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vigie/internal/app"
	"vigie/internal/intake"
)

type initCommand struct {
	Config    string   `help:"Configuration file: written when it does not exist, else read and kept." default:"vigie.yaml" placeholder:"FILE"`
	Listen    string   `help:"Address of the pages, for a new configuration." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	MailHost  string   `help:"Mail server, for a new configuration." default:"127.0.0.1"`
	MailPort  int      `help:"Port of the mail server, for a new configuration." default:"25"`
	MailFrom  string   `help:"Address that operators see and answer, for a new configuration." placeholder:"ADDRESS"`
	Admin     string   `help:"Login of the first administrator." placeholder:"LOGIN"`
	AdminName string   `help:"Name of the first administrator." placeholder:"NAME"`
	Member    []string `help:"A member of the group; the first is the administrator's. Again for each." placeholder:"KEY=KIND:NAME" sep:"none"`
	Canary    []string `help:"A target that tells whether we are connected ourselves; two or more, by different paths." placeholder:"KEY=ADDRESS,PATH" sep:"none"`
	Operator  string   `help:"The first operator; it is only observed until a person changes that on a page." placeholder:"KEY=ADDRESS:NAME"`
	TestMail  string   `help:"Where to send a test message; none is sent without it." placeholder:"ADDRESS"`
	passwordFlags
}

// Help gives examples.
func (initCommand) Help() string {
	return `On a terminal, what is not given is asked. Nothing is sent to an operator by itself.
KIND is region, departement, collectivite, academie or etablissement.

Examples:
  vigie init
  vigie init --config /etc/vigie/vigie.yaml --mail-from vigie@region.example \
    --admin ada --admin-name "Ada Martin" --generate-password \
    --member region=region:"Région Grand Est" \
    --canary gateway=192.0.2.1,core --canary dns=198.51.100.53,transit \
    --operator telco=desk@telco.example:"Telco SA" --test-mail ada@region.example`
}

// Run begins a real installation.
func (c initCommand) Run(s surroundings) error {
	if err := c.complete(s); err != nil {
		return err
	}
	files, err := c.files()
	if err != nil {
		return err
	}
	if err := c.mayTest(s); err != nil {
		return err
	}
	configuration, text, err := c.configuration(s)
	if err != nil {
		return err
	}
	hash, told, err := c.hash(s, c.Admin)
	if err != nil {
		return err
	}
	if err := c.begin(s, configuration, app.Beginning{Files: files, Admin: app.NewPerson{Person: app.Person{
		Login: c.Admin, Name: c.AdminName, Role: "admin", Everything: true, Organisation: before(c.Member[0], "="),
	}, PasswordHash: hash}}); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%sthe installation has begun: %s administers it\n", told, c.Admin)
	if text != nil {
		if err := app.WriteConfiguration(c.Config, text); err != nil {
			return err
		}
		fmt.Fprintf(s.talk, "%s written\n", c.Config)
	}
	if c.TestMail != "" {
		proof, err := app.SendTest(s.ctx, configuration.Mail, c.TestMail, s.print, time.Now())
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "test message to %s taken: %s\n", c.TestMail, proof)
	}
	_, err = fmt.Fprintf(s.out, "next: vigie import your inventory, then vigie serve --config %s\n", c.Config)
	return err
}

// begin asks the running instance, or opens the database that the configuration names.
func (c initCommand) begin(s surroundings, configuration app.Configuration, b app.Beginning) error {
	commands, err := s.reachWith(configuration.DatabaseURL)
	if err != nil {
		return err
	}
	defer s.leave(commands)
	answer, err := commands.Begin(s.ctx, b)
	if err != nil {
		return err
	}
	if answer.Problems != nil {
		fmt.Fprint(s.talk, answer.Problems)
		fmt.Fprintln(s.talk, "vigie: nothing was saved")
		return errSaid
	}
	return nil
}

// complete asks on the terminal for what was not given.
func (c *initCommand) complete(s surroundings) error {
	ask := func(flag, question string) (string, error) {
		if !isTerminal(os.Stdin) {
			return "", &usageError{"no terminal to ask on: give " + flag}
		}
		return askLine(s.talk, question+": ")
	}
	var err error
	for _, one := range []struct {
		to             *string
		flag, question string
	}{
		{&c.Admin, "--admin", "Login of the first administrator"},
		{&c.AdminName, "--admin-name", "Their name"},
		{&c.Operator, "--operator", "First operator, as KEY=ADDRESS:NAME (telco=desk@telco.example:Telco SA)"},
	} {
		if *one.to == "" {
			if *one.to, err = ask(one.flag, one.question); err != nil {
				return err
			}
		}
	}
	if len(c.Member) == 0 {
		if c.Member, err = askList(ask, "--member", "Member of the group, as KEY=KIND:NAME (an empty line ends the list)"); err != nil {
			return err
		}
	}
	if len(c.Canary) == 0 {
		if c.Canary, err = askList(ask, "--canary", "Canary, as KEY=ADDRESS,PATH (two or more; an empty line ends the list)"); err != nil {
			return err
		}
	}
	if c.MailFrom == "" && !exists(c.Config) {
		c.MailFrom, err = ask("--mail-from", "Address that operators see and answer")
	}
	return err
}

func askList(ask func(flag, question string) (string, error), flag, question string) ([]string, error) {
	var list []string
	for {
		line, err := ask(flag, question)
		if err != nil || line == "" {
			return list, err
		}
		list = append(list, line)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func before(text, mark string) string {
	part, _, _ := strings.Cut(text, mark)
	return strings.TrimSpace(part)
}

// source says in the inventory where these rows come from.
const source = "vigie init"

// files writes what was given as inventory files: one way of checking them.
func (c initCommand) files() ([]intake.File, error) {
	members := [][]string{{"key", "name", "kind", "source"}}
	for _, given := range c.Member {
		key, kind, name, ok := threeOf(given, ":")
		if !ok {
			return nil, &usageError{fmt.Sprintf("--member %q: expected KEY=KIND:NAME", given)}
		}
		members = append(members, []string{key, name, kind, source})
	}
	canaries := [][]string{{"key", "name", "address", "path", "source"}}
	var paths []string
	for _, given := range c.Canary {
		key, address, path, ok := threeOf(given, ",")
		if !ok {
			return nil, &usageError{fmt.Sprintf("--canary %q: expected KEY=ADDRESS,PATH", given)}
		}
		canaries, paths = append(canaries, []string{key, key, address, path, source}), append(paths, path)
	}
	slices.Sort(paths)
	if len(slices.Compact(paths)) < 2 {
		return nil, &usageError{"--canary: two or more by different paths are needed, or the loss of one path would look like everybody's"}
	}
	key, address, name, ok := threeOf(c.Operator, ":")
	if !ok || len(members) == 1 {
		return nil, &usageError{fmt.Sprintf("--operator %q, expected KEY=ADDRESS:NAME; --member %d times, expected once or more", c.Operator, len(members)-1)}
	}
	operators := [][]string{{"key", "name", "ticket_email", "source"}, {key, name, address, source}}
	var files []intake.File
	for file, rows := range map[string][][]string{"organisations.csv": members, "canaries.csv": canaries, "operators.csv": operators} {
		var content strings.Builder
		if err := csv.NewWriter(&content).WriteAll(rows); err != nil {
			return nil, err
		}
		files = append(files, intake.File{Name: file, Content: []byte(content.String())})
	}
	slices.SortFunc(files, func(a, b intake.File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// threeOf reads KEY=A<mark>B; all three parts have something in them.
func threeOf(text, mark string) (key, a, b string, ok bool) {
	key, rest, _ := strings.Cut(text, "=")
	a, b, _ = strings.Cut(rest, mark)
	key, a, b = strings.TrimSpace(key), strings.TrimSpace(a), strings.TrimSpace(b)
	return key, a, b, key != "" && a != "" && b != ""
}

// mayTest lets a test message go to an operator only when somebody says so here.
func (c initCommand) mayTest(s surroundings) error {
	_, desk, _, _ := threeOf(c.Operator, ":")
	if c.TestMail == "" || !strings.EqualFold(c.TestMail, desk) {
		return nil
	}
	if !isTerminal(os.Stdin) {
		return &usageError{fmt.Sprintf("--test-mail: %s is the operator's desk, which gets a test message only when a person confirms it on a terminal", desk)}
	}
	answer, err := askLine(s.talk, fmt.Sprintf("Send a test message to the operator's desk %s? Type yes: ", desk))
	if err != nil {
		return err
	}
	if answer != "yes" {
		return errors.New("no test message to the operator: nothing was begun")
	}
	return nil
}

// configuration reads the file that is there, or gives the text of a new one: it is
// written when nothing can be refused any more.
func (c initCommand) configuration(s surroundings) (app.Configuration, []byte, error) {
	if exists(c.Config) {
		fmt.Fprintf(s.talk, "%s exists and is kept\n", c.Config)
		configuration, err := app.ReadConfiguration(c.Config)
		return configuration, nil, err
	}
	if folder := filepath.Dir(c.Config); !exists(folder) {
		return app.Configuration{}, nil, fmt.Errorf("write %s: make the folder %s first", c.Config, folder)
	}
	configuration := app.DefaultConfiguration()
	configuration.Listen = c.Listen
	configuration.Mail.Host, configuration.Mail.Port, configuration.Mail.From = c.MailHost, c.MailPort, c.MailFrom
	text, err := app.ConfigurationText(configuration)
	return configuration, text, err
}

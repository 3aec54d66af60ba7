package main

import (
	"fmt"
	"time"

	"vigie/internal/app"
	"vigie/internal/calendar"
)

type checkCommand struct {
	Journal  journalCommand  `cmd:"" help:"Verify every hash chain of the journal and its daily seals."`
	Config   configCommand   `cmd:"" help:"Read a configuration file and say what is wrong with it."`
	Calendar calendarCommand `cmd:"" help:"Say until when the school calendar is known."`
	Service  serviceCommand  `cmd:"" help:"Ask whether services work: TCP, DNS, HTTP; needs no database."`
}

// Help gives examples.
func (checkCommand) Help() string {
	return `Examples:
  vigie check journal
  vigie check config vigie.yaml
  vigie check calendar
  vigie check service https://ent.example.org/ --days 21`
}

type journalCommand struct{}

// Help gives examples.
func (journalCommand) Help() string {
	return `Examples:
  vigie check journal`
}

// Run verifies the journal; a break is a failure.
func (journalCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	a, err := commands.CheckJournal(s.ctx, func(done, total int) {
		fmt.Fprintf(s.talk, "\r%d of %d entries", done, total)
		if done == total {
			fmt.Fprintln(s.talk)
		}
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "chains\t%d\nentries\t%d\nseals\t%d\n", a.Chains, a.Entries, a.Seals)
	if a.Broken != "" {
		return fmt.Errorf("the journal is broken: %s", a.Broken)
	}
	fmt.Fprintln(s.out, "every chain holds")
	return nil
}

type configCommand struct {
	File string `arg:"" help:"The file to read."`
}

// Help gives examples.
func (configCommand) Help() string {
	return `The files and folders that it names are read too; run it as the user that Vigie runs as.

Examples:
  vigie check config vigie.yaml`
}

// Run reads the file.
func (c configCommand) Run(s surroundings) error {
	if _, err := app.CheckConfiguration(c.File); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.out, c.File, "is valid")
	return err
}

type calendarCommand struct{}

// Help tells the exit status.
func (calendarCommand) Help() string {
	return `From six weeks before the end on, this is a failure (status 1), so that a timer can tell somebody.

Examples:
  vigie check calendar`
}

// Run tells the end of the school calendar; a near one is a failure.
func (calendarCommand) Run(s surroundings) error {
	vacations, err := app.SchoolCalendar()
	if err != nil {
		return err
	}
	return s.checkCalendar(vacations, time.Now())
}

func (s surroundings) checkCalendar(vacations *calendar.Vacations, now time.Time) error {
	ends, soon := vacations.EndsSoon(now)
	last := s.print.CivilDate(ends.AddDate(0, 0, -1))
	if soon {
		return fmt.Errorf("the school calendar is known until %s: install a version of Vigie that has the next year", last)
	}
	_, err := fmt.Fprintf(s.out, "the school calendar is known until %s\n", last)
	return err
}

type migrateCommand struct {
	Config string `help:"Configuration file that names the database." required:"" placeholder:"FILE"`
}

// Help gives examples.
func (migrateCommand) Help() string {
	return `Examples:
  vigie migrate --config vigie.yaml`
}

// Run migrates a database of one's own; the private one migrates by itself.
func (c migrateCommand) Run(s surroundings) error {
	configuration, err := app.ReadConfiguration(c.Config)
	if err != nil {
		return err
	}
	if configuration.DatabaseURL == "" {
		return &usageError{"migrate: the configuration names no database_url; the private database migrates by itself"}
	}
	applied, err := app.Migrate(s.ctx, configuration.DatabaseURL)
	for _, name := range applied {
		fmt.Fprintln(s.out, "applied", name)
	}
	if err == nil && len(applied) == 0 {
		fmt.Fprintln(s.out, "the schema is up to date")
	}
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vigie/internal/app"
)

type backupCommand struct {
	To string `arg:"" optional:"" help:"Folder to make. Default: vigie-DATE-TIME here." placeholder:"FOLDER"`
}

// Help gives examples.
func (backupCommand) Help() string {
	return `The private database is copied as it is at one moment, while Vigie goes on. The configuration and the files with
secrets that it names are not in the copy. A database of your own (database_url) is copied with its own tools.

Examples:
  vigie backup
  vigie backup /srv/backup/vigie-monday
  vigie restore /srv/backup/vigie-monday --data /var/lib/vigie-restored`
}

// Run writes the backup and prints where it is.
func (c backupCommand) Run(s surroundings) error {
	dir, err := s.dir()
	if err != nil {
		return err
	}
	to := c.To
	if to == "" {
		to = "vigie-" + time.Now().UTC().Format("2006-01-02T150405Z")
	}
	if to, err = filepath.Abs(to); err != nil {
		return err
	}
	if !app.Running(dir) {
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("there is nothing to back up: %w", err)
		}
		commands, err := s.reach() // starts the database for the time of the command
		if err != nil {
			return err
		}
		defer s.leave(commands)
	}
	console := newConsole(s.talk)
	m, err := app.Backup(s.ctx, dir, to, version, console.octets("written", 0))
	if err != nil {
		return stopped(s.ctx, err)
	}
	_, err = fmt.Fprintf(s.out, "%s\t%d octets\tsha256 %s\n", to, m.Octets, m.SHA256)
	return err
}

type restoreCommand struct {
	From string `arg:"" help:"Folder that vigie backup wrote." placeholder:"FOLDER"`
}

// Help gives examples.
func (restoreCommand) Help() string {
	return `The data directory (--data, else the standard place) must have no database yet. The copy is checked against its
manifest first, its schema is brought up to date, and every hash chain of the journal is verified; after a failure no
database is left there.

Examples:
  vigie restore /srv/backup/vigie-monday --data /var/lib/vigie-restored
  vigie serve --config vigie.yaml --data /var/lib/vigie-restored`
}

// Run restores and prints what the journal holds.
func (c restoreCommand) Run(s surroundings) error {
	dir := s.data
	var err error
	if dir == "" {
		dir, err = app.DefaultDir(false)
	} else {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return err
	}
	console := newConsole(s.talk)
	m, err := app.ReadManifest(s.ctx, c.From, console.octets("checked", 0))
	if err != nil {
		return stopped(s.ctx, err)
	}
	console.say(fmt.Sprintf("backup of %s, made by vigie %s", m.At.Format(time.RFC3339), m.Version))
	a, err := app.Restore(s.ctx, c.From, dir, s.logger, console.octets("restored", m.Octets))
	if err != nil {
		return stopped(s.ctx, err)
	}
	_, err = fmt.Fprintf(s.out, "%s\tchains %d\tentries %d\tevery chain holds\n", dir, a.Chains, a.Entries)
	return err
}

// octets shows how many octets are done, of how many where that is known.
func (c *console) octets(what string, total int64) func(int64) {
	const quiet = 200 * time.Millisecond
	var last time.Time
	return func(done int64) {
		now := time.Now()
		if now.Sub(last) < quiet && done < total {
			return
		}
		switch {
		case total > 0:
			percent := int(100 * done / total)
			c.progress(percent, fmt.Sprintf("%s: %d %% of %.1f MB", what, percent, float64(total)/1e6))
		case c.terminal && now.Sub(last) >= quiet:
			c.progress(0, fmt.Sprintf("%s: %.1f MB", what, float64(done)/1e6))
		default:
			return
		}
		last = now
	}
}

// stopped says that a command was interrupted rather than what that broke.
func stopped(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return errors.New("stopped: nothing was left behind")
	}
	return err
}

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"vigie/internal/app"
	"vigie/internal/lab"
)

type serveCommand struct {
	Config string `help:"Configuration file; see configs/vigie.yaml for every key." placeholder:"FILE"`
	Demo   bool   `help:"A simulated region with real schools and fictitious operators, in a place of its own."`
	Listen string `help:"Address of the pages, over the configuration's." placeholder:"HOST:PORT"`
}

// Help gives examples.
func (serveCommand) Help() string {
	return `Examples:
  vigie serve --demo
  vigie serve --config /etc/vigie/vigie.yaml
  vigie --data /srv/vigie serve --listen 127.0.0.1:8081`
}

// stopWithin bounds the orderly end after Ctrl+C.
const stopWithin = 25 * time.Second

// Run serves until Ctrl+C, or until a part fails.
func (c serveCommand) Run(s surroundings) error {
	o, err := c.options(s)
	if err != nil {
		return err
	}
	if c.Demo && os.Geteuid() != 0 && !lab.Capable() {
		status, err := lab.AgainInUserNamespace(s.ctx)
		switch {
		case err != nil:
			fmt.Fprintln(s.talk, err) // the start says what is missing otherwise
		case status != 0:
			return errSaid
		default:
			return nil
		}
	}
	began := time.Now()
	server, err := app.Start(s.ctx, o)
	if err != nil {
		return err
	}
	c.greet(s.talk, server.Address(), o.Dir, time.Since(began))
	if people, err := server.People(s.ctx); err == nil && len(people) == 0 {
		fmt.Fprintln(s.talk, "nobody may sign in yet: vigie init begins the installation")
	}
	select {
	case <-s.ctx.Done():
		fmt.Fprintln(s.talk, "stopping…")
	case err = <-server.Failed():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), stopWithin)
	defer cancel()
	if stopErr := server.Stop(ctx); err == nil {
		err = stopErr
	}
	return err
}

func (c serveCommand) options(s surroundings) (app.Options, error) {
	configuration := app.DefaultConfiguration()
	if c.Config != "" {
		var err error
		if configuration, err = app.CheckConfiguration(c.Config); err != nil {
			return app.Options{}, err
		}
	}
	if c.Listen != "" {
		configuration.Listen = c.Listen
	}
	dir, err := app.DefaultDir(c.Demo)
	if s.data != "" {
		dir, err = filepath.Abs(s.data)
	}
	if err != nil {
		return app.Options{}, err
	}
	console := newConsole(s.talk)
	return app.Options{
		Dir: dir, Configuration: configuration, Demo: c.Demo, Say: console.say, Progress: console.progress, Log: s.logger,
	}, nil
}

func (c serveCommand) greet(w io.Writer, address, dir string, took time.Duration) {
	fmt.Fprintf(w, "\nVigie is ready after %.1f s: http://%s\n", took.Seconds(), address)
	if !c.Demo {
		fmt.Fprintf(w, "data in %s\n\n", dir)
		return
	}
	fmt.Fprintln(w, "Demo: schools are real; operators, links, prices, contacts and figures are fictitious or simulated.")
	fmt.Fprintln(w, app.DemoConstants())
	fmt.Fprintln(w, "Fictitious accounts (login / password):")
	for _, a := range app.DemoAccounts() {
		fmt.Fprintf(w, "  %-11s %-16s %s\n", a.Login, a.Password, a.Role())
	}
	fmt.Fprintf(w, "Data in %s. Ctrl+C stops everything.\n\n", dir)
}

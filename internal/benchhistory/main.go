//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"vigie/internal/figure"
)

// options are what the command line says.
type options struct {
	minutes int    // how long the load runs
	profile string // directory for the core's CPU profile under load; empty = none
	data    string // where the history of thirteen months is kept; empty = the user's cache
	fresh   bool   // make it anew
}

// subject is one thing to measure.
type subject struct {
	name    string
	measure func(context.Context, options) error
}

// subjects are measured in this order.
var subjects = []subject{
	{"flush", flush},
	{"backfill", backfill},
	{"disk", disk},
	{"pages", pages},
	{"percentiles", percentiles},
	{"packing", packing},
	{"load", load},
}

// lines prints what was measured, with what bounds it and what was tried.
var lines = figure.Printer{Out: os.Stdout, Short: os.Stderr, Bounds: bounds}

func main() {
	var o options
	only := flag.String("only", "", "measure these subjects alone, with commas between: "+strings.Join(names(), ", "))
	flag.IntVar(&o.minutes, "minutes", 10, "how long the load of 60,000 links runs")
	flag.StringVar(&o.profile, "profile", "", "directory into which the core under load writes a CPU profile")
	flag.StringVar(&o.data, "data", "", "directory in which the history of thirteen months is kept (default: the user's cache)")
	flag.BoolVar(&o.fresh, "fresh", false, "make that history anew")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, *only, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "benchhistory:", err)
		os.Exit(1)
	}
}

func names() []string {
	var all []string
	for _, s := range subjects {
		all = append(all, s.name)
	}
	return all
}

// run measures what it is asked for; args are how the program calls itself.
func run(ctx context.Context, o options, only string, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "core":
			return obey(ctx, serveCore)
		case "probers":
			return obey(ctx, playProbers)
		}
		return fmt.Errorf("%q: expected no argument", args[0])
	}
	wanted := names()
	if only != "" {
		wanted = strings.Split(only, ",")
	}
	for _, name := range wanted {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("--only %s: expected one of %s", name, strings.Join(names(), ", "))
		}
	}
	for _, s := range subjects {
		if !slices.Contains(wanted, s.name) {
			continue
		}
		if err := s.measure(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

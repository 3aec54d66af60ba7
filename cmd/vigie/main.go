package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // Europe/Paris on machines without zone data

	"github.com/alecthomas/kong"

	"vigie/internal/i18n"
	"vigie/internal/pipe"
)

// version is set by the build.
var version = "dev"

const (
	exitFailure = 1
	exitUsage   = 2
	exitRefused = 3 // a prober whose credential opens nothing: trying again is of no use
)

// cli is the command line.
type cli struct {
	Data string `help:"Data directory. Default: VIGIE_DATA, else one standard place per user." placeholder:"DIR"`

	Serve      serveCommand      `cmd:"" help:"Run Vigie: probe, decide, tell the operators, show the pages."`
	Import     importCommand     `cmd:"" help:"Take inventory files (CSV), all or nothing."`
	Ipam       ipamCommand       `cmd:"" help:"Show the addressing plan, find room in it, take its files."`
	Ping       pingCommand       `cmd:"" help:"Measure loss and delay to any hosts, live; needs no database."`
	Stamp      stampCommand      `cmd:"" help:"Measure loss and two-way delay by STAMP or TWAMP Light, or be a reflector."`
	SNMP       snmpCommand       `cmd:"" name:"snmp" help:"Show what Vigie sees of a router or switch."`
	Throughput throughputCommand `cmd:"" help:"Test what a line carries, or see which links are tested next."`
	Trace      traceCommand      `cmd:"" help:"Find the routers on the way to a host, with loss and delay, live; needs no database."`
	Bill       billCommand       `cmd:"" help:"Print the bill of a month, split between the members."`
	Audit      auditCommand      `cmd:"" help:"Audit what links carried and cost over a year, or any period."`
	Check      checkCommand      `cmd:"" help:"Check the journal, a configuration file, or services behind a router."`
	Lab        labCommand        `cmd:"" help:"Break and repair the demo's simulated network, read its operators' mail."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the schema of your own database up to date."`
	Backup     backupCommand     `cmd:"" help:"Copy the private database, while Vigie goes on."`
	History    historyCommand    `cmd:"" help:"Tell what the history costs; export, import and replay it."`
	Restore    restoreCommand    `cmd:"" help:"Make a data directory from a backup."`
	Version    versionCommand    `cmd:"" help:"Print the version."`

	Prober    proberCommand    `cmd:"" help:"Be a prober elsewhere; add, list and revoke such probers."`
	NATS      natsCommand      `cmd:"" name:"nats" help:"Make the key and the users of a NATS cluster where probers and core meet."`
	Init      initCommand      `cmd:"" help:"Begin a real installation: administrator, members, canaries, operator."`
	Links     linksCommand     `cmd:"" help:"List the links, by state."`
	Sites     sitesCommand     `cmd:"" help:"List the sites, with the state of each."`
	Incidents incidentsCommand `cmd:"" help:"List what failed, as one."`
	Probers   probersCommand   `cmd:"" help:"List what measures, and how well."`
	Tickets   ticketsCommand   `cmd:"" help:"List the tickets, or show one whole."`
	User      userCommand      `cmd:"" help:"Add, list and disable those who may sign in."`
	Token     tokenCommand     `cmd:"" help:"Make, list and revoke the tokens of programs."`
}

// surroundings is what every command may use.
type surroundings struct {
	ctx    context.Context
	out    io.Writer // results
	talk   io.Writer // everything else
	ask    io.Reader // where a person answers; nil without a terminal
	data   string    // as given, may be empty
	print  i18n.Printer
	logger *slog.Logger
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, talk io.Writer) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("vigie"), kong.Description(description), kong.UsageOnError(),
		kong.Writers(out, talk), kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(talk, "vigie:", err)
		return exitFailure
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(talk, "vigie: %v\nSee vigie --help.\n", err)
		return exitUsage
	}
	s := surroundings{
		ctx: ctx, out: out, talk: talk, data: c.Data, print: i18n.For(language(os.Getenv)),
		logger: slog.New(slog.NewTextHandler(talk, nil)), ask: terminal(os.Stdin),
	}
	err = parsed.Run(s)
	var usage *usageError
	var stranger *pipe.StrangerError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, pipe.ErrRefused), errors.As(err, &stranger):
		fmt.Fprintf(talk, "vigie: %v\n", err)
		return exitRefused
	case errors.As(err, &usage):
		fmt.Fprintf(talk, "vigie: %v\n", err)
		return exitUsage
	case !errors.Is(err, errSaid):
		fmt.Fprintf(talk, "vigie: %v\n", err)
	}
	return exitFailure
}

// terminal is the file when a person may type there, else nil.
func terminal(f *os.File) io.Reader {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return f
}

const description = `Vigie watches the internet links of schools, holds the operator to its contract, and splits the bill to the cent.

Examples:
  vigie serve --demo                     a whole region, simulated, on http://127.0.0.1:8080
  vigie init                             begin a real installation
  vigie serve --config vigie.yaml        the real thing
  vigie import --dry-run inventory/      what these files would change
  vigie links --state down               what fails now
  vigie tickets show VIGIE-2026-000001   what the operator was told
  vigie bill --month last                who pays what
  vigie audit --year 2026                what each link carried, cost, and should be
  vigie lab fault cut BRE-1001 --for 2m  cut a fibre of the running demo`

// usageError is a wrong argument that the parser could not know.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// errSaid ends a command that has already said what is wrong.
var errSaid = errors.New("already said")

// language is that of the results: French where the locale is, else English.
func language(getenv func(string) string) i18n.Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			if strings.HasPrefix(v, "fr") {
				return i18n.French
			}
			return i18n.English
		}
	}
	return i18n.English
}

type versionCommand struct{}

// Help gives examples.
func (versionCommand) Help() string {
	return `Examples:
  vigie version`
}

// Run prints the version.
func (versionCommand) Run(s surroundings) error {
	_, err := fmt.Fprintln(s.out, "vigie", version)
	return err
}

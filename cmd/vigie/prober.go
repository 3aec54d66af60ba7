package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"vigie/internal/app"
	"vigie/internal/httpd/api"
	"vigie/internal/outpost"
	"vigie/internal/vantage"
)

type proberCommand struct {
	Run    proberRunCommand    `cmd:"" default:"withargs" help:"Measure what a core elsewhere says, and hand it over: the command without a word."`
	Add    proberAddCommand    `cmd:"" help:"Make the credential of a prober; it is told this once."`
	List   proberListCommand   `cmd:"" help:"List the probers elsewhere."`
	Revoke proberRevokeCommand `cmd:"" help:"Let a prober in no more; its connection ends at once."`
	Poll   proberPollCommand   `cmd:"" help:"Have a prober look at the router of a link now."`
}

// Help gives examples.
func (proberCommand) Help() string {
	return `A prober elsewhere is a second vantage point: it takes its share of the links, and a
part of them is seen by two. One at a site tells what the school sees of the world. It
calls the core's port for probers (probers.listen in vigie.yaml) and needs no other way,
in or out.

Examples:
  vigie prober add lyon --core vigie.example:4433 --output lyon.credential
  vigie prober --credential lyon.credential
  vigie prober list
  vigie prober revoke lyon`
}

type proberRunCommand struct {
	Credential string `help:"File that vigie prober add wrote." placeholder:"FILE" required:""`
	Core       string `help:"Where the core is reached, over the credential's." placeholder:"HOST:PORT"`
	Config     string `help:"Whom it tells when the core does not answer; see configs/prober.yaml for every key." placeholder:"FILE"`
	Spool      int    `help:"Most megabytes kept on disk, taken by the core or not: what does not fit pushes the oldest out, which is a recorded gap." default:"1024"`
}

// Help gives examples.
func (proberRunCommand) Help() string {
	return `Measures until Ctrl+C. Needs the right to raw sockets (CAP_NET_RAW). Without its core it
goes on with its last plan and keeps what it measures in its data directory: --data,
else VIGIE_DATA, else one standard place for each prober.

The status is 1 after a failure, 2 for a wrong argument, 3 when the core refuses the
credential or is another core than the credential's.

Examples:
  vigie prober --credential /etc/vigie/prober.credential
  vigie prober --credential /etc/vigie/prober.credential --config /etc/vigie/prober.yaml
  vigie --data /srv/prober prober run --credential lyon.credential --spool 256
  vigie prober --core tls://192.0.2.10:4433 --credential lyon.credential`
}

// smallestSpool holds some minutes of a large prober.
const smallestSpool = 8

// Run is a prober until Ctrl+C.
func (c proberRunCommand) Run(s surroundings) error {
	if c.Spool < smallestSpool {
		return &usageError{fmt.Sprintf("--spool: %d, expected at least %d megabytes", c.Spool, smallestSpool)}
	}
	content, err := readAtMost(c.Credential, vantage.MaxCredential)
	if err != nil {
		return err
	}
	credential, err := vantage.ParseCredential(content)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Credential, err)
	}
	if c.Core != "" {
		credential.Core = withoutScheme(c.Core)
		if err := credential.CheckCore(); err != nil {
			return &usageError{"--core: " + err.Error()}
		}
	}
	alarm, err := c.alarm()
	if err != nil {
		return err
	}
	dir, err := app.ProberDir(credential.Name)
	if s.data != "" {
		dir, err = filepath.Abs(s.data)
	}
	if err != nil {
		return err
	}
	return outpost.Run(s.ctx, outpost.Options{
		Credential: credential, Dir: dir, Spool: int64(c.Spool) * 1e6, Alarm: alarm,
		Say: func(line string) { fmt.Fprintln(s.talk, line) }, Log: s.logger,
	})
}

func (c proberRunCommand) alarm() (outpost.Alarm, error) {
	if c.Config == "" {
		return outpost.Alarm{}, nil
	}
	file, err := app.ReadProberFile(c.Config)
	if err != nil {
		return outpost.Alarm{}, err
	}
	alarm, err := file.Alarm.Open()
	if err != nil {
		return outpost.Alarm{}, fmt.Errorf("configuration %s: %w", c.Config, err)
	}
	return alarm, nil
}

// withoutScheme takes an address as people write it, tls://host:port, as host:port.
func withoutScheme(address string) string { return strings.TrimPrefix(address, "tls://") }

// readAtMost reads a small file, or a piece of one that is too large.
func readAtMost(name string, octets int64) (content []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, octets+1))
}

type proberAddCommand struct {
	Name   string `arg:"" help:"Its name: small letters, digits and hyphens."`
	Site   string `help:"The site inside which it stands: its key, or the UAI of a school there. Without it the prober looks at links." placeholder:"SITE"`
	Core   string `help:"How the prober reaches this core's port for probers. Default: probers.listen, where it names one address." placeholder:"HOST:PORT"`
	Output string `help:"File to write, which only you may read. Default: standard output." placeholder:"FILE"`
}

// Help gives examples.
func (proberAddCommand) Help() string {
	return `Asks the running instance. The credential holds the prober's secret and how it knows
this core; it is told this once, and the core keeps its public half only.

Examples:
  vigie prober add lyon --core vigie.example:4433 --output lyon.credential
  vigie prober add school --site 0670068K --core vigie.example:4433 --output school.credential`
}

// Run adds a prober.
func (c proberAddCommand) Run(s surroundings) (err error) {
	running, err := s.running()
	if err != nil {
		return err
	}
	defer s.leave(running)
	out := s.out
	if c.Output != "" {
		// Before the prober is added: a credential that cannot be written would be lost.
		file, err := os.OpenFile(c.Output, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		defer func() {
			err = errors.Join(err, file.Close())
		}()
		out = file
	}
	made, err := running.AddProber(s.ctx, app.NewProber{Name: c.Name, Site: c.Site, Core: withoutScheme(c.Core)})
	if err != nil {
		if c.Output != "" {
			err = errors.Join(err, os.Remove(c.Output))
		}
		return err
	}
	if made.Cluster {
		fmt.Fprintln(s.talk, "the NATS cluster lets it in once its configuration holds what vigie nats users prints")
	}
	_, err = io.WriteString(out, made.Credential)
	return err
}

type proberListCommand struct {
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (proberListCommand) Help() string {
	return `Examples:
  vigie prober list
  vigie prober list --format json`
}

// Run lists the probers elsewhere.
func (c proberListCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	list, err := commands.Outposts(s.ctx)
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		return writeJSON(s.out, list)
	case "csv":
		return api.WriteCSV(s.out, list)
	}
	rows := []row{{"name", "site", "state", "connected from", "last batch", "added"}}
	for _, p := range list {
		state := "works"
		if !p.Works {
			state = "revoked"
		}
		rows = append(rows, row{p.Name, p.Site, state, p.From, s.when(p.LastSeen), s.when(&p.CreatedAt)})
	}
	writeRows(s.out, rows)
	return nil
}

type proberRevokeCommand struct {
	Name string `arg:"" help:"Its name."`
}

// Help gives examples.
func (proberRevokeCommand) Help() string {
	return `Examples:
  vigie prober revoke lyon`
}

// Run revokes a prober.
func (c proberRevokeCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	if err := commands.RevokeProber(s.ctx, app.ProberName{Name: c.Name}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "prober %s is revoked\n", c.Name)
	return err
}

type proberPollCommand struct {
	Prober string `arg:"" help:"Name of the prober that polls the router."`
	Link   string `arg:"" help:"Reference of the link."`
}

// Help gives examples.
func (proberPollCommand) Help() string {
	return `Asks the running instance. The answer is JSON; the status is 1 when the router gave none.

Examples:
  vigie prober poll lyon BRE-1001`
}

// Run has a prober poll a router.
func (c proberPollCommand) Run(s surroundings) error {
	running, err := s.running()
	if err != nil {
		return err
	}
	defer s.leave(running)
	a, err := running.PollProber(s.ctx, app.ProberPollQuestion{Prober: c.Prober, Link: c.Link})
	if err != nil {
		return err
	}
	if err := writeJSON(s.out, a.Poll); err != nil {
		return err
	}
	if a.Poll == nil || a.Poll.Problem != "" {
		return errSaid
	}
	return nil
}

// askProber has a prober measure something now.
func (s surroundings) askProber(name string, q outpost.Question) (outpost.Answer, error) {
	if err := q.Validate(); err != nil {
		return outpost.Answer{}, &usageError{err.Error()}
	}
	running, err := s.running()
	if err != nil {
		return outpost.Answer{}, err
	}
	defer s.leave(running)
	return running.AskProber(s.ctx, app.ProberQuestion{Prober: name, Question: q})
}

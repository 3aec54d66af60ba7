package main

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"vigie/internal/app"
	"vigie/internal/fault"
)

type historyReplayCommand struct {
	historyConfig
	From   instantArg `help:"Compare what was decided from here on." required:"" placeholder:"TIME"`
	To     instantArg `help:"Up to here. Default: the last decided cycle." placeholder:"TIME"`
	Format string     `help:"Form of the result." enum:"table,json" default:"table"`
}

// Help says what is compared, and the exit status.
func (historyReplayCommand) Help() string {
	return `Rounds are kept as they came for a while (history.batches). They are decided again with the rules of this program, the
delays of the configuration and today's inventory; transitions of links, changes of incidents, and openings and
resolutions of tickets are compared with those stored. Nothing is written. The decisions begin with the first round that
is kept and know nothing of what was before. Times are RFC 3339.

The status is 0 without a difference, 1 with one.

Examples:
  vigie history replay --from 2026-11-25T08:00Z
  vigie history replay --from 2026-11-25T08:00+01:00 --to 2026-11-25T12:00+01:00 --format json
  vigie history replay --config candidate.yaml --from 2026-11-25T00:00Z`
}

// instantArg is an instant; zero when none is given.
type instantArg struct{ time.Time }

// UnmarshalText reads an instant with its zone, seconds or not.
func (i *instantArg) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, string(text)); err == nil {
			i.Time = at.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q, expected a time with its zone such as 2026-11-25T08:00Z or 2026-11-25T09:00+01:00", text)
}

// Run prints what would differ; a difference is a failure.
func (c historyReplayCommand) Run(s surroundings) error {
	a, _, err := c.open(s)
	if err != nil {
		return err
	}
	defer s.leave(a)
	to := c.To.Time
	if to.IsZero() {
		to = time.Now()
	}
	console := newConsole(s.talk)
	var began time.Time
	answer, err := a.Replay(s.ctx, c.From.Time, to, func(at time.Time) {
		if began.IsZero() {
			began = at
		}
		if whole := to.Sub(began); whole > 0 {
			console.progress(int(100*at.Sub(began)/whole), "decided again up to "+at.UTC().Format(time.RFC3339))
		}
	})
	if fault.KindOf(err) == fault.Invalid {
		return &usageError{err.Error()}
	}
	if err != nil {
		return err
	}
	if !answer.Warm {
		console.say(fmt.Sprintf("rounds are kept from %s on only: differences soon after it may come from what was before", answer.Began.Format(time.RFC3339)))
	}
	if c.Format == "json" {
		err = writeJSON(s.out, answer)
	} else {
		err = writeReplay(s, answer)
	}
	if err == nil && len(answer.Differences) > 0 {
		return errSaid
	}
	return err
}

func writeReplay(s surroundings, r app.ReplayAnswer) error {
	out := planSheet{bufio.NewWriter(s.out)}
	out.line("%s to %s: compared %d transitions, %d changes of incidents, %d moves of tickets; %d cycles decided again from %s on",
		r.From.Format(time.RFC3339), r.To.UTC().Format(time.RFC3339), r.Transitions, r.Changes, r.Tickets, r.Cycles, r.Began.Format(time.RFC3339))
	var rows []row
	for _, d := range r.Differences {
		rows = append(rows, row{d.At.UTC().Format(time.RFC3339), d.Only, d.About, strings.Join(d.Links, " "), d.What})
	}
	out.table(row{"cycle", "only", "about", "links", "what"}, rows)
	if len(rows) == 0 {
		out.line("no difference")
	}
	return out.Flush()
}

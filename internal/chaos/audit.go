//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"vigie/internal/lab/operator"
	"vigie/probe"
)

const (
	// healedWithin bounds how long after a fault all is as before; a core that has minutes
	// to decide again gets longer.
	healedWithin = 3 * time.Minute
	// tellEvery spaces what is said of a long wait.
	tellEvery = 15 * time.Second
	// behind is how far the decisions may be behind the clock when all is well.
	behind = 4 * time.Second
	// inDoubt is how long around the edges of a scripted outage a round may see either.
	inDoubt = 1500 * time.Millisecond
)

// names of the probers of the installation: those elsewhere, and that of each core.
func (i *installation) names() []string {
	names := append([]string{}, elsewhere...)
	for n := range i.cores {
		names = append(names, i.ownName(n))
	}
	return names
}

func (i *installation) ownName(core int) string {
	if core == 0 {
		return "local"
	}
	return fmt.Sprintf("local%d", core)
}

// settle waits until every prober delivers in time again and the decisions have caught up
// with the clock, and gives what is stored then.
func (i *installation) settle(ctx context.Context, since time.Time, within time.Duration) (*stored, error) {
	deadline := time.Now().Add(within)
	for told := time.Now(); ; {
		s, err := i.load(ctx)
		missing := ""
		if err == nil {
			if missing = i.unsettled(s, since); missing == "" {
				return s, nil
			}
		} else {
			missing = err.Error()
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if time.Now().After(deadline) {
			return nil, &violation{"all is well again", fmt.Sprintf("%s after the fault was healed: %s", within, missing)}
		}
		if time.Since(told) > tellEvery {
			told = time.Now()
			i.talk("waiting: %s", missing)
		}
		pause(ctx, 500*time.Millisecond)
	}
}

// unsettled says what is not as before yet.
func (i *installation) unsettled(s *stored, since time.Time) string {
	if lag := time.Since(s.decided.Add(cycle)); lag > behind {
		return fmt.Sprintf("decisions are %s behind", lag.Round(time.Millisecond))
	}
	if s.decided.Before(since.Add(2 * cycle)) {
		return "no cycle since is decided"
	}
	working := 0
	for _, name := range i.names() {
		batch, known := s.batches[name][s.last[name]]
		fresh := known && !batch.late && batch.Cycle.After(since)
		if fresh {
			working++
			continue
		}
		if i.probers[name] != nil {
			return fmt.Sprintf("prober %s delivers nothing in time: last batch %d", name, s.last[name])
		}
	}
	if working != len(elsewhere)+1 { // of the cores one probes
		return "the core's own prober delivers nothing in time"
	}
	return ""
}

// violation is a promise that was broken.
type violation struct{ promise, evidence string }

func (v *violation) Error() string { return v.promise + ": " + v.evidence }

// audit holds what is stored against what was taken, planned, scripted and sent. Its error
// joins violations; any other is a failure of ours.
func (i *installation) audit(ctx context.Context) (totals, error) {
	streams := map[string][]probe.Batch{}
	for _, name := range elsewhere {
		batches, err := taken(ctx, i.proberDir(name), i.dir)
		if err != nil {
			return totals{}, fmt.Errorf("read the stream of prober %s: %w", name, err)
		}
		streams[name] = batches
	}
	// The lanes of the others are empty once applied; what a core measured itself stays.
	for n := range i.cores {
		batches, err := taken(ctx, i.coreDir(n), i.dir)
		if err != nil {
			return totals{}, fmt.Errorf("read the stream of core %d: %w", n, err)
		}
		streams[i.ownName(n)] = batches
	}
	s, err := i.caughtUp(ctx, streams)
	if err != nil {
		return totals{}, err
	}
	t := totals{gaps: s.gapTime(), transitions: s.transitionCount()}
	var broken []error
	for name, list := range streams {
		t.applied += i.remember(name, list, s)
		t.taken += len(i.taken[name])
		broken = append(broken, checkTaken(s, name, list, i.forgives(name)))
	}
	for _, name := range i.names() {
		broken = append(broken, checkNumbers(s, name), checkCycles(s, name), checkMinutes(s, name))
	}
	broken = append(broken, checkChains(s), i.checkScript(s), i.checkLetters(s))
	broken = append(broken, i.checkCommands(ctx))
	return t, errors.Join(broken...)
}

// forgives says that what a prober took may not be applied, but a gap: a core's own, of which
// another took the lead.
func (i *installation) forgives(name string) bool { return len(i.cores) > 1 && i.probers[name] == nil }

// remember notes what a prober took, which outlives a stream that is lost, and counts what
// is applied of it and of all before it.
func (i *installation) remember(name string, list []probe.Batch, s *stored) (count int) {
	if i.taken[name] == nil {
		i.taken[name] = map[uint64]bool{}
	}
	for _, b := range list {
		i.taken[name][b.Seq] = true
	}
	newest := uint64(0)
	for seq := range i.taken[name] {
		newest = max(newest, seq)
	}
	for seq := range s.batches[name] {
		if seq <= newest {
			count++
		}
	}
	return count
}

// caughtUp waits until the last batch that each prober took is applied, and its minutes are
// written.
func (i *installation) caughtUp(ctx context.Context, streams map[string][]probe.Batch) (*stored, error) {
	deadline := time.Now().Add(healedWithin)
	for {
		s, err := i.load(ctx)
		if err == nil {
			waiting := ""
			if s.due > 0 {
				waiting = fmt.Sprintf("%d minutes are not written", s.due)
			}
			for name, list := range streams {
				if i.forgives(name) {
					continue
				}
				if len(list) > 0 && s.last[name] < list[len(list)-1].Seq {
					waiting = fmt.Sprintf("prober %s took batch %d, and %d is the last applied", name, list[len(list)-1].Seq, s.last[name])
				}
			}
			if waiting == "" {
				return s, nil
			}
			err = &violation{"what is taken is applied, and its minutes written", waiting}
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return nil, err
		}
		pause(ctx, 200*time.Millisecond)
	}
}

// checkLetters holds the operator's mailbox against what was said: no letter that nobody
// wrote, none that is said to be sent and never came, no ticket opened by two letters, and
// no link under two open tickets.
func (i *installation) checkLetters(s *stored) error {
	mails, err := operator.ReadFolder(filepath.Join(i.dir, "mail"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var broken []string
	came := map[string]bool{}
	for _, m := range mails {
		came[m.MessageID] = true
		if _, ok := s.letters[m.MessageID]; !ok {
			broken = append(broken, fmt.Sprintf("the operator has %s (%s), which nobody wrote", m.MessageID, m.Subject))
		}
	}
	opened := map[int64]string{}
	for id, l := range s.letters {
		if l.state == "sent" && !came[id] {
			broken = append(broken, fmt.Sprintf("%s is said to be sent and never came", id))
		}
		if l.kind != "open" {
			continue
		}
		if other := opened[l.ticket]; other != "" {
			broken = append(broken, fmt.Sprintf("ticket %d was opened by %s and %s", l.ticket, other, id))
		}
		opened[l.ticket] = id
	}
	for _, ref := range s.doubled {
		broken = append(broken, fmt.Sprintf("link %s is under two open tickets", ref))
	}
	if len(broken) > 0 {
		return &violation{"one ticket an incident, one letter a message", some(broken)}
	}
	return nil
}

// checkCommands has Vigie decide the stored rounds again, and verify its journal.
func (i *installation) checkCommands(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var broken []error
	if _, err := i.leading(ctx, "check", "journal"); err != nil {
		broken = append(broken, &violation{"the journal holds", err.Error()})
	}
	oldest, err := i.oldest(ctx)
	if err != nil {
		return err
	}
	broken = append(broken, i.replay(ctx, oldest))
	return errors.Join(broken...)
}

// replay has the stored rounds decided again. No transition may differ. Nothing is said to
// anyone while fresher cycles wait, which no round tells: incidents and tickets of an
// installation that had minutes to decide afterwards may.
func (i *installation) replay(ctx context.Context, from time.Time) error {
	out, err := i.leading(ctx, "history", "replay", "--config", i.configFile(0), "--format", "json", "--from", from.UTC().Format(time.RFC3339))
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	var answer struct {
		Differences []struct {
			At          time.Time
			About, What string
			Only        string
			Links       []string
		}
	}
	if jsonErr := json.Unmarshal([]byte(out), &answer); jsonErr != nil {
		return &violation{"transitions", "the replay fails: " + errors.Join(err, jsonErr).Error()}
	}
	var broken []string
	for _, d := range answer.Differences {
		if d.About == "transition" || !i.late {
			broken = append(broken, fmt.Sprintf("%s %s only %s: %s %v", d.At.Format(time.RFC3339), d.About, d.Only, d.What, d.Links))
		}
	}
	if len(broken) > 0 {
		return &violation{"transitions", "the replay differs: " + some(broken)}
	}
	return nil
}

// oldest is the first cycle that was decided with a batch.
func (i *installation) oldest(ctx context.Context) (at time.Time, err error) {
	conn, err := i.connect(ctx)
	if err != nil {
		return at, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return at, conn.QueryRow(ctx, `SELECT min(cycle) FROM batch WHERE NOT late`).Scan(&at)
}

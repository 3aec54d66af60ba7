package watch

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/measure"
	"vigie/internal/sla"
	"vigie/probe"
)

// Router is what is remembered of the router of a link.
type Router struct {
	Link int64
	// Asked is when it was asked last, Problem why it did not answer then.
	Asked   time.Time
	Problem string
	// Last is its last answer, zero before the first; Doubt says why no difference
	// was taken up to it.
	Last  probe.Poll
	Doubt measure.Doubt
}

// Outage is a confirmed outage that is over.
type Outage struct {
	ID, Link int64
	calendar.Interval
}

// Routers is what a transaction of the live chain can do about routers.
type Routers interface {
	// Routers returns what is remembered of the routers of some links, by link.
	Routers(ctx context.Context, links []int64) (map[int64]Router, error)
	// SaveRouters replaces what is remembered of routers that a prober asked.
	SaveRouters(ctx context.Context, prober string, routers []Router) error
	// AddUtilisation adds to the intervals of links; time that is covered already is
	// not covered twice.
	AddUtilisation(ctx context.Context, links []int64, parts []measure.Carried) error
	// UntoldOutages returns the outages of some links that ended at or after since and
	// of which nothing has told yet whether the line or the power failed.
	UntoldOutages(ctx context.Context, links []int64, since time.Time) ([]Outage, error)
	SaveFinding(ctx context.Context, outage int64, f sla.Finding) error
}

// tellsWithin is how long after an outage the uptime of a router is asked what it
// was.
const tellsWithin = 24 * time.Hour

// applyPolls takes differences of the counters, adds them to what the links carried,
// and lets the routers tell what the outages were. The routers remembered move in the
// transaction that stores the batch, so a poll counts once.
func (s *Service) applyPolls(ctx context.Context, tx Tx, prober string, polls []probe.Poll, now time.Time) error {
	if len(polls) == 0 {
		return nil
	}
	x, err := tx.Inventory(ctx)
	if err != nil {
		return err
	}
	polls = slices.DeleteFunc(slices.Clone(polls), func(p probe.Poll) bool {
		_, known := x.LinkByID(p.Link)
		return !known || p.At.After(now.Add(s.cycle())) // a clock that is wrong
	})
	for i := range polls {
		p := &polls[i]
		p.Further = slices.Clone(p.Further)
		texts := []*string{&p.Problem, &p.Access.Name, &p.Access.Alias, &p.Health.Profile, &p.Health.RestartCause}
		for i := range p.Further {
			texts = append(texts, &p.Further[i].Name, &p.Further[i].Alias)
		}
		for _, text := range texts {
			*text = storable(*text)
		}
	}
	slices.SortStableFunc(polls, func(a, b probe.Poll) int { return cmp.Or(cmp.Compare(a.Link, b.Link), a.At.Compare(b.At)) })
	var links []int64
	for _, p := range polls {
		links = append(links, p.Link)
	}
	links = slices.Compact(links)
	routers, err := tx.Routers(ctx, links)
	if err != nil {
		return err
	}
	look := look{Service: s, prober: prober, index: x, routers: routers, now: now}
	for _, p := range polls {
		look.take(p)
	}
	if err := look.save(ctx, tx); err != nil {
		return err
	}
	return look.tell(ctx, tx)
}

// storable is a text of a router or a prober as the store can keep it.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
}

// look is what the polls of one batch change.
type look struct {
	*Service
	prober  string
	index   *inventory.Index
	routers map[int64]Router
	now     time.Time
	changed []int64 // links, ascending
	carried []measure.Carried
	carrier []int64 // the link of each
	answers []answered
}

// answered is a poll with an answer, and how long its router has been running.
type answered struct {
	probe.Poll
	running time.Duration
}

// take applies one poll. One that is not newer than the last changes nothing, unless
// that one came from a clock that was set back since.
func (l *look) take(p probe.Poll) {
	r, known := l.routers[p.Link]
	if known && !p.At.After(r.Asked) && !r.Asked.After(l.now.Add(l.cycle())) {
		return
	}
	r.Link, r.Asked, r.Problem = p.Link, p.At, p.Problem
	if p.Problem == "" {
		l.answers = append(l.answers, answered{p, measure.Running(r.Last, p)})
		r.Doubt = measure.Certain
		if !r.Last.At.IsZero() {
			r.Doubt = l.difference(r.Last, p)
		}
		r.Last = p
	}
	l.routers[p.Link] = r
	if n := len(l.changed); n == 0 || l.changed[n-1] != p.Link {
		l.changed = append(l.changed, p.Link)
	}
}

func (l *look) difference(before, after probe.Poll) measure.Doubt {
	link, _ := l.index.LinkByID(after.Link)
	terms := l.index.TermsAt(link, calendar.Day(after.At))
	flow, doubt := measure.Difference(before, after, measure.CounterLimits{
		Every: l.policy.PollEvery, DownBits: terms.DownKbps * 1000, UpBits: terms.UpKbps * 1000,
	})
	if doubt != measure.Certain {
		return doubt
	}
	for _, part := range flow.Apportion() {
		n := len(l.carried) - 1
		if n >= 0 && l.carrier[n] == after.Link && l.carried[n].At.Equal(part.At) {
			l.carried[n].DownOctets += part.DownOctets
			l.carried[n].UpOctets += part.UpOctets
			l.carried[n].CoveredMillis += part.CoveredMillis
			continue
		}
		l.carried, l.carrier = append(l.carried, part), append(l.carrier, after.Link)
	}
	return doubt
}

func (l *look) save(ctx context.Context, tx Tx) error {
	if len(l.changed) == 0 {
		return nil
	}
	rows := make([]Router, len(l.changed))
	for i, link := range l.changed {
		rows[i] = l.routers[link]
	}
	if err := tx.SaveRouters(ctx, l.prober, rows); err != nil || len(l.carried) == 0 {
		return err
	}
	return tx.AddUtilisation(ctx, l.carrier, l.carried)
}

// tell lets each router that answered say what the outages before were, each once.
func (l *look) tell(ctx context.Context, tx Tx) error {
	if len(l.answers) == 0 {
		return nil
	}
	links := make([]int64, len(l.answers))
	for i, a := range l.answers {
		links[i] = a.Link
	}
	outages, err := tx.UntoldOutages(ctx, links, l.now.Add(-tellsWithin))
	if err != nil {
		return err
	}
	for _, o := range outages {
		for _, a := range l.answers {
			f := sla.Find(o.Interval, a.At, a.running)
			if a.Link != o.Link || f.Origin == sla.Untold {
				continue
			}
			if err := l.record(ctx, tx, o, f); err != nil {
				return fmt.Errorf("outage of link %d from %s: %w", o.Link, o.From.Format(time.RFC3339), err)
			}
			break
		}
	}
	return nil
}

func (l *look) record(ctx context.Context, tx Tx, o Outage, f sla.Finding) error {
	if err := tx.SaveFinding(ctx, o.ID, f); err != nil {
		return err
	}
	raw, err := json.Marshal(struct {
		From, To time.Time
		sla.Finding
	}{o.From, o.To, f})
	if err != nil {
		return err
	}
	return tx.Journal(ctx, journal.Entry{
		Chain: journal.Chain{Kind: "link", ID: strconv.FormatInt(o.Link, 10)}, At: l.now, Actor: actor,
		Action: "outage." + string(f.Origin), Body: raw,
	})
}

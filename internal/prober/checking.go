package prober

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"vigie/probe"
	"vigie/probe/service"
)

// Question is a service that is asked again and again.
type Question struct {
	// ID is that of the check, Link the link that carries it.
	ID, Link int64
	Every    time.Duration
	Check    service.Check
}

// checksTogether bounds the services asked together: of those that are away each takes
// its whole timeout.
const checksTogether = 64

// SetQuestions replaces the services that are asked; it may be called at any time. None
// may stand twice in the list and each can be asked, else the error names it and the list
// before remains.
func (p *Prober) SetQuestions(questions []Question) error {
	seen := make(map[int64]bool, len(questions))
	var list []errand
	for _, q := range questions {
		switch err := q.Check.Validate(); {
		case err != nil:
			return fmt.Errorf("prober %s: check %d: %w", p.opts.Name, q.ID, err)
		case seen[q.ID]:
			return fmt.Errorf("prober %s: check %d stands twice in the list", p.opts.Name, q.ID)
		case q.Every <= 0:
			return fmt.Errorf("prober %s: check %d: every %s, expected more than 0", p.opts.Name, q.ID, q.Every)
		}
		seen[q.ID] = true
		q.Check.Timeout = min(q.Check.Timeout, q.Every/2)
		list = append(list, errand{id: q.ID, every: q.Every, place: placeOf(q.Check), do: func(ctx context.Context) { p.check(ctx, q) }})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.questions = list
	return nil
}

// placeOf is the host that a check asks: one firewall is asked one thing at a time.
func placeOf(c service.Check) string {
	if u, err := url.Parse(c.URL); c.Kind == service.HTTP && err == nil {
		return u.Hostname()
	}
	return c.Host
}

// check asks once and reports what was found. One that the stop cut off is not told.
func (p *Prober) check(ctx context.Context, q Question) {
	result, err := p.opts.Ask(ctx, q.Check)
	if err != nil { // SetQuestions let none pass
		p.opts.Log.Error("a service is not asked", "prober", p.opts.Name, "check", q.ID, "error", err)
		return
	}
	if result.Reason == service.Stopped {
		return
	}
	p.report(probe.Report{Link: q.Link, At: time.Now().UTC().Truncate(time.Microsecond), Finding: result.Finding(q.ID)})
}

// checking asks services until ctx ends.
func (p *Prober) checking(ctx context.Context) {
	work := errands{name: p.opts.Name, most: checksTogether, left: p.leaveOut, list: func() []errand {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.questions
	}}
	work.run(ctx)
}

package view

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/checkstate"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/org"
	"vigie/probe/service"
)

// Behind says that a line is good and what stands behind it does not work: the worst case
// to overlook, and none of the operator's.
type Behind struct {
	Since  time.Time // the later of when the service failed and the line was good
	Name   string    // of the first check that fails
	From   inventory.Direction
	Silent bool // nothing answers there; else something does, and not as it should
	Count  int  // checks that fail
}

// CheckLine is a check with what is known of it.
type CheckLine struct {
	inventory.Check
	State checkstate.State // zero when it was never asked
	Links []LinkName       // seen, that it tells of
	// Line is the state of the first of them: a check that fails while its line is down is a
	// consequence.
	Line linkstate.Status
	// Untold says that the prober tells nothing of the check now, so that it is unknown
	// whatever was found last; empty where it does.
	Untold Untold
	// Good says that the line is good by what was found after the check had failed.
	Good bool
}

// Untold is why nothing is known of a check now.
type Untold string

// Why nothing is known.
const (
	UntoldSilent   Untold = "silent"   // nothing came from the prober that asks
	UntoldIsolated Untold = "isolated" // it reached nothing at all when it asked last
)

// untold gives that of a check: its prober is silent when three questions brought nothing.
// Empty for one never asked.
func (r reach) untold(c inventory.Check, s checkstate.State) Untold {
	switch {
	case s.Asked.IsZero():
		return ""
	case r.now.Sub(s.Asked) > 3*c.Every+r.stale:
		return UntoldSilent
	case s.Trouble == checkstate.Isolated:
		return UntoldIsolated
	}
	return ""
}

// Status is that of the check now.
func (c CheckLine) Status() checkstate.Status {
	if c.Untold != "" {
		return checkstate.Unknown
	}
	return cmp.Or(c.State.Status, checkstate.Unknown)
}

// Since is when the status began; zero where that is not known.
func (c CheckLine) Since() time.Time {
	if c.Untold != "" {
		return time.Time{}
	}
	return c.State.Since
}

// Silent reports whether nothing answers at the service, where it fails.
func (c CheckLine) Silent() bool { return c.State.Last != nil && silent(c.State.Last.Reason) }

// CertificateUntil is when the certificate last seen stops holding; zero without one.
func (c CheckLine) CertificateUntil() time.Time {
	if c.State.Last == nil || c.State.Last.Certificate == nil {
		return time.Time{}
	}
	return c.State.Last.Certificate.Until
}

// Ending reports whether the certificate ends within the time that the check tells of.
func (c CheckLine) Ending(now time.Time) bool {
	until := c.CertificateUntil()
	return !until.IsZero() && until.Before(now.Add(c.WarnBefore()))
}

// silent are the reasons of a service at which nothing answers.
func silent(reason string) bool {
	return slices.Contains([]service.Reason{service.Refused, service.Timeout, service.Reset, service.Closed, service.Unreachable}, service.Reason(reason))
}

// CheckTransition is a confirmed change of a check.
type CheckTransition struct {
	Check     int64
	Since, At time.Time
	Status    checkstate.Status
	Reason    string
	Detail    string
}

// CheckHours are the sums of the hours of a check over a time, as its mean times.
type CheckHours struct {
	Asked, Failed int
	// Means of the phases of those that did not fail, and the longest whole, microseconds.
	Resolve, Connect, TLS, FirstByte, Whole, Longest int64
}

// Checks are the checks of a link, as its page shows them.
type Checks struct {
	Lines       []CheckLine
	Hours       map[int64]CheckHours // of the last day
	Transitions []CheckTransition    // the latest first
}

// Name names the check of a transition.
func (c Checks) Name(id int64) string {
	for _, line := range c.Lines {
		if line.ID == id {
			return line.Name
		}
	}
	return ""
}

// behind tells of a link whose line is good whether what stands behind it fails: by checks
// that failed after the line was good, for those before were a consequence.
func (r reach) behind(failing map[int64]checkstate.State, link inventory.Link, status linkstate.Status, since time.Time) *Behind {
	if len(failing) == 0 {
		return nil
	}
	var b *Behind
	for _, c := range r.ChecksOfLink(link, r.day) {
		state, ok := failing[c.ID]
		if !ok || r.untold(c, state) != "" || !lineGood(state, status, since) {
			continue
		}
		if b == nil {
			b = &Behind{Since: calendar.Later(state.Since, since), Name: c.Name, From: c.From, Silent: silent(state.Last.Reason)}
		}
		b.Count++
	}
	return b
}

// lineGood reports whether a line is good, and was so before a check failed last.
func lineGood(state checkstate.State, status linkstate.Status, since time.Time) bool {
	good := status == linkstate.Up || status == linkstate.Degraded
	return good && state.Last != nil && state.Answered.After(since)
}

// checkLine names a check with its state, for the links that it tells of and the asker sees.
func (r reach) checkLine(c inventory.Check, state checkstate.State, live Live) CheckLine {
	line := CheckLine{Check: c, State: state, Line: linkstate.Unknown, Untold: r.untold(c, state)}
	for _, link := range r.LinksOfCheck(c, r.day) {
		if !r.sees(org.SeeLinks, link) {
			continue
		}
		known := live.States[link.ID]
		if len(line.Links) == 0 {
			if _, ok := live.States[link.ID]; ok {
				line.Line = known.Status
			}
			line.Good = line.Status() == checkstate.Failing && lineGood(state, line.Line, known.Since)
		}
		line.Links = append(line.Links, r.nameLink(link))
	}
	return line
}

// dayOfChecks is how far back the times of checks are summed.
const dayOfChecks = 24 * time.Hour

// checks answers for the services of one link.
func (s *Service) checks(ctx context.Context, r reach, link inventory.Link, live Live, now time.Time) (Checks, error) {
	var all Checks
	var ids []int64
	listed := r.ChecksOfLink(link, r.day)
	for _, c := range listed {
		ids = append(ids, c.ID)
	}
	if len(ids) == 0 {
		return all, nil
	}
	states, err := s.store.Checks(ctx, ids)
	if err != nil {
		return all, err
	}
	for _, c := range listed {
		all.Lines = append(all.Lines, r.checkLine(c, states[c.ID], live))
	}
	if all.Hours, err = s.store.CheckHours(ctx, ids, now.Add(-dayOfChecks)); err != nil {
		return all, err
	}
	all.Transitions, err = s.store.CheckTransitions(ctx, ids, listedChanges)
	return all, err
}

// listedChanges bounds the changes that a page of one link shows.
const listedChanges = 10

// Services is the answer to "what behind the links does not work, or will not for long?".
type Services struct {
	Notices
	Failing []CheckLine // by urgency: behind a good line first
	Ending  []CheckLine // whose certificate ends, the soonest first
	All     []CheckLine // by key
	Working int
	Unasked int
}

// Services answers for the checks of the links that the asker sees.
func (s *Service) Services(ctx context.Context, who org.User, now time.Time) (Services, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return Services{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return Services{}, err
	}
	page := Services{Notices: s.notices(r, live, now)}
	var ids []int64
	for _, c := range r.Checks {
		if inventory.InForce(time.Time{}, c.Ends, r.day) {
			if line := r.checkLine(c, checkstate.State{}, live); len(line.Links) > 0 {
				page.All, ids = append(page.All, line), append(ids, c.ID)
			}
		}
	}
	states, err := s.store.Checks(ctx, ids)
	if err != nil {
		return Services{}, err
	}
	for i := range page.All {
		page.All[i] = r.checkLine(page.All[i].Check, states[page.All[i].ID], live)
		page.count(page.All[i], now)
	}
	slices.SortStableFunc(page.Failing, func(a, b CheckLine) int {
		if a.Good != b.Good {
			return map[bool]int{true: -1, false: 1}[a.Good]
		}
		return b.Since().Compare(a.Since())
	})
	slices.SortStableFunc(page.Ending, func(a, b CheckLine) int { return a.CertificateUntil().Compare(b.CertificateUntil()) })
	return page, nil
}

func (p *Services) count(c CheckLine, now time.Time) {
	switch c.Status() {
	case checkstate.Failing:
		p.Failing = append(p.Failing, c)
	case checkstate.Working:
		p.Working++
	default:
		p.Unasked++
	}
	if c.Ending(now) {
		p.Ending = append(p.Ending, c)
	}
}

package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"vigie/billing/money"
	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/inventory"
	"vigie/internal/measure"
	"vigie/internal/sla"
	"vigie/probe"
)

// Store gives the facts of an audit.
type Store interface {
	// Inventory gives the whole inventory; the audit shares it and changes nothing.
	Inventory(ctx context.Context) (*inventory.Index, error)
	// Utilisation calls each for every UTC day of [from, to), both at midnight UTC, on
	// which something is known of one of the links: every day of a link once, in any
	// order. The day may be used again after each has returned.
	Utilisation(ctx context.Context, links []int64, from, to time.Time, each func(Day) error) error
	// UtilisationVersion is another value whenever Utilisation may give something else.
	UtilisationVersion(ctx context.Context, from, to time.Time) (int64, error)
	// Tests gives of each link the last throughput test in [from, to) that has a figure,
	// else the last that was due and why it was not run; none of a link without either.
	Tests(ctx context.Context, links []int64, from, to time.Time) (map[int64]Test, error)
}

// Test is a throughput test of a link, or why one that was due was not run.
type Test struct {
	At     time.Time
	Prober string
	probe.Throughput
}

// Day is what one link carried on one UTC day.
type Day struct {
	Link      int64
	Day       time.Time // midnight UTC
	Rates     *measure.UtilisationDay
	Simulated bool
}

// Account is what one link cost and how available it was, as the bill has it.
type Account struct {
	HT, VAT, TTC, Penalties money.Cents
	Uptime                  sla.Uptime
	Refused                 []string
}

// Accounts gives the account of each link, by reference, for the days [from, to), all
// of them over; internal/invoicing does it.
type Accounts func(ctx context.Context, from, to, now time.Time) (map[string]Account, error)

// Options is what an audit needs.
type Options struct {
	Store     Store
	Accounts  Accounts
	Vacations *calendar.Vacations
	Policy    Policy
}

// Service makes audits. It is safe for concurrent use.
type Service struct {
	Options
	kept keeper
}

// New returns the service.
func New(o Options) *Service { return &Service{Options: o} }

// Report makes the audit of what is over of a period, for every link that was in
// service on one of its days.
func (s *Service) Report(ctx context.Context, asked Period, now time.Time) (Report, error) {
	period, err := asked.elapsed(now)
	if err != nil {
		return Report{}, err
	}
	x, err := s.Store.Inventory(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	accounts, err := s.Accounts(ctx, period.From, period.To, now)
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	r := Report{Asked: asked, Period: period, Made: now, Policy: s.Policy}
	subjects := s.subjects(x, period, calendar.Day(now))
	if err := s.carried(ctx, x, period, subjects); err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	tests, err := s.tests(ctx, asked, now, subjects)
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	ladders := map[string][]Tier{}
	for _, sub := range subjects {
		l := sub.line
		l.Cost = costOf(sub.link, accounts[l.Link])
		l.Uptime = accounts[l.Link].Uptime
		if test, known := tests[l.LinkID]; known {
			l.Test = &test
		}
		if _, known := ladders[sub.link.Lot]; !known {
			ladders[sub.link.Lot] = ladderOf(x, sub.link.Lot, period.LastDay())
		}
		l.Recommendation = recommend(s.Policy, l, ladders[sub.link.Lot])
		r.Lines = append(r.Lines, l)
	}
	slices.SortFunc(r.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(siteName(a), siteName(b)), cmp.Compare(a.Link, b.Link))
	})
	return r, nil
}

// tests are those of the period as it was asked for, up to now: a test is no sum over
// days, so today's counts.
func (s *Service) tests(ctx context.Context, asked Period, now time.Time, subjects []*subject) (map[int64]Test, error) {
	span := asked.span()
	if span.To.After(now) {
		span.To = now
	}
	links := make([]int64, len(subjects))
	for i, sub := range subjects {
		links[i] = sub.link.ID
	}
	return s.Store.Tests(ctx, links, span.From, span.To)
}

func siteName(l Line) string {
	if len(l.Sites) == 0 {
		return ""
	}
	return l.Sites[0].Name + "\x00" + l.Sites[0].Key
}

func costOf(l inventory.Link, a Account) Cost {
	return Cost{Billed: l.Lot != "", HT: a.HT, VAT: a.VAT, TTC: a.TTC, Penalties: a.Penalties, Refused: a.Refused}
}

// subject is one link on its way to a line.
type subject struct {
	link  inventory.Link
	terms []contract.Terms // within the served part
	grid  *grid
	line  Line
}

// subjects are the links in service on a day of the period, by id, each with the grid
// of its school calendar. Today tells to whom it belongs.
func (s *Service) subjects(x *inventory.Index, period Period, today time.Time) []*subject {
	grids := map[calendar.School]*grid{}
	var out []*subject
	for _, l := range x.Links {
		served := period.cut(l.Starts, l.Ends)
		if !served.From.Before(served.To) {
			continue
		}
		school := s.schoolOf(x, l)
		if grids[school] == nil {
			grids[school] = newGrid(period, school)
		}
		terms := termsWithin(x, l, served)
		out = append(out, &subject{link: l, terms: terms, grid: grids[school], line: newLine(x, l, served, terms, today)})
	}
	slices.SortFunc(out, func(a, b *subject) int { return cmp.Compare(a.link.ID, b.link.ID) })
	return out
}

// schoolOf is the school calendar of the site that carries a link.
func (s *Service) schoolOf(x *inventory.Index, l inventory.Link) calendar.School {
	school := calendar.School{Vacations: s.Vacations, Week: s.Policy.Week, Holidays: calendar.Metropole}
	for _, site := range x.SitesOfLink(l) {
		if commune, ok := x.Commune(site.Commune); ok {
			school.Academie = calendar.AcademieOf(commune.Departement)
			school.Holidays = calendar.ForCommune(commune.Departement, commune.Temple)
			break
		}
	}
	return school
}

func newLine(x *inventory.Index, l inventory.Link, served Period, terms []contract.Terms, today time.Time) Line {
	operator, _ := x.Operator(l.Operator)
	last := terms[len(terms)-1]
	line := Line{
		LinkID: l.ID, Link: l.Ref, Operator: cmp.Or(operator.Name, l.Operator), Technology: l.Technology,
		Served: served, DownKbps: last.DownKbps, UpKbps: last.UpKbps,
		owners: x.OwnersOfLink(l, today),
	}
	if last.From.After(served.From) {
		line.Changed = last.From
	}
	for _, site := range x.SitesOfLink(l) {
		line.Sites = append(line.Sites, place(x, site))
		for _, e := range x.EstablishmentsOfSite(site.Key) {
			if inventory.InForce(time.Time{}, e.Ends, served.LastDay()) {
				line.Pupils += e.Pupils
			}
		}
	}
	return line
}

// termsWithin gives what was bought under a link on the days of a period, in order of
// date, each version that leaves the rates as they were left out.
func termsWithin(x *inventory.Index, l inventory.Link, p Period) []contract.Terms {
	within := []contract.Terms{x.TermsAt(l, p.From)}
	for _, t := range x.TermsOf(l) {
		before := within[len(within)-1]
		if t.From.After(p.From) && t.From.Before(p.To) && (t.DownKbps != before.DownKbps || t.UpKbps != before.UpKbps) {
			within = append(within, t)
		}
	}
	return within
}

// carried fills in what the links carried, from memory where nothing has changed.
func (s *Service) carried(ctx context.Context, x *inventory.Index, period Period, subjects []*subject) error {
	const utcDay = 24 * time.Hour
	span := period.span()
	from, to := span.From.Truncate(utcDay), span.To.Add(utcDay-1).Truncate(utcDay)
	// Asked before the figures: what comes between makes them newer than they are said to be.
	version, err := s.Store.UtilisationVersion(ctx, from, to)
	if err != nil {
		return err
	}
	key := basis{period, x, version}
	if s.kept.fill(key, subjects) {
		return nil
	}
	if err := s.measure(ctx, from, to, subjects); err != nil {
		return err
	}
	s.kept.keep(key, subjects)
	return nil
}

// measure fills in what the links carried, in as many parts as there are processors.
func (s *Service) measure(ctx context.Context, from, to time.Time, subjects []*subject) error {
	workers := min(runtime.GOMAXPROCS(0), len(subjects))
	errs := make([]error, workers)
	var working sync.WaitGroup
	for w := range workers {
		part := subjects[w*len(subjects)/workers : (w+1)*len(subjects)/workers]
		working.Go(func() { errs[w] = s.measurePart(ctx, from, to, part) })
	}
	working.Wait()
	return errors.Join(errs...)
}

// measurePart takes the days of some links as they come: stored by day, they would have
// to be sorted to come link by link.
func (s *Service) measurePart(ctx context.Context, from, to time.Time, part []*subject) error {
	ids := make([]int64, len(part))
	samplers := make(map[int64]*sampler, len(part))
	for i, sub := range part {
		ids[i] = sub.link.ID
		samplers[sub.link.ID] = newSampler(s.Policy, sub.grid, sub.line.Served, sub.terms)
	}
	err := s.Store.Utilisation(ctx, ids, from, to, func(d Day) error {
		samplers[d.Link].add(d.Day, d.Rates, d.Simulated)
		return nil
	})
	if err != nil {
		return err
	}
	for _, sub := range part {
		sub.line.Carried = samplers[sub.link.ID].carried()
	}
	return nil
}

package view

import (
	"context"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/measure"
)

// LoadStep is the interval of the figures of what a link carries.
const LoadStep = 5 * time.Minute

// FiveMinutes is what a link carried from At on, in octets per second, Down towards
// the site.
type FiveMinutes struct {
	At        time.Time
	Down, Up  uint32
	Simulated bool
}

// Load is how much of a link was used over a range, both ways.
type Load struct {
	Range    Range
	Window   Window
	Points   []LoadPoint // the steps that have a measure, in order of time
	Down, Up Direction
	Coverage Coverage
	// School is the school time inside the window, from a calendar that knows
	// SchoolKnown of SchoolWhole; what it does not know follows the week.
	School                   []calendar.Interval
	SchoolKnown, SchoolWhole time.Duration
	Simulated                bool
}

// Direction is one direction of a link over the range.
type Direction struct {
	// GuaranteedBits is the contracted rate, bits per second.
	GuaranteedBits int64
	// P95 is the nearest rank 95th percentile of the five-minute figures measured,
	// exact; SchoolP95 that of those which begin in school time.
	P95, SchoolP95 LoadRate
}

// LoadRate is a rate in bits per second, Known unless nothing was measured.
type LoadRate struct {
	Bits  int64
	Known bool
}

// LoadPoint sums the figures of one step. The mean is over what was measured of it.
type LoadPoint struct {
	At       time.Time
	Down, Up Use
	Measured int // five-minute figures
}

// Use is one direction of a step, bits per second.
type Use struct {
	MeanBits int64
	PeakBits int64 // the largest five minutes
}

// loadDelay is how long after its end five minutes may still be unwritten without
// being a gap: a poll of the router every five minutes, and its way to the store.
const loadDelay = 6 * time.Minute

// loadWindow is the window of a range in the steps that a chart of the load shows.
func (g Range) loadWindow(now time.Time) Window {
	w := g.window(now)
	switch g {
	case Week:
		w.Step = 30 * time.Minute
	case Month:
		w.Step = 2 * time.Hour
	case Year, Compared:
	default:
		w.Step = LoadStep
	}
	w.To = w.To.Truncate(LoadStep)
	w.From = w.From.Truncate(min(w.Step, time.Hour))
	return w
}

// load answers for one link.
func (s *Service) load(ctx context.Context, r reach, link inventory.Link, g Range, now time.Time) (Load, error) {
	w := g.loadWindow(now)
	figures, err := s.store.Carried(ctx, link.ID, w)
	if err != nil {
		return Load{}, err
	}
	school := s.school(r, link)
	load := newLoad(g, w, figures, school.Hours(w.From, w.To))
	load.SchoolKnown, load.SchoolWhole = school.Known(w.From, w.To)
	terms := r.TermsAt(link, r.day)
	load.Down.GuaranteedBits, load.Up.GuaranteedBits = terms.DownKbps*1000, terms.UpKbps*1000
	load.expect(figures, link.Starts, now)
	return load, nil
}

// school is the calendar of the site that carries the access of a link.
func (s *Service) school(r reach, link inventory.Link) calendar.School {
	school := calendar.School{Vacations: s.vacations, Holidays: calendar.Metropole, Week: calendar.DefaultWeek()}
	if len(link.Sites) == 0 {
		return school
	}
	if site, ok := r.Site(link.Sites[0]); ok {
		if commune, ok := r.Commune(site.Commune); ok {
			school.Academie = calendar.AcademieOf(commune.Departement)
			school.Holidays = calendar.ForCommune(commune.Departement, commune.Temple)
		}
	}
	return school
}

// newLoad sums figures in the steps of a window.
func newLoad(g Range, w Window, figures []FiveMinutes, school []calendar.Interval) Load {
	load := Load{Range: g, Window: w, School: school}
	down, up := make([]uint32, len(figures)), make([]uint32, len(figures))
	var schoolDown, schoolUp []uint32
	var sumDown, sumUp int64
	next := w.From
	lessons := school
	for i, f := range figures {
		if i == 0 || !f.At.Before(next) {
			at := w.stepOf(next, f.At)
			next = w.Next(at)
			load.Points = append(load.Points, LoadPoint{At: at})
			sumDown, sumUp = 0, 0
		}
		p := &load.Points[len(load.Points)-1]
		p.Measured++
		sumDown, sumUp = sumDown+bits(f.Down), sumUp+bits(f.Up)
		p.Down = Use{sumDown / int64(p.Measured), max(p.Down.PeakBits, bits(f.Down))}
		p.Up = Use{sumUp / int64(p.Measured), max(p.Up.PeakBits, bits(f.Up))}
		down[i], up[i] = f.Down, f.Up
		load.Simulated = load.Simulated || f.Simulated
		for len(lessons) > 0 && !f.At.Before(lessons[0].To) {
			lessons = lessons[1:]
		}
		if len(lessons) > 0 && !f.At.Before(lessons[0].From) {
			schoolDown, schoolUp = append(schoolDown, f.Down), append(schoolUp, f.Up)
		}
	}
	load.Down.P95, load.Up.P95 = p95(down), p95(up)
	load.Down.SchoolP95, load.Up.SchoolP95 = p95(schoolDown), p95(schoolUp)
	load.Coverage.CoveredMillis = int64(len(figures)) * millisOf(LoadStep)
	return load
}

// bits are the bits of octets.
func bits(octets uint32) int64 { return 8 * int64(octets) }

// millisOf is a time in thousandths of a minute.
func millisOf(d time.Duration) int64 { return int64(d / (time.Minute / 1000)) }

// p95 sorts what it is given.
func p95(octets []uint32) LoadRate {
	value, ok := measure.Select(octets, measure.P95)
	return LoadRate{bits(value), ok}
}

// expect sets the time that should have been measured: from the link's start on, and
// of the latest minutes only what is there already.
func (l *Load) expect(figures []FiveMinutes, starts, now time.Time) {
	due := now.Add(-loadDelay).Truncate(LoadStep)
	if n := len(figures); n > 0 {
		due = calendar.Later(due, figures[n-1].At.Add(LoadStep))
	}
	from := calendar.Later(l.Window.From, calendar.Midnight(starts))
	l.Coverage.Expected = max(0, millisOf(calendar.Earlier(l.Window.To, due).Sub(from)))
}

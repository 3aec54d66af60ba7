package schedule

import (
	"cmp"
	"slices"
	"time"

	"vigie/probe"
)

// Heavy is a link that a heavy probe may be run on: one that fills the line, as a test
// of throughput does. What is known of it comes in as values.
type Heavy struct {
	Link  int64
	Sites []string // that it serves
	POP   string   // empty = not known
	// Last is when a test last gave a figure, Tried when one was last tried; zero =
	// never.
	Last, Tried time.Time
	// Contested says that the last figure was below the contract.
	Contested bool
	// Asked is when a person asked for a test, zero = nobody does: it is due at once,
	// until one was tried. Insists says that they wait neither for the hours of tests nor
	// for an idle link; school hours, exams and an unknown calendar hold for them too.
	Asked   time.Time
	Insists bool
	// Closed says why none may run at this hour (probe.InSchoolHours...); empty = it may.
	Closed probe.NotRun
	// Up says that the link answers within its limits.
	Up bool
	// LoadPerMille is what it carries, in thousandths of the contracted rate of the
	// fuller direction; negative = not known.
	LoadPerMille int
}

// HeavyPolicy is when heavy probes may run.
type HeavyPolicy struct {
	// Every is the time between two figures of a link, Again that of one which is
	// contested, and Retry that after a try without a figure.
	Every, Again, Retry time.Duration
	// MostLoadPerMille is the load above which somebody uses the link.
	MostLoadPerMille int
	// Together is how many run at a time.
	Together int
}

// Occupied is what a heavy probe under way holds. One that holds a link alone, as a
// burst of traces, leaves Sites and POP empty.
type Occupied struct {
	Link  int64
	Sites []string
	POP   string
}

// HeavyChoice says of a link whether a heavy probe starts on it now.
type HeavyChoice struct {
	Heavy
	Reason probe.NotRun // why not; empty = it starts
	// Due is when the next figure is wanted, from when on the other reasons matter.
	Due time.Time
}

// PlanHeavy chooses which heavy probes to start now beside those under way, in order of
// priority: those asked for, the contested ones, then those never tested, then the oldest figure. None
// shares a link, a site or a POP with another, since the figures of both would be less
// and the harm more.
func PlanHeavy(now time.Time, links []Heavy, running []Occupied, p HeavyPolicy) []HeavyChoice {
	sorted := slices.Clone(links)
	slices.SortFunc(sorted, func(a, b Heavy) int {
		return cmp.Or(first(a.wanted(), b.wanted()), first(a.Contested, b.Contested), a.Last.Compare(b.Last), cmp.Compare(a.Link, b.Link))
	})
	held, tests := holdings(running), 0
	for _, o := range running {
		if len(o.Sites) > 0 || o.POP != "" {
			tests++
		}
	}
	choices := make([]HeavyChoice, len(sorted))
	for i, h := range sorted {
		due, early := h.due(p)
		c := HeavyChoice{Heavy: h, Due: due, Reason: early}
		// A time in the future comes from before the clock was set back, and holds nothing up.
		if !now.Before(due) || h.Last.After(now) || h.Tried.After(now) {
			c.Reason = h.refusal(p)
		}
		if c.Reason == "" {
			c.Reason = held.refusal(h)
		}
		if c.Reason == "" && tests >= p.Together {
			c.Reason = probe.ProberBusy
		}
		if c.Reason == "" {
			held.hold(Occupied{h.Link, h.Sites, h.POP})
			tests++
		}
		choices[i] = c
	}
	return choices
}

// first orders the one that is true before.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// due is when the next figure is wanted, the zero time for a link never tried, and why
// not before.
func (h Heavy) due(p HeavyPolicy) (due time.Time, why probe.NotRun) {
	if h.wanted() {
		return time.Time{}, ""
	}
	why = probe.NotDue
	if !h.Last.IsZero() {
		due = h.Last.Add(p.Every)
		if h.Contested {
			due = h.Last.Add(p.Again)
		}
	}
	if retry := h.Tried.Add(p.Retry); h.Tried.After(h.Last) && retry.After(due) {
		due, why = retry, probe.RetryWaits
	}
	return due, why
}

// wanted reports whether a person still waits for a test.
func (h Heavy) wanted() bool { return h.Asked.After(h.Last) && h.Asked.After(h.Tried) }

// refusal is why the link itself, whose time has come, is not tested.
func (h Heavy) refusal(p HeavyPolicy) probe.NotRun {
	insists := h.wanted() && h.Insists
	switch {
	case h.Closed != "" && !(insists && h.Closed == probe.OutsideWindow):
		return h.Closed
	case !h.Up:
		return probe.LinkNotUp
	case insists:
		return ""
	case h.LoadPerMille < 0:
		return probe.LoadUnknown
	case h.LoadPerMille > p.MostLoadPerMille:
		return probe.LoadHigh
	}
	return ""
}

// held is what heavy probes hold.
type held struct {
	links       map[int64]bool
	sites, pops map[string]bool
}

func holdings(running []Occupied) held {
	h := held{links: map[int64]bool{}, sites: map[string]bool{}, pops: map[string]bool{}}
	for _, o := range running {
		h.hold(o)
	}
	return h
}

func (h held) hold(o Occupied) {
	h.links[o.Link] = true
	for _, site := range o.Sites {
		h.sites[site] = true
	}
	if o.POP != "" {
		h.pops[o.POP] = true
	}
}

func (h held) refusal(x Heavy) probe.NotRun {
	switch {
	case h.links[x.Link]:
		return probe.LinkBusy
	case slices.ContainsFunc(x.Sites, func(site string) bool { return h.sites[site] }):
		return probe.SiteBusy
	case h.pops[x.POP]:
		return probe.POPBusy
	}
	return ""
}

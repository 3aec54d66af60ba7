package view

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/org"
)

// latestWithin bounds the age of a minute that still counts as the last measure.
const latestWithin = 10 * time.Minute

// Board is the answer to "which links fail now?".
type Board struct {
	Notices
	Totals Totals
	// Attention is every link in scope that is not up, or behind which something fails, the
	// most urgent first.
	Attention []BoardLink
	Groups    []Group // the links that the filter keeps
	Shown     int     // number of links in Groups
	// Operators and Departements are what a filter can name.
	Operators    []Choice
	Departements []Choice
}

// Filter keeps some links of a board; a zero field keeps all.
type Filter struct {
	Text        string
	Status      string // name of a linkstate.Status
	Operator    string // key
	Departement string // code
	By          Grouping
}

// Active reports whether the filter keeps less than everything.
func (f Filter) Active() bool {
	return f.Text != "" || f.Status != "" || f.Operator != "" || f.Departement != ""
}

// Grouping says how the links of a board are put together.
type Grouping string

// The groupings.
const (
	ByDepartement Grouping = "departement"
	ByPOP         Grouping = "pop" // operator and POP
)

// Totals counts links by status.
type Totals struct {
	Down, Degraded, Unknown, Up int
	Measured                    int // links with a measure in the last minutes
	Behind                      int // lines that are good while what stands behind them fails
}

// All is the number of links counted.
func (t Totals) All() int { return t.Down + t.Degraded + t.Unknown + t.Up }

func (t *Totals) add(l BoardLink) {
	switch l.Status {
	case linkstate.Down:
		t.Down++
	case linkstate.Degraded:
		t.Degraded++
	case linkstate.Up:
		t.Up++
	default:
		t.Unknown++
	}
	if !l.Latest.At.IsZero() {
		t.Measured++
	}
	if l.Behind != nil {
		t.Behind++
	}
}

// Group is some links of a board with their totals.
type Group struct {
	Key    string
	Name   string // empty for links without a site
	Totals Totals
	Links  []BoardLink
}

// Choice is a value that a filter can take.
type Choice struct{ Key, Name string }

// BoardLink is one link at a glance.
type BoardLink struct {
	LinkName
	Status   linkstate.Status
	Since    time.Time // of the status; zero when it began before the first measure
	Latest   Latest
	Incident IncidentRef // zero without an open one
	Ticket   TicketRef   // zero without an open one
	Works    bool        // inside an announced maintenance now
	Behind   *Behind     // nil unless the line is good and what stands behind it fails
	InMarket bool        // false: watched, never ticketed nor billed
}

// Latest is the last measured minute of a link; its zero value is no measure.
type Latest struct {
	At           time.Time
	Sent         int
	Received     int
	MedianMicros int32 // 0 when every echo was lost
	Simulated    bool
	// Former says that the minute tells nothing about the present: it began before the
	// link got the status that it has.
	Former bool
}

// beside marks a minute that began before the link went down or unknown, or came back. Of
// a line that fails in part the minute before may be told: it was one too, unless nothing
// was answered in it.
func (l Latest) beside(status linkstate.Status, since time.Time) Latest {
	before := l.At.Before(since)
	switch status {
	case linkstate.Up:
		l.Former = before
	case linkstate.Degraded:
		l.Former = before && l.Received == 0
	default:
		l.Former = before || since.IsZero()
	}
	return l
}

// Lost is the number of echoes without answer.
func (l Latest) Lost() int { return l.Sent - l.Received }

// IncidentRef names an incident.
type IncidentRef struct {
	ID   int64
	Kind incident.Kind
}

// Board answers for the links in force today that the asker sees.
func (s *Service) Board(ctx context.Context, who org.User, f Filter, now time.Time) (Board, error) {
	r, err := s.reach(ctx, who, org.SeeLinks, now)
	if err != nil {
		return Board{}, err
	}
	live, err := s.store.Live(ctx, now.Add(-latestWithin))
	if err != nil {
		return Board{}, err
	}
	links := r.boardLinks(live, now)
	b := Board{Notices: s.notices(r, live, now)}
	for _, link := range links {
		b.Totals.add(link)
		if link.Status != linkstate.Up || link.Behind != nil {
			b.Attention = append(b.Attention, link)
		}
	}
	slices.SortStableFunc(b.Attention, compareUrgency)
	kept := slices.DeleteFunc(slices.Clone(links), func(l BoardLink) bool { return !f.keeps(l) })
	b.Groups, b.Shown = groupLinks(kept, f.By), len(kept)
	b.Operators = choices(links, func(l BoardLink) Choice { return Choice{l.Operator, l.OperatorName} })
	b.Departements = choices(links, func(l BoardLink) Choice { return Choice{l.departement(), DepartementName(l.departement())} })
	return b, nil
}

// boardLinks gives the links in force that the asker sees, in order of reference.
func (r reach) boardLinks(live Live, now time.Time) []BoardLink {
	incidents, tickets := live.byLink()
	works := r.works(now)
	var links []BoardLink
	for _, link := range r.Links {
		if !inventory.InForce(link.Starts, link.Ends, r.day) || !r.sees(org.SeeLinks, link) {
			continue
		}
		row := BoardLink{LinkName: r.nameLink(link), Latest: live.Latest[link.ID], Works: works(link), InMarket: link.Lot != ""}
		row.Status = linkstate.Unknown
		if state, ok := live.States[link.ID]; ok {
			row.Status, row.Since = state.Status, state.Since
		}
		row.Latest = row.Latest.beside(row.Status, row.Since)
		row.Behind = r.behind(live.Failing, link, row.Status, row.Since)
		row.Incident = incidents[link.ID]
		if org.Allowed(r.who, org.SeeTickets) {
			row.Ticket = tickets[link.ID]
		}
		links = append(links, row)
	}
	slices.SortFunc(links, func(a, b BoardLink) int { return compareText(a.Ref, b.Ref) })
	return links
}

// byLink gives each link's open incident and open ticket, the oldest of each.
func (l Live) byLink() (map[int64]IncidentRef, map[int64]TicketRef) {
	incidents, tickets := map[int64]IncidentRef{}, map[int64]TicketRef{}
	for _, open := range l.Incidents {
		for _, link := range open.Links {
			if ref, ok := incidents[link]; !ok || open.ID < ref.ID {
				incidents[link] = IncidentRef{ID: open.ID, Kind: open.Kind}
			}
		}
	}
	for _, open := range l.Tickets {
		if !open.Open {
			continue
		}
		for _, link := range open.Links {
			if ref, ok := tickets[link]; !ok || open.ID < ref.ID {
				tickets[link] = open.TicketRef
			}
		}
	}
	return incidents, tickets
}

// works tells of any link whether an announced maintenance covers it now.
func (r reach) works(now time.Time) func(inventory.Link) bool {
	var current []inventory.Maintenance
	for _, m := range r.Maintenances {
		if !now.Before(m.From) && now.Before(m.To) {
			current = append(current, m)
		}
	}
	return func(l inventory.Link) bool {
		return slices.ContainsFunc(current, func(m inventory.Maintenance) bool { return covers(m, l) })
	}
}

func covers(m inventory.Maintenance, l inventory.Link) bool {
	switch m.Scope {
	case inventory.ScopeLink:
		return m.Subject == l.Ref
	case inventory.ScopeSite:
		return slices.Contains(l.Sites, m.Subject)
	case inventory.ScopePOP:
		return m.Subject == l.POP
	case inventory.ScopeOperator:
		return m.Subject == l.Operator
	}
	return false
}

func (f Filter) keeps(l BoardLink) bool {
	return (f.Status == "" || f.Status == l.Status.String()) &&
		(f.Operator == "" || f.Operator == l.Operator) &&
		(f.Departement == "" || f.Departement == l.departement()) &&
		(f.Text == "" || l.mentions(f.Text))
}

// mentions reports whether every word of the text stands in a name of the link.
func (l BoardLink) mentions(text string) bool {
	names := l.Ref + " " + l.OperatorName + " " + l.POP
	for _, site := range l.Sites {
		names += " " + site.Name + " " + site.Commune
	}
	names = fold(names)
	for word := range strings.FieldsSeq(fold(text)) {
		if !strings.Contains(names, word) {
			return false
		}
	}
	return true
}

func (l BoardLink) departement() string {
	if len(l.Sites) == 0 {
		return ""
	}
	return l.Sites[0].Departement
}

func groupLinks(links []BoardLink, by Grouping) []Group {
	places := map[string]int{}
	var groups []Group
	for _, link := range links {
		key := link.departement()
		name := DepartementName(key)
		if by == ByPOP {
			key, name = link.Operator+"/"+link.POP, link.OperatorName+" · "+cmp.Or(link.POP, "?")
		}
		place, ok := places[key]
		if !ok {
			place = len(groups)
			places[key] = place
			groups = append(groups, Group{Key: key, Name: name})
		}
		groups[place].Links = append(groups[place].Links, link)
		groups[place].Totals.add(link)
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(compareText(a.Name, b.Name), cmp.Compare(a.Key, b.Key))
	})
	return groups
}

func choices(links []BoardLink, choice func(BoardLink) Choice) []Choice {
	var all []Choice
	for _, link := range links {
		if c := choice(link); c.Key != "" {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b Choice) int { return cmp.Or(compareText(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	return slices.Compact(all)
}

// urgency orders the statuses: what fails, what hurts, what is not known.
var urgency = map[linkstate.Status]int{linkstate.Down: 0, linkstate.Degraded: 1, linkstate.Unknown: 2, linkstate.Up: 3}

// compareUrgency puts the most urgent status first, and in it the latest change.
func compareUrgency(a, b BoardLink) int {
	return cmp.Or(cmp.Compare(urgency[a.Status], urgency[b.Status]), b.Since.Compare(a.Since))
}

package dashboards

import (
	"strconv"
	"strings"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/i18n"
	"vigie/internal/linkstate"
	"vigie/internal/ticket"
	"vigie/internal/view"
)

// The values below are what shared templates are given: a template takes one.

// sectionEntry is one entry of the navigation.
type sectionEntry struct {
	Name    Section
	Href    string
	Current bool
	Count   int // what waits there for a person
}

func newSectionEntry(p Page, name Section, href string) sectionEntry {
	s := p.shell()
	e := sectionEntry{Name: name, Href: href, Current: s.Section == name}
	if name == Tickets && s.Notices != nil {
		e.Count = s.Notices.ToApprove
	}
	return e
}

// stateTotal is a number of links in a state, with the board that shows them.
type stateTotal struct {
	State string
	Count int
	Href  string
}

func newStateTotal(state string, count int) stateTotal {
	return stateTotal{State: state, Count: count, Href: withQuery("/", "state", state)}
}

// siteGroup is the sites of a département.
type siteGroup struct {
	view.Choice
	Sites []view.MapSite
}

// sitesByDepartement cuts the sites of a map, which are in the order of their
// départements, into one group each.
func sitesByDepartement(m view.Map) []siteGroup {
	var groups []siteGroup
	for _, site := range m.Sites {
		if n := len(groups); n == 0 || groups[n-1].Key != site.Departement {
			groups = append(groups, siteGroup{Choice: view.Choice{Key: site.Departement, Name: view.DepartementName(site.Departement)}})
		}
		last := &groups[len(groups)-1]
		last.Sites = append(last.Sites, site)
	}
	return groups
}

// linkTable is a table of links at a glance.
type linkTable struct {
	Caption string
	Links   []view.BoardLink
	Now     time.Time
}

// linkNames is a short or folded list of links; ID makes it unique on the page.
type linkNames struct {
	ID     string
	Links  []view.LinkName
	Hidden int
}

// history is what happened: incidents, and tickets for those who see them.
type history struct {
	Incidents  []view.Incident
	Tickets    []view.TicketLine
	SeeTickets bool
	Now        time.Time
}

// outageTable is a table of outages.
type outageTable struct {
	Outages []view.Outage
	Now     time.Time
}

// rangeChoice offers the ranges of a series on the same page.
type rangeChoice struct {
	Path  string
	Range view.Range
}

// openChoice offers the open ones or all of a list.
type openChoice struct {
	Href     string
	OpenOnly bool
}

// stateNames are the states that a filter offers, the most urgent first.
func stateNames() []string {
	return []string{linkstate.Down.String(), linkstate.Degraded.String(), linkstate.Unknown.String(), linkstate.Up.String()}
}

func sendingModes() []ticket.Mode {
	return []ticket.Mode{ticket.Observe, ticket.Ask, ticket.Automatic}
}

// messageTone is the state of a link whose look a message's state borrows.
func messageTone(s ticket.MessageState) string {
	switch s {
	case ticket.Sent:
		return linkstate.Up.String()
	case ticket.Waiting:
		return linkstate.Degraded.String()
	case ticket.Failed:
		return linkstate.Down.String()
	default:
		return linkstate.Unknown.String()
	}
}

// personName names a person by id, as far as it is known.
func personName(p i18n.Printer, id int64, people map[int64]string) string {
	if name, ok := people[id]; ok {
		return name
	}
	return p.T("journal.person", p.Number(id))
}

// actorName names who decided: Vigie itself, the operator, or a person written
// "user:12".
func actorName(p i18n.Printer, actor string, people map[int64]string) string {
	id, isPerson := strings.CutPrefix(actor, "user:")
	if !isPerson && p.Has("actor."+actor) {
		return p.T("actor." + actor)
	}
	if !isPerson {
		return actor
	}
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return actor
	}
	return personName(p, number, people)
}

// actionName words a decision of the journal; one that the catalogue does not know
// stands as it was written.
func actionName(p i18n.Printer, action string) string {
	if !p.Has("action." + action) {
		return action
	}
	return p.T("action." + action)
}

// serviceHours writes hours of service as people do: "1-5 08:00-18:00" is
// lun.–ven. 08:00–18:00. What is not the notation of calendar.ParseService stands
// as it was written.
func serviceHours(p i18n.Printer, notation string) string {
	service, err := calendar.ParseService(notation)
	if err != nil {
		return notation
	}
	if service.Always {
		return p.T("hours.always")
	}
	days, hours, _ := strings.Cut(service.String(), " ")
	var b strings.Builder
	for _, r := range days {
		switch {
		case r >= '1' && r <= '7':
			b.WriteString(p.T("hours.day." + string(r)))
		case r == '-':
			b.WriteString("–")
		default:
			b.WriteString(", ")
		}
	}
	return b.String() + " " + strings.Replace(hours, "-", "–", 1)
}

// wallClock is an instant as a datetime-local field takes it, in Paris time.
func wallClock(t time.Time) string { return t.In(i18n.Paris()).Format("2006-01-02T15:04:05") }

// telephone keeps what a tel: address may hold.
func telephone(number string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, number)
}

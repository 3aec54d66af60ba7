package ticket

import (
	"strings"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/probe"
)

// Desks is how an operator is reached.
type Desks struct {
	Name       string
	Desk       string            // address of the first level
	Escalation string            // address of the second level
	Channel    inventory.Channel // of the first level; the second is called by mail
	Mode       Mode
}

// Access is one link as an operator needs it to find the fault.
type Access struct {
	Ref        string // service reference
	Technology string
	POP        string // name
	Site       string // name, with the UAI of its establishments
	Address    string // postal
	Contact    string // name
	Phone      string
	Hours      string // in the notation of calendar.ParseService
	Probed     string // the address that was tested
	GTR        time.Duration
}

// Tested is the evidence that a message gives.
type Tested struct {
	Rounds   int // consecutive rounds without any answer
	Echoes   int // echoes of a round
	Canaries int // canaries that answered meanwhile
	Began    *Began
}

// Began is how the failure began on one of the links, as a closer look saw it.
type Began struct {
	Probed string // the address that was tested
	probe.Look
}

// said names what the look saw.
func (b Began) said() string {
	switch {
	case b.Lost() == 0:
		return "well"
	case b.End == probe.LookRecovered:
		return "recovered"
	case b.Lost() == b.Sent():
		return "total"
	default:
		return "lasting"
	}
}

// Facts is everything that a message says.
type Facts struct {
	Operator   Desks
	Accesses   []Access
	Since      time.Time // first failed round
	RestoredAt time.Time
	Tested     Tested
	Simulated  bool // a demonstration: the message says so
}

// Describe gathers from the inventory, as it stands on the day of at, what a
// message about the links says. An operator without a ticket address, and links
// that are all outside the market, are only observed.
func Describe(x *inventory.Index, modes Modes, operator string, links []int64, at time.Time) Facts {
	day := calendar.Day(at)
	o, _ := x.Operator(operator)
	f := Facts{Operator: Desks{Name: o.Name, Desk: o.TicketEmail, Escalation: o.EscalationEmail, Channel: o.Channel, Mode: Observe}}
	for _, id := range links {
		l, ok := x.LinkByID(id)
		if !ok {
			continue
		}
		f.Accesses = append(f.Accesses, access(x, l, day))
		if l.Lot != "" && o.TicketEmail != "" {
			f.Operator.Mode = modes.Of(operator)
		}
	}
	return f
}

func access(x *inventory.Index, l inventory.Link, day time.Time) Access {
	a := Access{Ref: l.Ref, Technology: l.Technology, POP: l.POP, Probed: l.ProbeAddress.String()}
	if pop, ok := x.POP(l.POP); ok {
		a.POP = pop.Name
	}
	if clause, ok := x.ClauseAt(l.Lot, day); ok {
		a.GTR = clause.GTR
	}
	var names []string
	for i, site := range x.SitesOfLink(l) {
		names = append(names, siteName(x, site, day))
		if i > 0 {
			continue
		}
		a.Address = address(x, site)
		if contacts := x.ContactsOfSite(site.Key); len(contacts) > 0 {
			c := contacts[0]
			a.Contact, a.Phone, a.Hours = c.Name, c.Phone, c.Hours
		}
	}
	a.Site = strings.Join(names, " ; ")
	return a
}

// address writes a postal address on one line, without what is not known.
func address(x *inventory.Index, site inventory.Site) string {
	town := site.Postcode
	if c, ok := x.Commune(site.Commune); ok {
		town = strings.TrimSpace(town + " " + c.Name)
	}
	if site.Address == "" || town == "" {
		return site.Address + town
	}
	return site.Address + ", " + town
}

func siteName(x *inventory.Index, site inventory.Site, day time.Time) string {
	var uais []string
	for _, e := range x.EstablishmentsOfSite(site.Key) {
		if inventory.InForce(time.Time{}, e.Ends, day) {
			uais = append(uais, e.UAI)
		}
	}
	if len(uais) == 0 {
		return site.Name
	}
	return site.Name + " (" + strings.Join(uais, ", ") + ")"
}

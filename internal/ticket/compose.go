package ticket

import (
	"fmt"
	"strings"

	"vigie/internal/i18n"
	"vigie/internal/incident"
	"vigie/internal/inventory"
)

// detailed is how many accesses a message describes in full; the others are
// named by reference and site, so that a mass ticket stays readable.
const detailed = 3

// Compose writes subject and body of a message, in French: the operators' desks
// are French.
func Compose(t Ticket, kind MessageKind, f Facts) (subject, body string) {
	c := composer{p: i18n.For(i18n.French), t: t, kind: kind, f: f}
	return c.subject(), c.body()
}

type composer struct {
	strings.Builder
	p    i18n.Printer
	t    Ticket
	kind MessageKind
	f    Facts
}

func (c *composer) line(text string)  { c.WriteString(text + "\n") }
func (c *composer) blank()            { c.WriteString("\n") }
func (c *composer) point(text string) { c.line("- " + text) }

func (c *composer) subject() string {
	what := c.p.N("mail.accesses", len(c.f.Accesses))
	switch {
	case c.t.Kind == incident.KindSite && len(c.f.Accesses) > 0:
		what = c.f.Accesses[0].Site
	case len(c.f.Accesses) == 1:
		what = c.f.Accesses[0].Ref + ", " + c.f.Accesses[0].Site
	case c.t.Kind == incident.KindMass && len(c.f.Accesses) > 1:
		what += ", " + c.f.Accesses[0].POP
	}
	return c.p.T("mail.subject."+c.said(), c.t.Number, what)
}

// said names what the message says: an opening says what fails. A link that answers
// too slowly, or again and again, or whose router alone is silent, is not simply
// interrupted, and a site without power is no point of presence's failure.
func (c *composer) said() string {
	if c.kind != OpenMessage {
		return string(c.kind)
	}
	switch c.t.Kind {
	case incident.KindDegraded, incident.KindFlapping, incident.KindRouter, incident.KindSite, incident.KindMass, incident.KindOperator:
		return string(c.kind) + "." + string(c.t.Kind)
	default:
		return string(c.kind)
	}
}

// manner is how the service fails, where sentences differ by it.
func (c *composer) manner() string {
	if c.t.Kind == incident.KindDegraded || c.t.Kind == incident.KindFlapping {
		return string(c.t.Kind)
	}
	return "down"
}

func (c *composer) body() string {
	c.line(c.p.T("mail.hello"))
	c.blank()
	c.line(c.intro())
	c.blank()
	c.times()
	if c.kind != ResolveMessage {
		c.tested()
	}
	c.accesses()
	// A system has a reference of its own, and so have we.
	if c.kind != ResolveMessage && c.t.Channel != inventory.ByTMF621 && c.t.Addressee != incident.ToInternal {
		c.line(c.p.T("mail.ask"))
	}
	c.line(c.p.T("mail.sign", c.t.Number))
	if c.f.Simulated {
		c.line(c.p.T("mail.simulated"))
	}
	return c.String()
}

func (c *composer) intro() string {
	pop := ""
	if len(c.f.Accesses) > 0 {
		pop = c.f.Accesses[0].POP
	}
	return c.p.T("mail.intro."+c.said(), pop)
}

func (c *composer) times() {
	period := c.t.Current()
	c.line(c.p.T("mail.since."+c.manner(), c.p.TimeSeconds(period.Since)))
	if !c.f.RestoredAt.IsZero() {
		c.line(c.p.T("mail.restored", c.p.TimeSeconds(c.f.RestoredAt)))
		c.line(c.p.T("mail.duration."+c.manner(), c.p.Duration(c.f.RestoredAt.Sub(period.Since))))
	}
	if len(c.f.Accesses) > 0 && c.f.Accesses[0].GTR > 0 {
		c.line(c.p.T("mail.gtr", c.p.Duration(c.f.Accesses[0].GTR)))
	}
	if c.kind == ReminderMessage && !period.SentAt.IsZero() {
		c.line(c.p.T("mail.first", c.p.TimeSeconds(period.SentAt)))
	}
	c.blank()
}

func (c *composer) tested() {
	if c.f.Tested.Rounds == 0 {
		return
	}
	c.line(c.p.T("mail.tested.title"))
	var addresses []string
	for _, a := range c.f.Accesses[:min(detailed, len(c.f.Accesses))] {
		addresses = append(addresses, a.Probed)
	}
	if len(c.f.Accesses) > detailed {
		addresses = append(addresses, "…")
	}
	c.point(c.p.T("mail.tested.echoes."+c.manner(), fmt.Sprint(c.f.Tested.Rounds), fmt.Sprint(c.f.Tested.Echoes), strings.Join(addresses, ", ")))
	if b := c.f.Tested.Began; b != nil {
		c.point(c.p.T("mail.tested.look."+b.said(), c.p.TimeTenths(b.From), b.Probed, c.p.Number(int64(b.Lost())), c.p.Number(int64(b.Sent())), c.p.ClockTenths(b.LastLost)))
	}
	if c.f.Tested.Canaries > 0 {
		c.point(c.p.N("mail.tested.canaries", c.f.Tested.Canaries))
	}
	if len(c.f.Accesses) == 1 {
		c.point(c.p.T("mail.tested." + c.surroundings()))
	}
	c.blank()
}

// surroundings is what is known of the site: its power, which only a router that
// falls silent leaves open, or the equipment in front of the router.
func (c *composer) surroundings() string {
	switch c.t.Kind {
	case incident.KindDegraded, incident.KindFlapping:
		return "answers"
	case incident.KindRouter:
		return "demarcation"
	default:
		return "power"
	}
}

func (c *composer) accesses() {
	for i, a := range c.f.Accesses {
		if i >= detailed {
			c.point(a.Ref + ", " + a.Site)
			continue
		}
		c.line(c.p.T("mail.link.title", a.Ref))
		c.known(a.Technology, c.p.T("mail.link.technology", a.Technology))
		c.known(a.POP, c.p.T("mail.link.pop", a.POP))
		c.known(a.Site, c.p.T("mail.link.site", a.Site))
		c.known(a.Address, c.p.T("mail.link.address", a.Address))
		c.point(c.contact(a))
		c.blank()
	}
	if len(c.f.Accesses) > detailed {
		c.blank()
	}
}

// known writes a point about a value, unless that is not known.
func (c *composer) known(value, text string) {
	if value != "" {
		c.point(text)
	}
}

func (c *composer) contact(a Access) string {
	if a.Contact == "" {
		return c.p.T("mail.link.nocontact")
	}
	who := a.Contact
	if a.Phone != "" {
		who += ", " + a.Phone
	}
	if a.Hours != "" {
		who += ", " + c.p.T("mail.contact.hours", hours(c.p, a.Hours))
	}
	return c.p.T("mail.link.contact", who)
}

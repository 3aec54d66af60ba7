package inventory

import (
	"slices"
	"time"
)

// Direction says from where a check is made.
type Direction string

// The directions.
const (
	// FromCore checks are made by the probers of the core: what the world sees of a school.
	FromCore Direction = "from_core"
	// FromSite checks are made by the prober that stands at the site: what a school sees of
	// the world.
	FromSite Direction = "from_site"
)

// Check is a service behind, or reached through, a link that is asked again and again: a
// line on which every echo comes back says nothing of the firewall behind it.
type Check struct {
	ID      int64
	Key     string
	Scope   ScopeKind // ScopeLink or ScopeSite
	Subject string    // reference of the link, or key of the site
	Name    string    // what people call it
	From    Direction
	// Service is the question, as probe/service.Parse reads it.
	Service string
	Every   time.Duration // between two questions, whole seconds
	// Status and Text are what the right page has (probe/service.Expect); empty = any 2xx,
	// any text.
	Status string
	Text   string
	// CertificateDays is how long before its end a certificate is told of; 0 =
	// DefaultCertificateDays.
	CertificateDays int
	// CertificateSHA256 is that of the certificate, or of an authority above it, that an
	// HTTPS service shows, 64 hexadecimal digits; empty = of an authority that is known.
	CertificateSHA256 string
	Ends              time.Time
	Source            string
}

// DefaultCertificateDays is how long before its end a certificate is told of where a check
// says nothing else.
const DefaultCertificateDays = 30

// WarnBefore is how long before its end a certificate is told of.
func (c Check) WarnBefore() time.Duration {
	days := c.CertificateDays
	if days == 0 {
		days = DefaultCertificateDays
	}
	return time.Duration(days) * 24 * time.Hour
}

// CheckByID finds a check by its numeric id.
func (x *Index) CheckByID(id int64) (Check, bool) { return find(x.Checks, x.checkIDs, id) }

// LinksOfCheck gives the links in force on a day that a check tells of: the one it names,
// or those of its site.
func (x *Index) LinksOfCheck(c Check, day time.Time) []Link {
	var links []Link
	if c.Scope == ScopeSite {
		links = x.LinksOfSite(c.Subject)
	} else if link, ok := x.Link(c.Subject); ok {
		links = append(links, link)
	}
	return slices.DeleteFunc(links, func(l Link) bool { return !InForce(l.Starts, l.Ends, day) })
}

// ChecksOfLink gives the checks in force on a day that tell of a link, by key: its own, and
// those of its sites.
func (x *Index) ChecksOfLink(l Link, day time.Time) []Check {
	checks := pick(x.Checks, x.checksOf[subjectOf(ScopeLink, l.Ref)])
	for _, site := range l.Sites {
		checks = append(checks, pick(x.Checks, x.checksOf[subjectOf(ScopeSite, site)])...)
	}
	checks = slices.DeleteFunc(checks, func(c Check) bool { return !InForce(time.Time{}, c.Ends, day) })
	by(checks, func(c Check) string { return c.Key })
	return checks
}

// ChecksFrom gives the checks that a prober makes on a day, by key. One of the core, which
// stands at no site, makes those from the core; one that stands at a site makes those from
// that site and no other. What no link in force carries is not asked.
func (x *Index) ChecksFrom(site string, day time.Time) []Check {
	var checks []Check
	for _, c := range x.Checks {
		if InForce(time.Time{}, c.Ends, day) && x.AskedFrom(c, site, day) {
			checks = append(checks, c)
		}
	}
	return checks
}

// AskedFrom reports whether it is for a prober that stands at a site, "" for one of the
// core, to make a check: nobody else's result says anything of it. What no link in force
// carries is for none.
func (x *Index) AskedFrom(c Check, site string, day time.Time) bool {
	links := x.LinksOfCheck(c, day)
	switch {
	case len(links) == 0:
		return false
	case c.From == FromCore || site == "":
		return c.From == FromCore && site == ""
	case c.Scope == ScopeSite:
		return c.Subject == site
	}
	return slices.Contains(links[0].Sites, site)
}

// SiteNamed finds a site by its key, or by the UAI of an establishment that stands there.
func (x *Index) SiteNamed(name string) (Site, bool) {
	if site, ok := x.Site(name); ok {
		return site, true
	}
	for _, e := range x.Establishments {
		if e.UAI == name {
			return x.Site(e.Site)
		}
	}
	return Site{}, false
}

// subjectOf names what a check is about, among links and sites alike.
func subjectOf(scope ScopeKind, key string) string { return string(scope) + " " + key }

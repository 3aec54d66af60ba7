package audit

import (
	"errors"
	"math/big"
	"slices"
	"time"

	"vigie/billing/money"
	"vigie/internal/inventory"
	"vigie/internal/org"
	"vigie/internal/sla"
)

// Report is the audit of a period.
type Report struct {
	// Asked is the period as it was asked for, Period the part of it that is over: the
	// figures are of that part.
	Asked, Period Period
	Made          time.Time
	Policy        Policy
	Lines         []Line // by site and link
}

// Place is a site as the audit names it.
type Place struct {
	ID          int64
	Key, Name   string
	Departement string
}

// Line is the audit of one link.
type Line struct {
	LinkID     int64
	Link       string // the operator's reference
	Operator   string // name
	Technology string
	Sites      []Place // the first carries the access
	Pupils     int     // of the establishments it serves; 0 = not known
	// Served is the part of the period in which the link was in service.
	Served Period
	// DownKbps and UpKbps are guaranteed at the end of Served, kilobits per second. What is
	// compared with a rate is compared with these, except Saturated and NearFull: each five
	// minutes with the rate of their own day.
	DownKbps, UpKbps int64
	// Changed is the day within Served from which these rates hold; zero = they always did.
	Changed time.Time
	Carried
	Uptime sla.Uptime
	// Test is the last throughput test up to the end of the period as it was asked for;
	// nil when none was due.
	Test *Test
	Cost Cost
	Recommendation
	owners []string
}

// Cost is what a link cost over the period, as the monthly bills have it.
type Cost struct {
	// Hidden says that the asker may not see costs; the amounts are then zero.
	Hidden bool
	// Billed says that the link belongs to a market; the others cost nothing here.
	Billed                  bool
	HT, VAT, TTC, Penalties money.Cents // Penalties is what the operator owes, 0 or more
	// Refused says what could not be priced.
	Refused []string
}

// PerMbit is the cost HT of each guaranteed Mbit/s towards the site over the period;
// false when either is not known.
func (l Line) PerMbit() (money.Cents, bool) {
	if !l.Cost.Billed || l.Cost.Hidden || l.DownKbps <= 0 {
		return 0, false
	}
	cents, err := l.Cost.HT.Times(big.NewRat(1000, l.DownKbps))
	return cents, err == nil
}

// PerPupil is the guaranteed rate towards the site for each pupil, bits per second;
// false when the number of pupils is not known.
func (l Line) PerPupil() (int64, bool) { return perPupil(l.DownKbps, l.Pupils) }

func perPupil(kbps int64, pupils int) (int64, bool) {
	if pupils <= 0 {
		return 0, false
	}
	return kbps * 1000 / int64(pupils), true
}

// Usage is the p95 of school time as a part of the guaranteed rate, per mille, of the
// direction that is used more; false when it is not known.
func (l Line) Usage() (int64, bool) {
	if !l.Down.School.Known || !l.Up.School.Known {
		return 0, false
	}
	return max(l.Down.School.permille(l.DownKbps), l.Up.School.permille(l.UpKbps)), true
}

// SaturatedMinutes and NearFullMinutes are the minutes of school time in which a
// direction reached the policy's part of the guaranteed rate; false when unknown.
func (l Line) SaturatedMinutes() (int64, bool) { return minutes(l.Saturated) }

// NearFullMinutes is the same of the higher limit.
func (l Line) NearFullMinutes() (int64, bool) { return minutes(l.NearFull) }

func minutes(s Share) (int64, bool) {
	return s.Part * int64(interval/time.Minute), s.Whole > 0
}

// MonthUsage is the highest p95 of a month of school time, per mille of the rate.
func (l Line) MonthUsage(m Month) (int64, bool) {
	return m.usage(l.DownKbps, l.UpKbps), m.Down.Known && m.Up.Known
}

// For keeps what somebody sees: the links of their territory, and costs for those
// whose role has them.
func (r Report) For(who org.User) Report {
	sees := func(a org.Action, l Line) bool {
		if len(l.owners) == 0 {
			return who.Territory.All && org.Allowed(who, a)
		}
		return org.Allowed(who, a, l.owners...)
	}
	kept := make([]Line, 0, len(r.Lines))
	for _, l := range r.Lines {
		if !sees(org.SeeLinks, l) {
			continue
		}
		if !sees(org.SeeCosts, l) {
			l.Cost = Cost{Hidden: true}
			l.Recommendation.Tier.Monthly = 0
		}
		kept = append(kept, l)
	}
	r.Lines = kept
	return r
}

// Only keeps the links that serve a site, given by its key.
func (r Report) Only(site string) Report {
	r.Lines = slices.DeleteFunc(slices.Clone(r.Lines), func(l Line) bool {
		return !slices.ContainsFunc(l.Sites, func(p Place) bool { return p.Key == site })
	})
	return r
}

// In keeps the links whose first site lies in a département, given by its code.
func (r Report) In(departement string) Report {
	r.Lines = slices.DeleteFunc(slices.Clone(r.Lines), func(l Line) bool {
		return len(l.Sites) == 0 || l.Sites[0].Departement != departement
	})
	return r
}

// Simulated reports whether a figure of the report rests on simulated measurements.
func (r Report) Simulated() bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Simulated })
}

// Costs reports whether any cost may be shown.
func (r Report) Costs() bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return !l.Cost.Hidden })
}

// Site is what the links of one site add up to. An access that serves several sites
// counts at the one that carries it, with the pupils of all.
type Site struct {
	Place
	Links            []string
	Pupils           int
	DownKbps, UpKbps int64
	Cost             Cost
}

// PerPupil is as that of a Line, over all links of the site.
func (s Site) PerPupil() (int64, bool) { return perPupil(s.DownKbps, s.Pupils) }

// Sites adds the lines up by the site that carries them, in their order.
func (r Report) Sites() ([]Site, error) {
	var sites []Site
	places := map[string]int{}
	for _, l := range r.Lines {
		if len(l.Sites) == 0 {
			continue
		}
		place, known := places[l.Sites[0].Key]
		if !known {
			place = len(sites)
			places[l.Sites[0].Key] = place
			sites = append(sites, Site{Place: l.Sites[0], Cost: Cost{Hidden: l.Cost.Hidden}})
		}
		s := &sites[place]
		s.Links = append(s.Links, l.Link)
		s.Pupils = max(s.Pupils, l.Pupils)
		s.DownKbps, s.UpKbps = s.DownKbps+l.DownKbps, s.UpKbps+l.UpKbps
		if err := s.Cost.add(l.Cost); err != nil {
			return nil, err
		}
	}
	return sites, nil
}

// Total adds the costs of all lines.
func (r Report) Total() (Cost, error) {
	total := Cost{Hidden: !r.Costs()}
	for _, l := range r.Lines {
		if err := total.add(l.Cost); err != nil {
			return Cost{}, err
		}
	}
	return total, nil
}

func (c *Cost) add(other Cost) error {
	var errs [4]error
	c.Billed = c.Billed || other.Billed
	c.HT, errs[0] = money.Sum(c.HT, other.HT)
	c.VAT, errs[1] = money.Sum(c.VAT, other.VAT)
	c.TTC, errs[2] = money.Sum(c.TTC, other.TTC)
	c.Penalties, errs[3] = money.Sum(c.Penalties, other.Penalties)
	c.Refused = append(c.Refused, other.Refused...)
	return errors.Join(errs[:]...)
}

// place names a site with its département.
func place(x *inventory.Index, s inventory.Site) Place {
	commune, _ := x.Commune(s.Commune)
	return Place{ID: s.ID, Key: s.Key, Name: s.Name, Departement: commune.Departement}
}

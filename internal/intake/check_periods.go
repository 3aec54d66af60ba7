package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/internal/inventory"
)

// span is the time for which a row claims a subject for itself.
type span struct {
	at       place
	subject  string
	from, to time.Time // a zero end is open
	found    finding   // what is wrong with a row that claims it too
}

func (s span) reachesBeyond(other span) bool {
	return !other.to.IsZero() && (s.to.IsZero() || s.to.After(other.to))
}

// exclusive wants one row at a time for each subject, and blames the later of two.
func (c *checker) exclusive(spans []span) {
	spans = slices.DeleteFunc(spans, func(s span) bool { return !c.sound(s.at) || s.from.Equal(s.to) })
	slices.SortStableFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.subject, b.subject), a.from.Compare(b.from), cmp.Compare(a.at.key, b.at.key))
	})
	for i, furthest := 1, 0; i < len(spans); i++ {
		a, b := spans[furthest], spans[i]
		if a.subject != b.subject {
			furthest = i
			continue
		}
		if a.to.IsZero() || b.from.Before(a.to) {
			c.collide(a, b)
		}
		if b.reachesBeyond(a) {
			furthest = i
		}
	}
}

func (c *checker) collide(a, b span) {
	if _, read := c.set.places[b.at]; !read {
		a, b = b, a
	}
	until := "on"
	if !a.to.IsZero() {
		until = "to " + showDay(a.to)
	}
	b.found.expected += fmt.Sprintf(" %s (from %s %s)", a.at.key, showDay(a.from), until)
	c.blame(b.at, b.found)
}

// prices wants one price of an item at a time.
func (c *checker) prices() {
	var spans []span
	for _, p := range c.all.Prices {
		spans = append(spans, span{
			at: place{pricesFile, priceTable.keyOf(&p)}, subject: p.Lot + " " + p.Item, from: p.From, to: p.To,
			found: finding{"from", showDay(p.From), "overlaps the period of"},
		})
	}
	c.exclusive(spans)
}

// addresses wants one link, and one canary, probed at an address at a time: two
// canaries at one address are one witness.
func (c *checker) addresses() {
	var spans []span
	for _, l := range c.all.Links {
		spans = append(spans, span{
			at: place{linksFile, l.Ref}, subject: l.ProbeAddress.String(), from: l.Starts, to: l.Ends,
			found: finding{"probe_address", l.ProbeAddress.String(), "is already the probe address of"},
		})
	}
	c.exclusive(spans)
	spans = nil
	for _, canary := range c.all.Canaries {
		spans = append(spans, span{
			at: place{canariesFile, canary.Key}, subject: canary.Address.String(), to: canary.Ends,
			found: finding{"address", canary.Address.String(), "is already the address of"},
		})
	}
	c.exclusive(spans)
}

// splitKeys wants, for each subject, one key at a time whose shares begin and end
// together and whose weights are not all zero.
func (c *checker) splitKeys() {
	var spans []span
	for rest := c.all.Keys; len(rest) > 0; { // by subject and date
		first := rest[0]
		shares := 1
		for shares < len(rest) && rest[shares].Subject == first.Subject && rest[shares].From.Equal(first.From) {
			shares++
		}
		at := c.oneKey(rest[:shares])
		spans = append(spans, span{
			at: at, subject: first.Subject, from: first.From, to: first.To,
			found: finding{"from", showDay(first.From), "overlaps the period of the key"},
		})
		rest = rest[shares:]
	}
	c.exclusive(spans)
}

// oneKey judges the shares of one key, and gives the place of one that was read, if any.
func (c *checker) oneKey(shares []inventory.KeyShare) place {
	at := place{keysFile, keyShareTable.keyOf(&shares[0])}
	allZero := true
	for _, share := range shares {
		here := place{keysFile, keyShareTable.keyOf(&share)}
		if o, read := c.set.places[here]; read {
			at = here
			allZero = allZero && !o.wrong
		}
		if !share.To.Equal(shares[0].To) {
			c.blame(here, finding{"to", showDay(share.To), "differs from the other shares of the same key"})
		}
		allZero = allZero && share.Weight == "0"
	}
	if allZero {
		c.blame(at, finding{"weight", "0", "leaves nobody to pay: every share of the key weighs 0"})
	}
	return at
}

// unkeyed warns of links that several organisations pay for without a key in force:
// billing will refuse them.
func (c *checker) unkeyed(today time.Time) {
	warned := map[string]bool{}
	for _, l := range c.all.Links {
		day := today
		if l.Starts.After(day) {
			day = l.Starts
		}
		subject := inventory.PayerSubject(l)
		payers := c.all.OrganisationsOfLink(l, day)
		if l.Lot == "" || len(payers) < 2 || warned[subject] || !inventory.InForce(l.Starts, l.Ends, day) {
			continue
		}
		if len(c.all.KeyAt(subject, day)) == 0 {
			warned[subject] = true
			c.warnings.add(Problem{File: keysFile, Column: "subject", Value: subject, Expected: fmt.Sprintf(
				"has no split key on %s though %s pay for it: it will not be billed", showDay(day), strings.Join(payers, ", "))})
		}
	}
}

// canaries warns when the prober could not tell its own failure from an operator's.
func (c *checker) canaries(today time.Time) {
	paths := map[string]bool{}
	for _, canary := range c.all.Canaries {
		if inventory.InForce(time.Time{}, canary.Ends, today) {
			paths[canary.Path] = true
		}
	}
	if len(c.all.Links) > 0 && len(paths) < 2 {
		c.warnings.add(Problem{File: canariesFile, Column: "path", Expected: "fewer than two canaries by two paths: " +
			"a prober that lost its own uplink cannot be told from operators that fail"})
	}
}

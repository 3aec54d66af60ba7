package intake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/internal/inventory"
)

// checker judges rows against each other: those of the files together with those
// that are stored already.
type checker struct {
	set      Set
	all      *inventory.Index
	problems Problems
	warnings Problems
}

// check gives what is wrong between the rows of a set and the inventory as it would
// become, and what is doubtful on a day.
func check(set Set, becomes inventory.Snapshot, today time.Time) (problems, warnings Problems) {
	c := checker{set: set, all: inventory.NewIndex(becomes)}
	c.references()
	c.subjects()
	c.operators()
	c.prices()
	c.terms()
	c.addresses()
	c.splitKeys()
	c.unkeyed(today)
	c.canaries(today)
	c.probed(today)
	c.reflected(today)
	c.ownMachine(today)
	return c.problems, c.warnings
}

// blame reports a finding at the row of the file that brought it. A row that has a
// problem already gets no second one, and a row that no file holds is not news.
func (c *checker) blame(at place, found finding) {
	o, read := c.set.places[at]
	if read && !o.wrong {
		c.problems.add(o.problem(found))
	}
}

// doubt warns of a finding at the row of the file that brought it, as blame does.
func (c *checker) doubt(at place, found finding) (told bool) {
	o, read := c.set.places[at]
	if read && !o.wrong {
		c.warnings.add(o.problem(found))
	}
	return read
}

// sound reports whether a row may be judged: it has no problem of its own.
func (c *checker) sound(at place) bool { return !c.set.places[at].wrong }

func (c *checker) references() {
	known := make(map[string]map[string]bool, len(sheets))
	for _, s := range sheets {
		known[s.name()] = s.keys(c.all.Snapshot)
	}
	for _, s := range sheets {
		for _, r := range s.references(c.set.Rows) {
			o := c.set.places[place{s.name(), r.row}]
			if !c.exists(known, r.reference) {
				c.problems.add(o.problem(finding{r.column, r.key, "is neither in " + strings.Join(r.files, " or ") + " nor stored"}))
			}
		}
	}
}

// exists reports whether a reference leads somewhere, or may lead to a row that could
// not be read.
func (c *checker) exists(known map[string]map[string]bool, r reference) bool {
	return slices.ContainsFunc(r.files, func(file string) bool { return known[file][r.key] || c.set.partial[file] })
}

// subjects wants no link with the name of a site: a split key could mean either.
func (c *checker) subjects() {
	for _, l := range c.all.Links {
		if _, both := c.all.Site(l.Ref); !both {
			continue
		}
		c.blame(place{linksFile, l.Ref}, finding{"ref", l.Ref, "is the key of a site too: a split key could mean either"})
		if _, read := c.set.places[place{linksFile, l.Ref}]; !read {
			c.blame(place{sitesFile, l.Ref}, finding{"key", l.Ref, "is the reference of a link too: a split key could mean either"})
		}
	}
}

// operators wants one operator for a link, its lot and its POP, and a price of the
// lot for its item.
func (c *checker) operators() {
	items := map[[2]string]bool{}
	for _, p := range c.all.Prices {
		items[[2]string{p.Lot, p.Item}] = true
	}
	for _, l := range c.all.Links {
		at := place{linksFile, l.Ref}
		if !c.sound(at) {
			continue
		}
		if lot, known := c.all.Lot(l.Lot); known {
			c.oneOperator(l, place{lotsFile, lot.Key}, lot.Operator)
			if !items[[2]string{l.Lot, l.PriceItem}] && !c.set.partial[pricesFile] {
				c.blame(at, finding{"price_item", l.PriceItem, "has no price in lot " + l.Lot})
			}
		}
		if pop, known := c.all.POP(l.POP); known {
			c.oneOperator(l, place{popsFile, pop.Key}, pop.Operator)
		}
	}
}

// oneOperator wants the operator of a link to be that of its lot or POP, and blames the
// link when it is in the files, else the other.
func (c *checker) oneOperator(l inventory.Link, other place, operator string) {
	if operator == l.Operator {
		return
	}
	at := place{linksFile, l.Ref}
	if _, read := c.set.places[at]; read {
		c.blame(at, finding{"operator", l.Operator, fmt.Sprintf("is not that of %s, which is %s", other.key, operator)})
		return
	}
	c.blame(other, finding{"operator", operator, fmt.Sprintf("is not that of link %s, which is %s", l.Ref, l.Operator)})
}

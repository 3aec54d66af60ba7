package intake

import (
	"fmt"
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
	c.operators()
	c.prices()
	c.addresses()
	c.splitKeys()
	c.unkeyed(today)
	c.canaries(today)
	return c.problems, c.warnings
}

// blame reports a finding at the row of the file that brought it. A row that has a
// problem already gets no second one, and a row that no file holds is not news.
func (c *checker) blame(at place, found finding) {
	o, read := c.set.places[at]
	if read && !o.wrong {
		c.problems.add(Problem{File: o.file, Line: o.line, Column: found.column, Value: found.value, Expected: found.expected})
	}
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
			found, unsure := 0, false
			for _, file := range r.files {
				unsure = unsure || c.set.partial[file]
				if known[file][r.key] {
					found++
				}
			}
			expected := "is neither in " + strings.Join(r.files, " or ") + " nor stored"
			if found > 1 {
				expected = "is ambiguous: it is in " + strings.Join(r.files, " and in ")
			}
			if found > 1 || (found == 0 && !unsure) {
				c.problems.add(Problem{File: o.file, Line: o.line, Column: r.column, Value: r.key, Expected: expected})
			}
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
		if lot, ok := c.all.Lot(l.Lot); ok && lot.Operator != l.Operator {
			found := finding{"operator", l.Operator, fmt.Sprintf("is not the operator of lot %s, which is %s", lot.Key, lot.Operator)}
			c.blameEither(at, place{lotsFile, lot.Key}, found)
		}
		if pop, ok := c.all.POP(l.POP); ok && pop.Operator != l.Operator {
			found := finding{"operator", l.Operator, fmt.Sprintf("is not the operator of POP %s, which is %s", pop.Key, pop.Operator)}
			c.blameEither(at, place{popsFile, pop.Key}, found)
		}
		if l.Lot != "" && !items[[2]string{l.Lot, l.PriceItem}] && !c.set.partial[pricesFile] {
			c.blame(at, finding{"price_item", l.PriceItem, "has no price in lot " + l.Lot})
		}
	}
}

// blameEither blames a row that stands in the files, the first one rather.
func (c *checker) blameEither(first, second place, found finding) {
	if _, read := c.set.places[first]; read {
		c.blame(first, found)
		return
	}
	found.expected += " (stored: " + first.key + ")"
	c.blame(second, found)
}

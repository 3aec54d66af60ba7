package intake

import (
	"fmt"
	"time"

	"vigie/internal/contract"
	"vigie/internal/inventory"
)

// terms wants the later terms of a link inside its life, for an item that its lot sells
// on their first day.
func (c *checker) terms() {
	for _, t := range c.all.Terms {
		at := place{termsFile, termsTable.keyOf(&t)}
		l, known := c.all.Link(t.Link)
		if !known || !c.sound(at) || !c.sound(place{linksFile, l.Ref}) {
			continue
		}
		for _, wrong := range c.termsOf(l, t) {
			c.blame(at, wrong.of)
			if _, read := c.set.places[at]; !read && wrong.ofLink.column != "" {
				c.blame(place{linksFile, l.Ref}, wrong.ofLink)
			}
		}
	}
}

// termsFinding is what is wrong with terms, and how it reads at the link when only that
// was changed.
type termsFinding struct{ of, ofLink finding }

func (c *checker) termsOf(l inventory.Link, t contract.Terms) []termsFinding {
	var wrong []termsFinding
	from := showDay(t.From)
	if !t.From.After(l.Starts) {
		wrong = append(wrong, termsFinding{
			finding{"from", from, "is not after the start of the link, " + showDay(l.Starts) + ": its row holds the terms of the start"},
			finding{"starts", showDay(l.Starts), "is not before its terms from " + from},
		})
	}
	if !l.Ends.IsZero() && !t.From.Before(l.Ends) {
		wrong = append(wrong, termsFinding{of: finding{"from", from, "is beyond the end of the link, " + showDay(l.Ends)}})
	}
	switch _, priced := c.all.PriceAt(l.Lot, t.PriceItem, t.From); {
	case l.Lot == "" && t.PriceItem != "":
		wrong = append(wrong, termsFinding{
			finding{"price_item", t.PriceItem, "needs a lot: a link outside the market has no price"},
			finding{"lot", "", "is required by its terms from " + from},
		})
	case l.Lot != "" && t.PriceItem == "":
		wrong = append(wrong, termsFinding{
			finding{"price_item", "", "is required for a link of a lot"},
			finding{"lot", l.Lot, "has no item in its terms from " + from},
		})
	case l.Lot != "" && !priced && !c.set.partial[pricesFile]:
		wrong = append(wrong, termsFinding{
			finding{"price_item", t.PriceItem, "has no price in lot " + l.Lot + " on " + from},
			finding{"lot", l.Lot, "has no price on " + from + " for the item of its terms, " + t.PriceItem},
		})
	}
	return wrong
}

// heldColumns of a link are what closed bills and audits rest on, with the way to change
// them from a day on.
var heldColumns = map[string]string{
	"price_item": inTerms,
	"down_mbps":  inTerms,
	"up_mbps":    inTerms,
	"lot":        inAnotherLink,
	"starts":     inAnotherLink,
}

const (
	inTerms       = "give the change from a date in terms.csv (page: Terms)"
	inAnotherLink = "end this link and begin another"
)

// heldTerms refuses to rewrite what months that are over were billed and audited by: the terms
// of links, and those of later dates, that began before the month of today.
func heldTerms(current inventory.Snapshot, set Set, today time.Time) Problems {
	month := today.AddDate(0, 0, 1-today.Day())
	var problems Problems
	linkTable.unchanged(current, set, &problems, func(l *inventory.Link, column string) string {
		way, is := heldColumns[column]
		if !is || !l.Starts.Before(month) {
			return ""
		}
		return fmt.Sprintf("held since %s; %s", showDay(l.Starts), way)
	})
	termsTable.unchanged(current, set, &problems, func(t *contract.Terms, column string) string {
		if heldColumns[column] != inTerms || !t.From.Before(month) {
			return ""
		}
		return fmt.Sprintf("held since %s; %s", showDay(t.From), inTerms)
	})
	return problems
}

// unchanged refuses the changes of stored rows of which why says something; such a row is
// not judged further.
func (t table[T]) unchanged(current inventory.Snapshot, set Set, problems *Problems, why func(stored *T, column string) string) {
	stored := *t.rows(&current)
	places := make(map[string]int, len(stored))
	for i := range stored {
		places[t.keyOf(&stored[i])] = i
	}
	for _, row := range *t.rows(&set.Rows) {
		key := t.keyOf(&row)
		i, known := places[key]
		at := set.places[place{t.file, key}]
		if !known || at.wrong {
			continue
		}
		for _, f := range t.changes(&stored[i], &row) {
			if reason := why(&stored[i], f.Field); reason != "" {
				at.wrong = true
				problems.add(at.problem(finding{f.Field, f.New, fmt.Sprintf("differs from %q, %s", f.Old, reason)}))
			}
		}
		set.places[place{t.file, key}] = at
	}
}

// backdated warns of new terms of a link that was billed before them: they change months
// that are over.
func backdated(current inventory.Snapshot, set Set, today time.Time) Problems {
	month := today.AddDate(0, 0, 1-today.Day())
	stored, billed := termsTable.keys(current), linkTable.keys(current)
	var warnings Problems
	for _, t := range set.Rows.Terms {
		key := termsTable.keyOf(&t)
		if t.From.Before(month) && billed[t.Link] && !stored[key] {
			warnings.add(set.places[place{termsFile, key}].problem(finding{"from", showDay(t.From), "lies before this month: bills and audits since then change"}))
		}
	}
	return warnings
}

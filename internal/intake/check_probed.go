package intake

import (
	"time"

	"vigie/internal/inventory"
)

// advice says what to do about an address that may answer for more than one access.
const advice = ": give an address that only this link carries, such as that of its WAN interface"

// probed warns of links that are watched on an address which another access may carry
// too: at the row of the link, or at the row that came and made it so.
func (c *checker) probed(today time.Time) {
	for _, d := range c.all.Doubts(today, c.all.Links...) {
		mine, theirs := c.doubtful(d)
		if c.doubt(place{linksFile, d.Link}, mine) {
			continue
		}
		at := place{linksFile, d.Other}
		switch d.Kind {
		case inventory.OtherRouter, inventory.OnlyRouter:
			at = place{routersFile, d.Row}
		case inventory.IsCanary:
			at = place{canariesFile, d.Row}
		}
		c.doubt(at, theirs)
	}
}

// doubtful is a doubt as it reads at the link, and at the other row.
func (c *checker) doubtful(d inventory.Doubt) (mine, theirs finding) {
	addr := d.Address.String()
	mine, theirs = finding{column: "probe_address", value: addr}, finding{column: "address", value: addr}
	switch d.Kind {
	case inventory.OtherRouter:
		mine.expected = "is the address of router " + d.Row + " of link " + d.Other + ", which may answer while this access is down" + advice
		theirs.expected = "is the probe address of link " + d.Link + ", for which this router of another link may answer while it is down"
	case inventory.OnlyRouter:
		mine.expected = "is the address of router " + d.Row + ", the only one known at a site that link " + d.Other + " serves too, and may answer by either" + advice
		theirs.expected = "is the probe address of link " + d.Link + " at a site whose link " + d.Other + " has no router: it may answer by either"
	case inventory.OtherDemarcation:
		mine.expected = "is the demarcation address of link " + d.Other + ", which answers while this access is down" + advice
		theirs = finding{"demarcation_address", addr, "is the probe address of link " + d.Link + ": what stands before one access says nothing of the other"}
	case inventory.IsCanary:
		mine.expected = "is the address of canary " + d.Row + ", which answers while this access is down" + advice
		theirs.expected = "is the probe address of link " + d.Link + ": a canary says nothing of an access"
	}
	return mine, theirs
}

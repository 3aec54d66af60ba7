package dashboards

import (
	"math"
	"math/big"
	"net/url"
	"strconv"

	"vigie/internal/i18n"
	"vigie/internal/ipam"
	"vigie/internal/view"
)

// PlanPage shows one table of the addressing plan.
type PlanPage struct {
	Shell
	Plan view.PlanPage
}

func (*PlanPage) template() string { return "plan" }

// PrefixPage shows one block of the plan.
type PrefixPage struct {
	Shell
	Prefix view.PrefixPage
}

func (*PrefixPage) template() string { return "prefix" }

// SitePlanPage shows what the plan gives a site.
type SitePlanPage struct {
	Shell
	Plan view.SitePlan
}

func (*SitePlanPage) template() string { return "siteplan" }

// VLANsPage lists VLANs.
type VLANsPage struct {
	Shell
	List view.VLANPage
}

func (*VLANsPage) template() string { return "vlans" }

// prefixAddress is the address of a block's page.
func prefixAddress(p ipam.Prefix) string {
	q := url.Values{"cidr": {p.CIDR.String()}}
	if p.VRF != "" {
		q.Set("vrf", p.VRF)
	}
	return "/plan/prefix?" + q.Encode()
}

// tableAddress is the address of a table of the plan.
func tableAddress(vrf string) string { return withQuery("/plan", "vrf", vrf) }

// usedText writes percents of use; only what is exactly empty or full is written so.
func usedText(p i18n.Printer, percent float64) string {
	const whole = 100_000
	part := int64(math.Round(percent * whole / 100))
	switch {
	case percent > 0 && part == 0:
		part = 1
	case percent < 100 && part == whole:
		part = whole - 1
	}
	return p.Percent(part, whole, 1)
}

// usedWidth is percents of use as a width in the drawing.
func usedWidth(percent float64) string { return strconv.FormatFloat(percent, 'f', 2, 64) + "%" }

// amount writes a number of addresses, those of IPv6 as a power of two.
func amount(p i18n.Printer, n *big.Int) string {
	if n.IsInt64() {
		return p.Number(n.Int64())
	}
	return "≈ 2^" + strconv.Itoa(n.BitLen()-1)
}

// pieceChoice leads to the other parts of a list, by a value of the query.
type pieceChoice struct {
	view.Piece
	Path, Key string
}

// Before is the address of the part before, empty at the first.
func (c pieceChoice) Before() string { return c.to(c.Number - 1) }

// After is the address of the part after, empty at the last.
func (c pieceChoice) After() string { return c.to(c.Number + 1) }

func (c pieceChoice) to(number int) string {
	if number < 1 || number > c.Of {
		return ""
	}
	return withQuery(c.Path, c.Key, strconv.Itoa(number))
}

package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vigie/internal/fault"
	"vigie/internal/ipam"
	"vigie/internal/org"
)

// Prefix is a block of the addressing plan.
type Prefix struct {
	Prefix      string  `json:"prefix" doc:"CIDR notation, without host bits."`
	VRF         string  `json:"vrf" doc:"Empty for the global table."`
	Status      string  `json:"status" enum:"active,container,reserved,deprecated"`
	Used        float64 `json:"used_percent"`
	Assigned    bool    `json:"assigned" doc:"Carries a VLAN or a router interface."`
	Pool        bool    `json:"is_pool" doc:"Every address is usable."`
	Site        string  `json:"site" doc:"Key; empty for a block of no site."`
	VLAN        *int    `json:"vlan_vid"`
	VLANGroup   string  `json:"vlan_group" doc:"Empty for a VLAN of a site."`
	Tenant      string  `json:"tenant"`
	Role        string  `json:"role"`
	Description string  `json:"description"`
}

// PrefixQuery is a question for prefixes.
type PrefixQuery struct {
	Site string `query:"site" maxLength:"64" doc:"Key of a site."`
	VRF  string `query:"vrf" maxLength:"100" doc:"Name of a VRF; the prefixes of every table without it."`
	Pieces
}

// Prefixes answers with the prefixes of the sites that the asker sees, by VRF and
// address. One without a site of the inventory is seen with the whole territory only.
func (s *Service) Prefixes(ctx context.Context, who org.User, q PrefixQuery, now time.Time) (List[Prefix], error) {
	if !org.Allowed(who, org.SeePlan) {
		return List[Prefix]{}, fault.Errorf(fault.Forbidden, "user %d with role %s may not %s", who.ID, who.Role, org.SeePlan)
	}
	list, err := s.view.Prefixes(ctx, who, now)
	if err != nil {
		return List[Prefix]{}, err
	}
	rows := slices.DeleteFunc(list.Prefixes, func(p ipam.Prefix) bool {
		return q.Site != "" && p.Site != q.Site || q.VRF != "" && p.VRF != q.VRF
	})
	items, next := piece(rows, placeOf, q.After, q.Limit)
	return List[Prefix]{Items: each(items, func(p ipam.Prefix) Prefix { return newPrefix(p, list.Used(p)) }), Next: next}, nil
}

// placeOf orders blocks by VRF, address and length, as text.
func placeOf(p ipam.Prefix) string {
	return fmt.Sprintf("%s %x-%03d", p.VRF, p.CIDR.Addr().As16(), p.CIDR.Bits())
}

func newPrefix(p ipam.Prefix, used float64) Prefix {
	return Prefix{
		Prefix: p.CIDR.String(), VRF: p.VRF, Status: string(p.Status), Used: used, Assigned: p.Assigned, Pool: p.Pool,
		Site: p.Site, VLAN: known(p.VLAN.VID), VLANGroup: p.VLAN.Group, Tenant: p.Tenant, Role: p.Role, Description: p.Description,
	}
}

package view

import (
	"context"
	"strconv"
	"strings"
	"time"

	"vigie/internal/ipam"
	"vigie/internal/org"
)

// VLANPage is the answer to "which VLANs are there?".
type VLANPage struct {
	Notices
	Filter VLANFilter
	Groups []ipam.GroupUse // every group that is seen
	VLANs  []VLANLine
	Piece  Piece
}

// VLANFilter keeps some VLANs; a zero field keeps all.
type VLANFilter struct {
	Group string
	Text  string // words of VID, name, role, site or commune
}

// VLANLine is a VLAN with its site and the prefixes that it carries.
type VLANLine struct {
	ipam.VLAN
	Place    SiteName
	Prefixes []ipam.Prefix
}

// VLANs answers with the VLANs that the asker sees, by group, site and VID.
func (s *Service) VLANs(ctx context.Context, who org.User, f VLANFilter, number int, now time.Time) (VLANPage, error) {
	r, err := s.planReach(ctx, who, now)
	if err != nil {
		return VLANPage{}, err
	}
	page := VLANPage{Filter: f}
	if page.Notices, err = s.Notices(ctx, who, now); err != nil {
		return VLANPage{}, err
	}
	carried := map[ipam.VLANKey][]ipam.Prefix{}
	for _, p := range r.plan.Plan.Prefixes {
		if p.VLAN.VID != 0 && r.seesSite(p.Site) {
			carried[p.VLAN] = append(carried[p.VLAN], p)
		}
	}
	groups := map[string]bool{}
	var lines []VLANLine
	for _, v := range r.plan.VLANs {
		if !r.seesSite(v.Site) {
			continue
		}
		groups[v.Group] = true
		line := VLANLine{v, r.place(v.Site), carried[v.Key()]}
		if f.keeps(line) {
			lines = append(lines, line)
		}
	}
	for _, g := range r.plan.Groups {
		if groups[g.Name] || who.Territory.All {
			page.Groups = append(page.Groups, r.plan.Use(g))
		}
	}
	page.VLANs, page.Piece = piece(lines, number)
	return page, nil
}

func (f VLANFilter) keeps(l VLANLine) bool {
	if f.Group != "" && l.Group != f.Group {
		return false
	}
	names := fold(strconv.Itoa(l.VID) + " " + l.Name + " " + l.Role + " " + l.Site + " " + l.Place.Name + " " + l.Place.Commune)
	for word := range strings.FieldsSeq(fold(f.Text)) {
		if !strings.Contains(names, word) {
			return false
		}
	}
	return true
}

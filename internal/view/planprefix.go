package view

import (
	"context"
	"math/big"
	"net/netip"
	"slices"
	"time"

	"vigie/internal/fault"
	"vigie/internal/ipam"
	"vigie/internal/org"
)

// PrefixPage is the answer to "what is in this block, and where is there room?".
type PrefixPage struct {
	Notices
	Node      PlanNode
	Known     bool           // the plan holds a prefix with this CIDR
	Aggregate string         // registry of the aggregate around it
	Around    []PlanNode     // seen, the widest first
	Elsewhere []PlanNode     // seen, in other VRFs on the same addresses
	Ranges    []ipam.Range   // seen
	Hosts     []ipam.Address // seen
	// Piece is of what is inside; the others of ranges and hosts.
	Piece, RangePiece, HostPiece Piece
	FreeHosts                    *big.Int // usable addresses without host
	Room                         *Room    // when room was asked for
}

// RoomQuestion asks for room in a block: Count prefixes of a length, or Count
// addresses for the length 0.
type RoomQuestion struct{ Length, Count int }

// Room is where there is room; nothing is reserved.
type Room struct {
	RoomQuestion
	Free []netip.Prefix
	// Full says that there is not enough, Refused that the length does not fit the
	// block.
	Full, Refused bool
}

// maxRoom bounds how many times over a page asks for room.
const maxRoom = 100

// PrefixQuestion asks for a block of a VRF.
type PrefixQuestion struct {
	VRF                          string
	CIDR                         netip.Prefix
	Piece, RangePiece, HostPiece int
	Room                         *RoomQuestion
}

// Prefix answers for one block. A block that the plan does not hold is seen by those
// who see the smallest prefix around it.
func (s *Service) Prefix(ctx context.Context, who org.User, q PrefixQuestion, now time.Time) (PrefixPage, error) {
	r, err := s.planReach(ctx, who, now)
	if err != nil {
		return PrefixPage{}, err
	}
	d, err := r.plan.Detail(q.VRF, q.CIDR)
	if err != nil {
		return PrefixPage{}, err
	}
	owner := d.Site
	if n := len(d.Covering); !d.Known && n > 0 {
		owner = d.Covering[n-1].Site
	}
	if !r.seesSite(owner) {
		return PrefixPage{}, fault.Errorf(fault.NotFound, "prefix %s is not in the territory of user %d", q.CIDR, who.ID)
	}
	page := PrefixPage{Node: r.node(d.Prefix), Known: d.Known, Aggregate: d.Aggregate, FreeHosts: d.FreeHosts}
	if page.Notices, err = s.Notices(ctx, who, now); err != nil {
		return PrefixPage{}, err
	}
	page.Node.Children, page.Piece = piece(r.nodes(d.Children, true), q.Piece)
	unfold(page.Node.Children, treeRows)
	page.Around, page.Elsewhere = r.seen(d.Covering), r.seen(d.Elsewhere)
	ranges := slices.DeleteFunc(d.Ranges, func(x ipam.Range) bool { return !r.seesHost(x.VRF, x.Start) })
	page.Ranges, page.RangePiece = piece(ranges, q.RangePiece)
	hosts := slices.DeleteFunc(d.Hosts, func(a ipam.Address) bool { return !r.seesHost(a.VRF, a.Address.Addr()) })
	page.Hosts, page.HostPiece = piece(hosts, q.HostPiece)
	if q.Room != nil {
		page.Room = r.room(d.Prefix, *q.Room)
	}
	return page, nil
}

// seen gives the prefixes that the asker sees.
func (r planReach) seen(rows []ipam.Prefix) []PlanNode {
	var out []PlanNode
	for _, p := range rows {
		if r.seesSite(p.Site) {
			out = append(out, r.node(p))
		}
	}
	return out
}

func (r planReach) room(block ipam.Prefix, q RoomQuestion) *Room {
	q.Count = min(max(q.Count, 1), maxRoom)
	answer := &Room{RoomQuestion: q}
	var err error
	if q.Length == 0 {
		answer.Free, err = r.plan.AllocateHosts(block, q.Count, 0)
	} else {
		answer.Free, err = r.plan.Allocate(block, slices.Repeat([]int{q.Length}, q.Count)...)
	}
	answer.Full, answer.Refused = fault.KindOf(err) == fault.Conflict, fault.KindOf(err) == fault.Invalid
	return answer
}

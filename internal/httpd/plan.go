package httpd

import (
	"net/http"
	"strconv"
	"strings"

	"vigie/dashboards"
	"vigie/internal/fault"
	"vigie/internal/ipam"
	"vigie/internal/view"
)

func (s *Server) plan(w http.ResponseWriter, r *http.Request) error {
	q := view.PlanQuestion{Piece: partOf(r, "part")}
	var err error
	if q.VRF, err = text("vrf", r.URL.Query().Get("vrf")); err != nil {
		return err
	}
	if q.Text, err = text("q", r.URL.Query().Get("q")); err != nil {
		return err
	}
	who, _ := asker(r)
	page, err := s.View.Plan(r.Context(), who, q, s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.PlanPage{Shell: s.following(r, dashboards.Plan, page.Notices), Plan: page})
}

func (s *Server) prefix(w http.ResponseWriter, r *http.Request) error {
	q, err := readPrefix(r)
	if err != nil {
		return err
	}
	who, _ := asker(r)
	page, err := s.View.Prefix(r.Context(), who, q, s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.PrefixPage{Shell: s.following(r, dashboards.Plan, page.Notices), Prefix: page})
}

// readPrefix reads which block is asked for, and the room wanted in it: "free" is a
// length with or without its stroke, 0 for addresses.
func readPrefix(r *http.Request) (q view.PrefixQuestion, err error) {
	values := r.URL.Query()
	if q.CIDR, err = ipam.ParseCIDR(strings.TrimSpace(values.Get("cidr"))); err != nil {
		return q, fault.Errorf(fault.Invalid, "prefix %.50q %w", values.Get("cidr"), err)
	}
	if q.VRF, err = text("vrf", values.Get("vrf")); err != nil {
		return q, err
	}
	q.Piece, q.RangePiece, q.HostPiece = partOf(r, "part"), partOf(r, "ranges"), partOf(r, "hosts")
	if free := strings.TrimPrefix(strings.TrimSpace(values.Get("free")), "/"); free != "" {
		length, err := strconv.ParseUint(free, 10, 8)
		if err != nil || length > 128 {
			return q, fault.Errorf(fault.Invalid, "length %.20q: expected one such as /24, or 0 for addresses", free)
		}
		count, err := strconv.ParseUint(values.Get("count"), 10, 16)
		if err != nil {
			count = 1
		}
		q.Room = &view.RoomQuestion{Length: int(length), Count: int(count)}
	}
	return q, nil
}

// partOf reads the number of a part of a list; what is none is the first.
func partOf(r *http.Request, name string) int {
	number, err := strconv.ParseUint(r.URL.Query().Get(name), 10, 16)
	if err != nil {
		return 1
	}
	return int(number)
}

func (s *Server) sitePlan(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	who, _ := asker(r)
	page, err := s.View.SitePlan(r.Context(), who, id, partOf(r, "hosts"), s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.SitePlanPage{Shell: s.following(r, dashboards.Plan, page.Notices), Plan: page})
}

func (s *Server) vlans(w http.ResponseWriter, r *http.Request) error {
	var f view.VLANFilter
	var err error
	if f.Group, err = text("group", r.URL.Query().Get("group")); err != nil {
		return err
	}
	if f.Text, err = text("q", r.URL.Query().Get("q")); err != nil {
		return err
	}
	who, _ := asker(r)
	page, err := s.View.VLANs(r.Context(), who, f, partOf(r, "part"), s.Now())
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.VLANsPage{Shell: s.following(r, dashboards.Plan, page.Notices), List: page})
}

package view

import (
	"slices"

	"vigie/internal/inventory"
	"vigie/internal/ticket"
)

// System is the operator's own ticket, as its system tells it.
type System struct {
	ticket.Heard
	Remarks []ticket.Remark // the latest first
}

// systemOf is nil for a ticket that no system was told.
func systemOf(t ticket.Ticket) *System {
	if t.Channel != inventory.ByTMF621 {
		return nil
	}
	s := &System{Heard: t.Heard, Remarks: slices.Clone(t.Remarks)}
	slices.Reverse(s.Remarks)
	return s
}

// hideTexts takes away the words, which may name places.
func (s *System) hideTexts() {
	if s == nil {
		return
	}
	s.Reason = ""
	for i := range s.Remarks {
		s.Remarks[i].Author, s.Remarks[i].Text = "", ""
	}
}

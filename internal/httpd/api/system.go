package api

import (
	"time"

	"vigie/internal/ticket"
	"vigie/internal/view"
)

// System is the operator's own ticket, as its system tells it: claims.
type System struct {
	Reference    string     `json:"reference"`
	Status       string     `json:"status" doc:"In the words of TMF621; open for any other."`
	Raw          string     `json:"raw_status" doc:"The operator's own word."`
	ExpectedAt   *time.Time `json:"expected_at" doc:"Promised restoration."`
	ReadAt       *time.Time `json:"read_at" doc:"By Vigie's clock; null when it was never read."`
	FailingSince *time.Time `json:"failing_since" doc:"Since when it cannot be read."`
	Remarks      []Remark   `json:"remarks" doc:"The latest first."`
}

// Remark is one thing that the operator's system told.
type Remark struct {
	Kind   string     `json:"kind" enum:"status,note,promise"`
	At     time.Time  `json:"at" doc:"When it was read, by Vigie's clock."`
	SaidAt *time.Time `json:"said_at" doc:"The operator's time; of a promise the promised one."`
	Author string     `json:"author"`
	Status string     `json:"status"`
	Text   string     `json:"text"`
}

func newSystem(s *view.System) *System {
	if s == nil {
		return nil
	}
	return &System{
		Reference: s.Reference, Status: string(s.Status), Raw: s.Raw, ExpectedAt: instant(s.ExpectedAt), ReadAt: instant(s.ReadAt),
		FailingSince: instant(s.FailingSince), Remarks: each(s.Remarks, newRemark),
	}
}

func newRemark(r ticket.Remark) Remark {
	return Remark{
		Kind: string(r.Kind), At: r.At.UTC(), SaidAt: instant(r.SaidAt), Author: r.Author, Status: string(r.Status), Text: r.Text,
	}
}

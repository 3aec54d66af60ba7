package app

import (
	"context"
	"errors"
	"time"

	"vigie/internal/fault"
	"vigie/probe"
)

// TestChoice says of a link whether a test of what it carries would start now, the most
// wanted first.
type TestChoice struct {
	Link   string       `json:"link"`             // reference
	Reason probe.NotRun `json:"reason,omitempty"` // why not; empty = it would start
	// Last is when a test last gave a figure, Due when the next is wanted; null = never,
	// at once.
	Last         *time.Time `json:"last"`
	Due          *time.Time `json:"due"`
	LoadPerMille int        `json:"load_permille"` // of the contract; -1 = not known
	Contested    bool       `json:"contested"`     // the last figure was below the contract
}

var errNoTests = &fault.Error{Kind: fault.Unavailable, Err: errors.New("this instance tests no link: prober.throughput.method is empty")}

// testPlan asks the prober.
func (s *Server) testPlan(ctx context.Context, now time.Time) ([]TestChoice, error) {
	if s.prober == nil || s.opts.Configuration.Prober.Throughput.Method == "" {
		return nil, errNoTests
	}
	choices, err := s.prober.TestPlan(ctx, now)
	if err != nil {
		return nil, err
	}
	x, err := s.index(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]TestChoice, len(choices))
	for i, c := range choices {
		link, _ := x.LinkByID(c.Link)
		out[i] = TestChoice{Link: link.Ref, Reason: c.Reason, LoadPerMille: c.LoadPerMille, Contested: c.Contested}
		if last := c.Last; !last.IsZero() {
			out[i].Last = &last
		}
		if due := c.Due; !due.IsZero() {
			out[i].Due = &due
		}
	}
	return out, nil
}

// TestPlan asks the running instance which links it would test now.
func (r *Remote) TestPlan(ctx context.Context) ([]TestChoice, error) {
	return opTestPlan.call(ctx, r, struct{}{})
}

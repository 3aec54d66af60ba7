package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vigie/internal/fault"
)

// Draft is files that a person gave, and has not accepted yet.
type Draft struct {
	ID         int64     `json:"-"`
	Person     int64     `json:"-"`
	At         time.Time `json:"-"`
	Files      []File    `json:"files"`
	Mapping    *File     `json:"mapping,omitempty"`
	EndMissing time.Time `json:"end_missing,omitzero"`
}

// Preview is what a draft would change.
type Preview struct {
	Report
	Problems Problems
	// Token names just this difference: it is accepted, not another.
	Token string
	// Refused says in words why nothing of it can be saved, beside the problems.
	Refused string
}

// Preview tells what a draft would change now.
func (s Service) Preview(ctx context.Context, d Draft, o Options) (Preview, error) {
	o.DryRun = true
	var p Preview
	report, err := s.Import(ctx, d.Files, d.options(o))
	p.Report = report
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		p.Problems = refused.Problems
	case fault.KindOf(err) == fault.Invalid:
		p.Refused = err.Error()
	case err != nil:
		return Preview{}, err
	}
	p.Token, err = report.token()
	return p, err
}

func (d Draft) options(o Options) Options {
	o.Mapping, o.EndMissing = d.Mapping, d.EndMissing
	return o
}

// token digests a difference with its questions.
func (r Report) token() (string, error) {
	text, err := json.Marshal(struct {
		Difference Difference
		Review     []Waiting
	}{r.Difference, r.Review})
	if err != nil {
		return "", fmt.Errorf("digest the difference: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12]), nil
}

// expect refuses a difference other than the one with the token; nil expects none.
func (r Report) expect(token *string) error {
	if token == nil {
		return nil
	}
	made, err := r.token()
	if err == nil && made != *token {
		err = fault.Errorf(fault.Conflict, "the inventory changed meanwhile, and so did the difference: look at it again")
	}
	return err
}

// Accept saves a draft whose difference is still the one with the token, and forgets it. A
// difference that became another is fault.Conflict.
func (s Service) Accept(ctx context.Context, d Draft, token string, o Options) (Report, error) {
	o = d.options(o)
	o.only = &token
	report, err := s.Import(ctx, d.Files, o)
	if err != nil {
		return report, err
	}
	return report, s.Store.DropDraft(ctx, d.Person, d.ID)
}

package statement

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"vigie/billing/share"
)

// ground is what splits one line: a key in force, or one payer alone.
type ground struct {
	site    string
	key     share.Key // without ID and date when the payer is alone
	weights []share.Weight
	total   *big.Rat
}

func (g ground) shareOf(w share.Weight) Share {
	return Share{KeyID: g.key.ID, KeyFrom: g.key.From, Legal: g.key.Legal, Weight: w.Value, Total: g.total}
}

// register finds the ground of each line and keeps every refusal.
type register struct {
	subjects    map[string]Subject
	imputations map[string]string
	refusals    []Refusal
}

func newRegister(in Input) (*register, error) {
	r := &register{subjects: make(map[string]Subject, len(in.Subjects)), imputations: in.Imputations}
	for _, subject := range in.Subjects {
		if _, twice := r.subjects[subject.Link]; twice {
			return nil, fmt.Errorf("statement of lot %q: link %q is described twice: expected once", in.Invoice.Lot, subject.Link)
		}
		r.subjects[subject.Link] = subject
	}
	return r, nil
}

// ground returns what splits a line of a link whose service runs from a first to
// a last day. When it cannot, it notes why and returns no weights.
func (r *register) ground(link string, first, last time.Time) ground {
	subject, known := r.subjects[link]
	if !known {
		r.refuse(link, "", ErrOutsideMarket)
		return ground{}
	}
	found, err := subject.ground(first, last)
	if err != nil {
		r.refuse(link, subject.Site, err)
		return ground{}
	}
	for _, w := range found.weights {
		if r.imputations[w.Payer] == "" {
			r.refuse(link, subject.Site, fmt.Errorf("payer %q: %w", w.Payer, ErrNoImputation))
		}
	}
	return found
}

func (r *register) refuse(link, site string, cause error) {
	known := func(old Refusal) bool { return old.Link == link && old.Err.Error() == cause.Error() }
	if !slices.ContainsFunc(r.refusals, known) {
		r.refusals = append(r.refusals, Refusal{Link: link, Site: site, Err: cause})
	}
}

func (s Subject) ground(first, last time.Time) (ground, error) {
	switch {
	case s.Payer != "" && len(s.Keys) > 0:
		return ground{}, ErrTwoGrounds
	case s.Payer != "":
		one := big.NewRat(1, 1)
		return ground{site: s.Site, weights: []share.Weight{{Payer: s.Payer, Value: one}}, total: one}, nil
	}
	key, err := share.InForce(label(s.Link, s.Site), s.Keys, first)
	if err != nil {
		return ground{}, err
	}
	if !key.Covers(last) {
		return ground{}, &share.KeyError{Subject: label(s.Link, s.Site), Day: first, Reason: share.KeyEnds, Keys: []string{key.ID}}
	}
	total, err := share.Total(key.Weights)
	return ground{site: s.Site, key: key, weights: key.Weights, total: total}, err
}

package statement

import (
	"errors"
	"fmt"
	"strings"

	"vigie/billing/money"
	"vigie/billing/share"
)

// Causes of a Refusal, besides *share.KeyError.
var (
	ErrOutsideMarket = errors.New("the link is not in the market")
	ErrTwoGrounds    = errors.New("the subject has both one payer and keys: expected one of them")
	ErrNoImputation  = errors.New("no imputation is known for the payer")
)

// Refusal is one subject that cannot be split, and why.
type Refusal struct {
	Link string
	Site string // empty for a link outside the market
	Err  error  // *share.KeyError, or wraps one of the Err values above
}

// String names the subject and the cause.
func (r Refusal) String() string {
	if key := (*share.KeyError)(nil); errors.As(r.Err, &key) {
		return key.Error() // it names the subject itself
	}
	return label(r.Link, r.Site) + ": " + r.Err.Error()
}

// RefusedError reports every subject that keeps a statement from being made.
type RefusedError struct {
	Lot      string
	Refusals []Refusal // in the order of the invoice, each cause once per link
}

func (e *RefusedError) Error() string {
	causes := make([]string, len(e.Refusals))
	for i, refusal := range e.Refusals {
		causes[i] = refusal.String()
	}
	return fmt.Sprintf("statement of lot %q refused: %s", e.Lot, strings.Join(causes, "; "))
}

// Unwrap gives errors.Is and errors.As access to every cause.
func (e *RefusedError) Unwrap() []error {
	causes := make([]error, len(e.Refusals))
	for i, refusal := range e.Refusals {
		causes[i] = refusal.Err
	}
	return causes
}

// ImbalanceError reports figures that should be equal to the cent and are not.
type ImbalanceError struct {
	Figure string // "HT of payer region", "TTC"...
	Got    money.Cents
	Want   money.Cents
}

func (e *ImbalanceError) Error() string {
	return fmt.Sprintf("%s adds up to %s, expected %s", e.Figure, e.Got, e.Want)
}

func label(link, site string) string {
	if site == "" {
		return link
	}
	return link + " (" + site + ")"
}

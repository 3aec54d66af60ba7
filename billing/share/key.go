package share

import (
	"fmt"
	"strings"
	"time"
)

// Key is one version of how a shared subject is split: immutable once used, and
// followed by another version from the day something changes.
type Key struct {
	ID      string
	From    time.Time // first day, midnight UTC; with ID it identifies the version
	To      time.Time // first day no longer covered; zero when none is known
	Basis   string    // what was counted and when: "effectifs, constat d'octobre 2025"
	Legal   string    // convention or amendment that sets the split; never empty
	Weights []Weight
}

// Covers tells whether a day lies in [From, To).
func (k Key) Covers(day time.Time) bool {
	return !day.Before(k.From) && (k.To.IsZero() || day.Before(k.To))
}

// Reason is why a subject cannot be split.
type Reason string

// The reasons of a KeyError.
const (
	NoKey        Reason = "no key in force"
	TwoKeys      Reason = "more than one key in force"
	NoLegalBasis Reason = "the key names no legal basis"
	BadWeights   Reason = "the key's weights split nothing"
	KeyEnds      Reason = "the key ends inside the period, which must be cut there"
)

// KeyError reports a shared subject that cannot be split on a day.
type KeyError struct {
	Subject string
	Day     time.Time
	Reason  Reason
	Keys    []string // ids of the keys at fault, none for NoKey
	Err     error    // what is wrong with the weights, for BadWeights
}

func (e *KeyError) Error() string {
	text := fmt.Sprintf("%s on %s: %s", e.Subject, e.Day.Format(time.DateOnly), e.Reason)
	if len(e.Keys) > 0 {
		text += " (" + strings.Join(e.Keys, ", ") + ")"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *KeyError) Unwrap() error { return e.Err }

// InForce returns the key of a shared subject that applies on a day: the only
// one that covers it, with a legal basis and weights that can split an amount.
// Any other state of the keys is a *KeyError that names the subject.
func InForce(subject string, keys []Key, day time.Time) (Key, error) {
	var found []Key
	var ids []string
	for _, key := range keys {
		if key.Covers(day) {
			found, ids = append(found, key), append(ids, key.ID)
		}
	}
	refuse := func(reason Reason, cause error) (Key, error) {
		return Key{}, &KeyError{Subject: subject, Day: day, Reason: reason, Keys: ids, Err: cause}
	}
	switch {
	case len(found) == 0:
		return refuse(NoKey, nil)
	case len(found) > 1:
		return refuse(TwoKeys, nil)
	case strings.TrimSpace(found[0].Legal) == "":
		return refuse(NoLegalBasis, nil)
	}
	if _, err := Total(found[0].Weights); err != nil {
		return refuse(BadWeights, err)
	}
	return found[0], nil
}

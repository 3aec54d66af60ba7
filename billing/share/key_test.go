package share_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigie/billing/share"
)

const subject = "Cité scolaire fictive (67-0123)"

func day(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// version is a key that can split, from one day to another ("" for no end).
func version(t *testing.T, id, from, to string) share.Key {
	t.Helper()
	key := share.Key{
		ID: id, From: day(t, from),
		Basis: "effectifs, constat d'octobre", Legal: "convention fictive n° 1", Weights: weigh(t, "2", "1"),
	}
	if to != "" {
		key.To = day(t, to)
	}
	return key
}

func TestInForcePicksTheOnlyVersionThatCoversTheDay(t *testing.T) {
	t.Parallel()
	keys := []share.Key{version(t, "K2", "2026-09-01", ""), version(t, "K1", "2025-09-01", "2026-09-01")}
	for on, want := range map[string]string{"2025-09-01": "K1", "2026-08-31": "K1", "2026-09-01": "K2", "2040-01-01": "K2"} {
		key, err := share.InForce(subject, keys, day(t, on))
		if err != nil || key.ID != want {
			t.Errorf("on %s: key %q, %v; want %s", on, key.ID, err, want)
		}
	}
}

func TestInForceRefusesAndNamesTheSubject(t *testing.T) {
	t.Parallel()
	onWord, empty := version(t, "K1", "2025-09-01", ""), version(t, "K1", "2025-09-01", "")
	onWord.Legal = " "
	empty.Weights = weigh(t, "0")
	tests := []struct {
		name string
		keys []share.Key
		want share.KeyError
	}{
		{"a subject without any key", nil, share.KeyError{Reason: share.NoKey}},
		{"a day before the first key", []share.Key{version(t, "K1", "2026-05-02", "")}, share.KeyError{Reason: share.NoKey}},
		{"a day after the last key", []share.Key{version(t, "K1", "2025-09-01", "2026-05-01")}, share.KeyError{Reason: share.NoKey}},
		{
			"two keys on one day",
			[]share.Key{version(t, "K1", "2025-09-01", ""), version(t, "K2", "2026-01-01", "")},
			share.KeyError{Reason: share.TwoKeys, Keys: []string{"K1", "K2"}},
		},
		{"a key without legal basis", []share.Key{onWord}, share.KeyError{Reason: share.NoLegalBasis, Keys: []string{"K1"}}},
		{"a key that splits nothing", []share.Key{empty}, share.KeyError{Reason: share.BadWeights, Keys: []string{"K1"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := share.InForce(subject, tt.keys, day(t, "2026-05-01"))
			var got *share.KeyError
			if !errors.As(err, &got) {
				t.Fatalf("error %v, want a KeyError", err)
			}
			tt.want.Subject, tt.want.Day = subject, day(t, "2026-05-01")
			if diff := cmp.Diff(&tt.want, got, cmpopts.IgnoreFields(share.KeyError{}, "Err")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if (got.Err != nil) != (got.Reason == share.BadWeights) {
				t.Errorf("cause %v with reason %q", got.Err, got.Reason)
			}
			if !strings.Contains(err.Error(), subject) || !strings.Contains(err.Error(), "2026-05-01") {
				t.Errorf("the error %q must name the subject and the day", err)
			}
		})
	}
}

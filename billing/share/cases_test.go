package share_test

import (
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/billing/money"
	"vigie/billing/share"
)

type splitCase struct {
	ID      string      `json:"id"`
	Amount  money.Cents `json:"amount_cents"`
	Weights []struct {
		Key    string      `json:"key"`
		Weight json.Number `json:"weight"`
	} `json:"weights"`
	Expect map[string]money.Cents `json:"expect"`
}

func TestSplitCases(t *testing.T) {
	t.Parallel()
	for _, c := range loadCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			var weights []share.Weight
			for _, w := range c.Weights {
				weights = append(weights, share.Weight{Payer: w.Key, Value: number(t, w.Weight.String())})
			}
			if diff := cmp.Diff(c.Expect, allocate(t, c.Amount, weights)); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
}

// loadCases reads the cases from the folder named by VIGIE_CASES, relative to
// the repository root, or from the package's own copy.
func loadCases(t *testing.T) []splitCase {
	t.Helper()
	folder := filepath.Join("testdata", "cases")
	if named := os.Getenv("VIGIE_CASES"); filepath.IsAbs(named) {
		folder = named
	} else if named != "" {
		folder = filepath.Join("..", "..", named)
	}
	text, err := os.ReadFile(filepath.Join(folder, "split_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []splitCase `json:"cases"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no case in split_cases.json")
	}
	return file.Cases
}

func number(t *testing.T, text string) *big.Rat {
	t.Helper()
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("bad test number %q", text)
	}
	return value
}

// allocate splits and returns the cents by payer.
func allocate(t *testing.T, amount money.Cents, weights []share.Weight) map[string]money.Cents {
	t.Helper()
	parts, err := share.Allocate(amount, weights)
	if err != nil {
		t.Fatal(err)
	}
	byPayer := make(map[string]money.Cents, len(parts))
	for _, part := range parts {
		byPayer[part.Payer] = part.Cents
	}
	return byPayer
}

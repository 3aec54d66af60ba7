package tariff_test

import (
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vigie/billing/money"
	"vigie/billing/tariff"
)

// priceCase is one row of price_cases.json; which fields count depends on Kind.
type priceCase struct {
	ID          string       `json:"id"`
	Kind        string       `json:"kind"`
	Fee         money.Cents  `json:"fee_cents"`
	From        string       `json:"from"`
	To          string       `json:"to"`
	Basis       tariff.Basis `json:"basis"`
	P0          money.Cents  `json:"p0_cents"`
	Fixed       string       `json:"fixed"`
	Index0      string       `json:"index0"`
	Index       string       `json:"index"`
	Decimals    int          `json:"round_up_decimals"`
	Coefficient string       `json:"expect_coefficient"`
	Expect      money.Cents  `json:"expect_cents"`
}

func TestPriceCases(t *testing.T) {
	t.Parallel()
	for _, c := range loadCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			switch c.Kind {
			case "proration":
				got, err := tariff.Prorate(c.Fee, period(t, c.From, c.To), c.Basis)
				if err != nil || got != c.Expect {
					t.Errorf("got %d, %v; want %d cents", got, err, c.Expect)
				}
			case "revision":
				checkRevision(t, c)
			default:
				t.Errorf("unknown kind %q", c.Kind)
			}
		})
	}
}

func checkRevision(t *testing.T, c priceCase) {
	t.Helper()
	clause := tariff.Revision{Fixed: decimal(t, c.Fixed), Index0: decimal(t, c.Index0), RoundUpDecimals: c.Decimals}
	index := decimal(t, c.Index)
	coefficient, err := clause.Coefficient(index)
	if err != nil {
		t.Fatal(err)
	}
	if coefficient.Cmp(decimal(t, c.Coefficient)) != 0 {
		t.Errorf("coefficient: got %s, want %s", coefficient.FloatString(12), c.Coefficient)
	}
	if got, err := clause.Price(c.P0, index); err != nil || got != c.Expect {
		t.Errorf("got %d, %v; want %d cents", got, err, c.Expect)
	}
}

// loadCases reads the cases from the folder named by VIGIE_CASES, relative to
// the repository root, or from the package's own copy.
func loadCases(t *testing.T) []priceCase {
	t.Helper()
	folder := filepath.Join("testdata", "cases")
	if named := os.Getenv("VIGIE_CASES"); filepath.IsAbs(named) {
		folder = named
	} else if named != "" {
		folder = filepath.Join("..", "..", named)
	}
	text, err := os.ReadFile(filepath.Join(folder, "price_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []priceCase `json:"cases"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no case in price_cases.json")
	}
	return file.Cases
}

func date(t *testing.T, text string) time.Time {
	t.Helper()
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

func period(t *testing.T, from, to string) tariff.Period {
	t.Helper()
	return tariff.Period{From: date(t, from), To: date(t, to)}
}

func decimal(t *testing.T, text string) *big.Rat {
	t.Helper()
	value, err := money.ParseDecimal(text)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

package tariff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/billing/money"
	"vigie/billing/tariff"
)

func TestProrateCountsTheDaysOfTheBasis(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		from, to string
		basis    tariff.Basis
		want     money.Cents // of a fee of 300,00
	}{
		{"a full month of 31 days is the fee", "2026-05-01", "2026-06-01", tariff.Actual, 30000},
		{"a full February is the fee", "2026-02-01", "2026-03-01", tariff.Actual, 30000},
		{"one day of February 2028 is a 29th", "2028-02-29", "2028-03-01", tariff.Actual, 1034},
		{"the end of the year is inside December", "2026-12-31", "2027-01-01", tariff.Actual, 968},
		{"a full month of 31 days is 30 thirtieths", "2026-05-01", "2026-06-01", tariff.Thirty360, 30000},
		{"a full February is 30 thirtieths", "2026-02-01", "2026-03-01", tariff.Thirty360, 30000},
		{"20 actual days after the 11th are 19 thirtieths", "2026-05-12", "2026-06-01", tariff.Thirty360, 19000},
		{"the 31st alone bears nothing", "2026-05-31", "2026-06-01", tariff.Thirty360, 0},
		{"up to the 31st is the whole month", "2026-05-01", "2026-05-31", tariff.Thirty360, 30000},
		{"the last day of a short February bears three", "2026-02-28", "2026-03-01", tariff.Thirty360, 3000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tariff.Prorate(30000, period(t, tt.from, tt.to), tt.basis)
			if err != nil || got != tt.want {
				t.Errorf("got %d, %v; want %d", got, err, tt.want)
			}
		})
	}
}

func TestAWrongPeriodOrBasisIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	noon := date(t, "2026-05-12").Add(12 * time.Hour)
	tests := []struct {
		name   string
		period tariff.Period
		basis  tariff.Basis
		says   string
	}{
		{"an empty period", period(t, "2026-05-12", "2026-05-12"), tariff.Actual, "expected an end after"},
		{"a reversed period", period(t, "2026-05-12", "2026-05-11"), tariff.Actual, "expected an end after"},
		{"a period over the end of the month", period(t, "2026-05-12", "2026-06-02"), tariff.Actual, "first day of the next"},
		{"a bound inside a day", tariff.Period{From: noon, To: date(t, "2026-06-01")}, tariff.Actual, "midnight UTC"},
		{"an unknown day count", period(t, "2026-05-12", "2026-06-01"), "act/365", `expected "actual" or "30/360"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tariff.Prorate(41250, tt.period, tt.basis)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one that says %q", err, tt.says)
			}
		})
	}
}

func TestAMonthCutInTwoAddsUpToItsFee(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		fee      money.Cents
		month    string
		cut      string
		wantEach []money.Cents
	}{
		{"412,50 in service from 12 May", 41250, "2026-05-01", "2026-05-12", []money.Cents{14637, 26613}},
		{"412,01 at 15 of 30 days: both halves would round up", 41201, "2026-04-01", "2026-04-16", []money.Cents{20601, 20600}},
		{"a credit is cut like a fee", -41201, "2026-04-01", "2026-04-16", []money.Cents{-20601, -20600}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parts, err := tariff.Cut(tt.fee, tariff.MonthOf(date(t, tt.month)), tariff.Actual, date(t, tt.cut))
			if err != nil {
				t.Fatal(err)
			}
			var got []money.Cents
			for _, part := range parts {
				got = append(got, part.Cents)
			}
			if diff := cmp.Diff(tt.wantEach, got); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCutRefusesDaysOutOfOrderOrOutside(t *testing.T) {
	t.Parallel()
	may := period(t, "2026-05-01", "2026-06-01")
	for name, at := range map[string][]time.Time{
		"descending": {date(t, "2026-05-20"), date(t, "2026-05-10")},
		"twice":      {date(t, "2026-05-20"), date(t, "2026-05-20")},
		"first day":  {may.From},
		"end":        {may.To},
		"before":     {date(t, "2026-04-30")},
		"after":      {date(t, "2026-06-02")},
	} {
		if parts, err := tariff.Cut(41250, may, tariff.Actual, at...); err == nil {
			t.Errorf("%s: got %v, want an error", name, parts)
		}
	}
}

func TestPartsOfAnyCutAddUpToTheWholeAndKeepItsDays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fee := money.Cents(rapid.Int64Range(-1e9, 1e9).Draw(t, "fee"))
		month := tariff.MonthOf(time.Date(2026, time.Month(rapid.IntRange(1, 26).Draw(t, "month")), 1, 0, 0, 0, 0, time.UTC))
		days := int(month.To.Sub(month.From).Hours() / 24)
		basis := rapid.SampledFrom([]tariff.Basis{tariff.Actual, tariff.Thirty360}).Draw(t, "basis")
		whole := month
		whole.From = month.From.AddDate(0, 0, rapid.IntRange(0, days-1).Draw(t, "first day"))
		var at []time.Time
		for day := whole.From.AddDate(0, 0, 1); day.Before(whole.To); day = day.AddDate(0, 0, 1) {
			if rapid.Bool().Draw(t, "cut") {
				at = append(at, day)
			}
		}

		parts, err := tariff.Cut(fee, whole, basis, at...)
		if err != nil {
			t.Fatal(err)
		}
		want, err := tariff.Prorate(fee, whole, basis)
		if err != nil {
			t.Fatal(err)
		}
		var sum money.Cents
		next := whole.From
		for _, part := range parts {
			if !part.Period.From.Equal(next) {
				t.Fatalf("part %s does not begin on %s", part.Period, next)
			}
			sum, next = sum+part.Cents, part.Period.To
		}
		if sum != want || !next.Equal(whole.To) || len(parts) != len(at)+1 {
			t.Fatalf("%d parts add up to %s and end on %s; want %s until %s", len(parts), sum, next, want, whole.To)
		}
	})
}

func TestRevisionRoundsItsCoefficientUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fixed, index0, index string
		decimals                   int
		coefficient                string
		price                      money.Cents // of a P0 of 412,50
	}{
		{"F: a rise of the index", "0.15", "121.2", "130.5", 3, "1.066", 43973},
		{"a fall is rounded up too", "0.15", "130.5", "121.2", 3, "0.94", 38775},
		{"the same index changes nothing", "0.15", "121.2", "121.2", 3, "1", 41250},
		{"an exact thousandth is not rounded", "0", "100", "101.5", 3, "1.015", 41869},
		{"an all fixed price does not vary", "1", "100", "250", 3, "1", 41250},
		{"no decimal at all", "0", "100", "100.1", 0, "2", 82500},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRevision(t, priceCase{
				P0: 41250, Fixed: tt.fixed, Index0: tt.index0, Index: tt.index,
				Decimals: tt.decimals, Coefficient: tt.coefficient, Expect: tt.price,
			})
		})
	}
}

func TestRevisionRefusesFiguresOutOfRange(t *testing.T) {
	t.Parallel()
	good := tariff.Revision{Fixed: decimal(t, "0.15"), Index0: decimal(t, "121.2"), RoundUpDecimals: 3}
	overOne, negative, noFirst, tooFine := good, good, good, good
	overOne.Fixed = decimal(t, "1.01")
	negative.Fixed = decimal(t, "-0.1")
	noFirst.Index0 = nil
	tooFine.RoundUpDecimals = 13
	for says, clause := range map[string]tariff.Revision{
		"fixed part 101/100": overOne, "fixed part -1/10": negative, "first index missing": noFirst, "13 decimals": tooFine,
	} {
		if _, err := clause.Price(41250, decimal(t, "130.5")); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %q", err, says)
		}
	}
	if _, err := good.Price(41250, decimal(t, "0")); err == nil {
		t.Error("an index of 0 was accepted")
	}
}

package measure_test

import (
	"encoding/json"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/measure"
)

// readCases decodes a file of cases from VIGIE_CASES (relative to the repository's
// root) or from the package's own copy.
func readCases(t *testing.T, name string, cases any) {
	t.Helper()
	folder := os.Getenv("VIGIE_CASES")
	switch {
	case folder == "":
		folder = filepath.Join("testdata", "cases")
	case !filepath.IsAbs(folder):
		folder = filepath.Join("..", "..", folder)
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, cases); err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
}

// quantile makes a percentage as written in a file an exact fraction.
func quantile(t *testing.T, percent json.Number) measure.Quantile {
	t.Helper()
	exact, ok := new(big.Rat).SetString(percent.String())
	if !ok {
		t.Fatalf("percentile %q is not a number", percent)
	}
	exact.Quo(exact, big.NewRat(100, 1))
	return measure.Quantile{Num: exact.Num().Int64(), Den: exact.Denom().Int64()}
}

func TestPercentileCases(t *testing.T) {
	t.Parallel()
	var file struct {
		Cases []struct {
			ID         string
			Percentile json.Number
			Samples    []float64
			Expect     float64
		}
	}
	readCases(t, "percentile_cases.json", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no case")
	}
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			t.Parallel()
			got, ok := measure.Percentile(tt.Samples, quantile(t, tt.Percentile))
			if !ok || got != tt.Expect {
				t.Errorf("percentile %s: got %v, %t, want %v", tt.Percentile, got, ok, tt.Expect)
			}
		})
	}
}

func TestPercentileRanks(t *testing.T) {
	t.Parallel()
	month := make([]int, 8640)
	for i := range month {
		month[i] = len(month) - i // 8640 down to 1: the value is its rank
	}
	tests := []struct {
		name     string
		samples  []int
		quantile measure.Quantile
		want     int
	}{
		{"a month of 5 minutes discards 432", month, measure.P95, 8208},
		{"99.9 % of a thousand is the 999th", month[:1000], measure.Quantile{Num: 999, Den: 1000}, 8639},
		{"the median of four is the lower one", []int{4, 1, 3, 2}, measure.Median, 2},
		{"one sample is every percentile", []int{7}, measure.P95, 7},
		{"0 is the smallest", []int{3, 1, 2}, measure.Quantile{Num: 0, Den: 1}, 1},
		{"1 is the largest", []int{3, 1, 2}, measure.Quantile{Num: 1, Den: 1}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := measure.Percentile(tt.samples, tt.quantile); !ok || got != tt.want {
				t.Errorf("got %d, %t, want %d", got, ok, tt.want)
			}
		})
	}
	if _, ok := measure.Percentile([]int{}, measure.P95); ok {
		t.Error("no samples have a percentile")
	}
}

// The nearest rank is the smallest sample with at least the wanted part of the
// samples at or below it.
func TestPercentileIsTheSmallestSampleThatCoversItsPart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOfN(rapid.IntRange(-50, 50), 1, 80).Draw(t, "samples")
		before := slices.Clone(samples)
		percent := rapid.Int64Range(1, 100).Draw(t, "percent")
		covers := func(value int) bool {
			below := int64(0)
			for _, sample := range samples {
				if sample <= value {
					below++
				}
			}
			return below*100 >= percent*int64(len(samples))
		}
		got, ok := measure.Percentile(samples, measure.Quantile{Num: percent, Den: 100})
		if !ok || !slices.Contains(samples, got) || !covers(got) {
			t.Fatalf("p%d of %v: %d, %t does not cover its part", percent, samples, got, ok)
		}
		for _, sample := range samples {
			if sample < got && covers(sample) {
				t.Fatalf("p%d of %v: %d, but %d covers it already", percent, samples, got, sample)
			}
		}
		if diff := cmp.Diff(before, samples); diff != "" {
			t.Fatalf("the samples changed:\n%s", diff)
		}
	})
}

func TestSelectingGivesWhatSortingGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		samples := someSamples(t, 3000)
		if rapid.Bool().Draw(t, "sorted") {
			slices.Sort(samples)
		}
		q := measure.Quantile{Num: rapid.Int64Range(0, 100).Draw(t, "percent"), Den: 100}
		want, wantOK := measure.Percentile(samples, q)
		before := slices.Sorted(slices.Values(samples))
		got, ok := measure.Select(samples, q)
		if got != want || ok != wantOK {
			t.Fatalf("p%d: got %d, %t, want %d, %t", q.Num, got, ok, want, wantOK)
		}
		if diff := cmp.Diff(before, slices.Sorted(slices.Values(samples))); diff != "" {
			t.Fatalf("samples were lost:\n%s", diff)
		}
	})
}

func TestWhatIsKeptOfManySamplesGivesTheirPercentile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(0, 4000).Draw(t, "most")
		samples := someSamples(t, most)
		if rapid.Bool().Draw(t, "rising") { // every sample matters when it comes
			slices.Sort(samples)
		}
		q := measure.Quantile{Num: rapid.Int64Range(0, 100).Draw(t, "percent"), Den: 100}
		want, wantOK := measure.Percentile(samples, q)
		upper := measure.NewUpper(q, most)
		told := rapid.Bool().Draw(t, "told the highest")
		for part := range slices.Chunk(samples, 12) {
			if told {
				upper.AddUpTo(slices.Max(part), part)
			} else {
				upper.Add(part...)
			}
		}
		if got, ok := upper.Value(); got != want || ok != wantOK || upper.Count() != len(samples) {
			t.Fatalf("p%d of %d: got %d, %t, want %d, %t", q.Num, upper.Count(), got, ok, want, wantOK)
		}
	})
}

// someSamples draws up to most samples from a seed, since a sequence drawn one by one is
// rarely long.
func someSamples(t *rapid.T, most int) []uint32 {
	seed := rapid.Uint32().Draw(t, "seed")
	values := rapid.OneOf(rapid.Uint32Range(1, 6), rapid.Just[uint32](math.MaxUint32)).Draw(t, "values")
	samples := make([]uint32, rapid.IntRange(0, most).Draw(t, "count"))
	for i := range samples {
		seed = seed*1664525 + 1013904223
		samples[i] = (seed ^ seed>>16) % values
		if i%97 == 0 {
			samples[i] = math.MaxUint32 // the largest of all is a value as any other
		}
	}
	return samples
}

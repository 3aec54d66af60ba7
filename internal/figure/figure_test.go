package figure_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/figure"
)

func TestALineSaysWhetherTheGoalIsReachedAndTheOtherStreamWhyNot(t *testing.T) {
	t.Parallel()
	var out, short strings.Builder
	p := figure.Printer{Out: &out, Short: &short, Bounds: []figure.Bound{{Begins: "load_", Told: "the disk"}, {Begins: "load_cpu", Told: "never reached"}}}
	p.AtMost("flush_p50", 15, "ms", 15)
	p.AtMost("load_cpu", 1.23456, "cores", 1.2)
	p.AtLeast("backfill", 149_999.5, "rows/s", 150_000)
	p.Ratio("to_floor", []float64{30, 10, 20}, []float64{10, 20}, 1)
	p.Ratio("to_nothing", []float64{1}, nil, 1.15)
	p.Tell("octets", 17, "octets")
	want := strings.Join([]string{
		"flush_p50\t15\tms\t15\tok",
		"load_cpu\t1.235\tcores\t1.2\tshort",
		"backfill\t1.5e+05\trows/s\t150000\tshort",
		"to_floor\t1\tratio\t1\tok",
		"to_nothing\t-\tratio\t1.15\tabsent",
		"octets\t17\toctets\t-\ttold",
		"",
	}, "\n")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	wantShort := "load_cpu is short: the disk\nbackfill is short: run it on an idle machine, others took the time\n"
	if diff := cmp.Diff(wantShort, short.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAQuantileIsAValueThatWasMeasured(t *testing.T) {
	t.Parallel()
	for part, want := range map[float64]float64{0: 1, 0.5: 3, 0.99: 4, 1: 4} {
		if got := figure.Quantile([]float64{4, 1, 3, 2}, part); got != want {
			t.Errorf("part %g: %g, want %g", part, got, want)
		}
	}
}

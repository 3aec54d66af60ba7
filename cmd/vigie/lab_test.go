package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/lab"
)

func TestAFaultTakesOnlyWhatItsKindKnows(t *testing.T) {
	t.Parallel()
	typed := faultCommand{Target: "T", For: time.Minute, Loss: 30, Delay: 150 * time.Millisecond, Period: 50 * time.Second}
	for kind, want := range map[lab.Kind]lab.Fault{
		lab.KindCut:      {},
		lab.KindLoss:     {LossPerMillion: 300_000},
		lab.KindDelay:    {Delay: 150 * time.Millisecond},
		lab.KindBrownout: {LossPerMillion: 300_000, Delay: 150 * time.Millisecond},
		lab.KindFlap:     {Period: 50 * time.Second},
		lab.KindRouter:   {},
		lab.KindPower:    {},
	} {
		want.Kind, want.Target, want.For = kind, "T", time.Minute
		typed.Kind = string(kind)
		if diff := cmp.Diff(want, typed.fault()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

package prober

import (
	"context"
	"log/slog"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
)

func TestASessionBesideATestOfOursIsMarked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, err := New(Options{
			Name: "metz", Configuration: DefaultConfiguration(), NextSeq: 1, Log: slog.New(slog.DiscardHandler),
			Publish: func(context.Context, probe.Batch) error { return nil },
			Stamp: func(_ context.Context, to netip.AddrPort) (*probe.Stamp, error) {
				time.Sleep(time.Second)
				return &probe.Stamp{Reflector: to, Sent: 10}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		ask := func(link int64) {
			p.stamp(t.Context(), Reflector{Link: link, Addr: netip.MustParseAddrPort("192.0.2.9:862")})
		}
		end := p.heavy.fill(1, begun)
		ask(1)
		ask(2)
		end(time.Now())
		time.Sleep(time.Second)
		ask(1)
		var got []bool
		for _, r := range p.reports.take(begun.Add(time.Minute), time.Minute) {
			got = append(got, r.Finding.(*probe.Stamp).Loaded)
		}
		if diff := cmp.Diff([]bool{true, false, false}, got); diff != "" {
			t.Errorf("sessions beside a test (-want +got):\n%s", diff)
		}
	})
}

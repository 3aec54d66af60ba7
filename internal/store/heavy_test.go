package store_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"vigie/internal/linkstate"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
	"vigie/internal/view"
	"vigie/probe"
)

func TestWhatDecidesATestIsKnownOfEachLink(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	exec(t, db, `INSERT INTO link_state (link_id, status, since, state) VALUES (1, 'up', '2026-11-01Z', '{}'), (2, 'down', '2026-11-01Z', '{}')`)
	exec(t, db, `INSERT INTO utilisation (link_id, at, down_octets, up_octets, covered_millis, simulated) VALUES
		(1, '2026-11-25 01:40Z', 9999999999, 9, 300000, false),
		(1, '2026-11-25 01:55Z', 37500000, 3750000, 300000, false), (1, '2026-11-25 02:00Z', 7500000, 750000, 60000, false)`)
	const figure = `"load_permille": 12, "method": "iperf3", "down": {"bits_per_second": 80000000, "layer": "tcp-payload", "octets": 1, "millis": 1,
		"skipped_millis": 0, "streams": 4, "retransmits": -1, "contract_bits": 100000000, "host_permille": -1, "remote_permille": -1}}`
	exec(t, db, `INSERT INTO finding (link_id, kind, at, prober, body) VALUES
		(1, 'throughput', '2026-10-01Z', 'metz', '{"began": "2026-10-01T00:00:00Z", `+figure+`'),
		(1, 'throughput', '2026-10-20Z', 'metz', '{"began": "2026-10-20T00:00:00Z", `+figure+`'),
		(1, 'throughput', '2026-11-20Z', 'metz', '{"began": "2026-11-20T00:00:00Z", "not_run": "load-high", "load_permille": 300}'),
		(1, 'throughput', '2026-11-10Z', 'metz', '{"began": "2026-11-10T00:00:00Z", "not_run": "no-server", "method": "iperf3", "load_permille": 3}'),
		(1, 'throughput', '2026-11-12Z', 'metz', '{"began": "2026-11-12T00:00:00Z", "not_run": "host-busy", `+figure+`')`)
	got, err := store.NewView(db).TestFacts(t.Context(), []int64{1, 2, 3}, time.Date(2026, 11, 25, 1, 50, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got, func(a, b view.TestFacts) int { return cmp.Compare(a.Link, b.Link) })
	day := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC) }
	want := []view.TestFacts{
		{
			Link: 1, FigureAt: day(10, 20), TriedAt: day(11, 12), Status: linkstate.Up,
			DownOctets: 45_000_000, UpOctets: 4_500_000, Covered: 6 * time.Minute,
			Figure: &probe.Throughput{
				Began: day(10, 20), Method: probe.ByIperf3, LoadPerMille: 12,
				Down: &probe.Flow{
					BitsPerSecond: 80e6, Layer: probe.PayloadLayer, Octets: 1, Millis: 1, Streams: 4, Retransmits: -1, ContractBits: 100e6,
					HostPermille: -1, RemotePermille: -1,
				},
			},
		},
		{Link: 2, Status: linkstate.Down},
		{Link: 3, Status: linkstate.Unknown},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// 1 Mbit/s down of 100, 0.1 up of 2.
	if load := got[0].LoadPerMille(100e6, 2e6); load != 50 {
		t.Errorf("load of %d per mille, want 50", load)
	}
	for _, unknown := range []view.TestFacts{got[1], {DownOctets: 1, Covered: 59 * time.Second}} {
		if load := unknown.LoadPerMille(100e6, 2e6); load != -1 {
			t.Errorf("load of %d per mille, want none", load)
		}
	}
}

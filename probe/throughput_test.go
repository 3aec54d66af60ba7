package probe_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
)

func flow(bits int64) *probe.Flow {
	return &probe.Flow{
		BitsPerSecond: bits, Layer: probe.PayloadLayer, Octets: bits / 8 * 11, Millis: 10_000, SkippedMillis: 1000, Streams: 4,
		Retransmits: 12, ContractBits: 100e6, CapBits: 125e6, HostPermille: 31, RemotePermille: -1,
	}
}

func TestATestOfThroughputTravelsAsItIs(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC)
	for _, want := range []*probe.Throughput{
		{Began: began, Millis: 23_000, Method: probe.ByIperf3, Server: "198.18.4.1:5201", LoadPerMille: 12, Down: flow(95e6), Up: flow(47e6)},
		{Began: began, NotRun: probe.LoadHigh, LoadPerMille: 340},
		{Began: began, Method: probe.ByHTTP, Server: "http://198.18.4.1/", NotRun: probe.CanaryLoss, Detail: "3 of 40 echoes lost", Down: flow(95e6)},
	} {
		raw, err := probe.Batch{Cycle: began, Reports: []probe.Report{{Link: 3, At: began, Finding: want}}}.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var b probe.Batch
		if err := b.UnmarshalBinary(raw); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(probe.Finding(want), b.Reports[0].Finding); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func TestATestOfThroughputThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*probe.Throughput){
		"time at which it began":   func(r *probe.Throughput) { r.Began = time.Time{} },
		"neither a figure":         func(r *probe.Throughput) { r.Down, r.Up = nil, nil },
		`method "guess"`:           func(r *probe.Throughput) { r.Method = "guess" },
		"-1 ms":                    func(r *probe.Throughput) { r.Millis = -1 },
		"load of -2 per mille":     func(r *probe.Throughput) { r.LoadPerMille = -2 },
		"a text of more than 500":  func(r *probe.Throughput) { r.Detail = strings.Repeat("x", 501) },
		"bits per second: -1":      func(r *probe.Throughput) { r.Down.BitsPerSecond = -1 },
		"milliseconds: 0":          func(r *probe.Throughput) { r.Down.Millis = 0 },
		"streams: 0":               func(r *probe.Throughput) { r.Up.Streams = 0 },
		"retransmits: -2":          func(r *probe.Throughput) { r.Up.Retransmits = -2 },
		`layer "", expected "tcp-`: func(r *probe.Throughput) { r.Up.Layer = "" },
	} {
		report := &probe.Throughput{Began: time.Unix(1, 0), Method: probe.ByHTTP, LoadPerMille: -1, Down: flow(1e6), Up: flow(1e6)}
		if err := report.Validate(); err != nil {
			t.Fatal(err)
		}
		spoil(report)
		if err := report.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}

func TestAFigureAtOurOwnLimitIsNoneOfTheLink(t *testing.T) {
	t.Parallel()
	for bits, want := range map[int64]bool{100e6: false, 118e6: false, 119e6: true, 126e6: true} {
		if got := flow(bits).Capped(); got != want {
			t.Errorf("%d of 125e6 bit/s: got %t, want %t", bits, got, want)
		}
	}
}

func TestAFigureBelowNineTenthsIsShortOfTheContract(t *testing.T) {
	t.Parallel()
	report := &probe.Throughput{Down: flow(94e6)}
	if report.Short() {
		t.Error("94 of 100 Mbit/s of payload is all that such a line carries")
	}
	if report.Up = flow(89e6); !report.Short() {
		t.Error("89 of 100 Mbit/s is not short")
	}
	if report.Up.CapBits = 90e6; report.Short() {
		t.Error("a figure at our own limit is short of the contract")
	}
	if report.Up.CapBits, report.Up.ContractBits = 0, 0; report.Short() {
		t.Error("a figure without contract is short of it")
	}
}

func TestABusyMachineAccusesNobody(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		flow probe.Flow
		busy bool
	}{
		"idle":                        {probe.Flow{HostPermille: 799, MachinePermille: 799, LateMicros: 19_999}, false},
		"not told":                    {probe.Flow{HostPermille: -1, MachinePermille: -1}, false},
		"the program fills one":       {probe.Flow{HostPermille: 800}, true},
		"others fill the machine":     {probe.Flow{HostPermille: -1, MachinePermille: 800}, true},
		"it wakes up late":            {probe.Flow{HostPermille: -1, MachinePermille: -1, LateMicros: 20_000}, true},
		"the far end is busy, not we": {probe.Flow{RemotePermille: 1000}, false},
	} {
		f := test.flow
		f.ContractBits, f.BitsPerSecond = 100e6, 50e6
		up := &probe.Throughput{Up: &f}
		if f.HostBusy() != test.busy || up.HostBusy() != test.busy || up.Short() == test.busy {
			t.Errorf("%s: busy %t, short %t, want %t, %t", name, f.HostBusy(), up.Short(), test.busy, !test.busy)
		}
	}
}

package throughput

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
)

// sample is a real output of iperf3 3.12, from the folder named by VIGIE_CASES
// (relative to the repository root) or from the package's own copy.
func sample(t testing.TB) []byte {
	t.Helper()
	folder := filepath.Join("testdata", "cases")
	if named := os.Getenv("VIGIE_CASES"); filepath.IsAbs(named) {
		folder = named
	} else if named != "" {
		folder = filepath.Join("..", "..", named)
	}
	text, err := os.ReadFile(filepath.Join(folder, "iperf3_sample.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestARealOutputGivesWhatTheReceiverCounted(t *testing.T) {
	t.Parallel()
	got, err := ParseIperf3(sample(t), Forward, Bounds{Streams: 1, BitsPerSecond: 9e9})
	if err != nil {
		t.Fatal(err)
	}
	want := probe.Flow{
		BitsPerSecond: 8160923986, Layer: probe.PayloadLayer, Octets: 2040791040, Millis: 2001, Streams: 1, Retransmits: 2,
		CapBits: 9e9, HostPermille: 232, RemotePermille: 220, MachinePermille: -1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.Capped() {
		t.Error("8.2 of 9 Gbit/s counts as our own limit")
	}
}

func TestTheSlowStartCountsAsVolumeAndNotAsRate(t *testing.T) {
	t.Parallel()
	got, err := ParseIperf3(read(t, "reverse.json"), Reverse, Bounds{Streams: 2, BitsPerSecond: 10e6})
	if err != nil {
		t.Fatal(err)
	}
	want := probe.Flow{
		BitsPerSecond: 10486431, Layer: probe.PayloadLayer, Octets: 3 * 1310720, Millis: 2000, SkippedMillis: 1000, Streams: 2,
		CapBits: 10e6, HostPermille: 1, RemotePermille: 21, MachinePermille: -1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !got.Capped() {
		t.Error("10.5 of 10 Mbit/s is not seen as our own limit")
	}
}

func TestAnOutputWithoutAFigureHasItsReason(t *testing.T) {
	t.Parallel()
	whole := string(sample(t))
	replaced := func(old, new string) string {
		changed := strings.Replace(whole, old, new, 1)
		if changed == whole {
			t.Fatalf("%q is not in the sample", old)
		}
		return changed
	}
	for name, test := range map[string]struct {
		output string
		want   probe.NotRun
	}{
		"nobody listens":             {string(read(t, "refused.json")), probe.NoServer},
		"it was interrupted":         {string(read(t, "interrupted.json")), probe.Interrupted},
		"the server is busy":         {`{"start":{},"error":"error - the server is busy running a test. try again later"}`, probe.ServerBusy},
		"an error it never saw":      {`{"error":"error - control socket has closed unexpectedly"}`, probe.BadAnswer},
		"nothing":                    {"", probe.BadAnswer},
		"it was cut short":           {whole[:len(whole)/2], probe.BadAnswer},
		"something after it":         {whole + "{}", probe.BadAnswer},
		"only words":                 {"iperf3: parameter error", probe.BadAnswer},
		"no end":                     {`{"start":{"test_start":{"protocol":"TCP","num_streams":1}}}`, probe.BadAnswer},
		"the other direction":        {replaced(`"reverse":	0`, `"reverse":	1`), probe.BadAnswer},
		"other streams":              {replaced(`"num_streams":	1`, `"num_streams":	4`), probe.BadAnswer},
		"datagrams":                  {replaced(`"protocol":	"TCP"`, `"protocol":	"UDP"`), probe.BadAnswer},
		"a rate of other octets":     {strings.ReplaceAll(whole, `"bits_per_second":	8160923986.3657427`, `"bits_per_second":	9160923986`), probe.BadAnswer},
		"no time":                    {strings.ReplaceAll(whole, `"seconds":	2.000549`, `"seconds":	0`), probe.BadAnswer},
		"a negative number":          {strings.ReplaceAll(whole, `"bytes":	2040791040`, `"bytes":	-1`), probe.BadAnswer},
		"a number without any sense": {strings.ReplaceAll(whole, `"bytes":	2040791040`, `"bytes":	1e300`), probe.BadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseIperf3([]byte(test.output), Forward, Bounds{Streams: 1, BitsPerSecond: 9e9})
			var failure *Failure
			if !errors.As(err, &failure) || failure.Reason != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// Older versions tell less: no retransmits where the sender is no Linux, no load.
func TestWhatAVersionDoesNotTellIsNotKnown(t *testing.T) {
	t.Parallel()
	got, err := ParseIperf3([]byte(`{"start":{"version":"iperf 3.0.7","test_start":{"protocol":"TCP","num_streams":1,"omit":0,"reverse":0}},
		"intervals":[],"end":{"sum_received":{"seconds":10,"bytes":12500000,"bits_per_second":10000000}}}`), Forward, Bounds{Streams: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got.BitsPerSecond != 10e6 || got.Retransmits != -1 || got.HostPermille != -1 || got.RemotePermille != -1 || got.Capped() {
		t.Errorf("got %+v", got)
	}
}

func FuzzParseIperf3(f *testing.F) {
	for _, seed := range [][]byte{sample(f), read(f, "reverse.json"), read(f, "interrupted.json"), read(f, "refused.json"), []byte("{}")} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, output []byte, reverse bool) {
		d := Forward
		if reverse {
			d = Reverse
		}
		flow, err := ParseIperf3(output, d, Bounds{Streams: 1, BitsPerSecond: 1e9})
		var failure *Failure
		if err != nil {
			if !errors.As(err, &failure) || failure.Reason == "" {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		report := probe.Throughput{Began: day, Method: probe.ByIperf3, Down: &flow}
		if err := report.Validate(); err != nil {
			t.Fatalf("what was parsed cannot be reported: %v", err)
		}
	})
}

// The program's output comes through io.Copy, as os/exec does it.
func TestTheWordsOfTheProgramAreKeptUpToALimit(t *testing.T) {
	t.Parallel()
	var out limited
	n, err := io.Copy(&out, io.LimitReader(endless{}, maxOutput+12345))
	if err != nil || n != maxOutput+12345 || out.kept.Len() != maxOutput {
		t.Errorf("took %d (%v) and kept %d octets, want all taken and %d kept", n, err, out.kept.Len(), maxOutput)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

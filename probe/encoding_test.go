package probe_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/probe"
)

func drawBatch(t *rapid.T) probe.Batch {
	cycle := time.UnixMicro(rapid.Int64Range(-1<<57, 1<<57).Draw(t, "cycle")).UTC()
	count := rapid.IntRange(0, 1<<20)
	b := probe.Batch{
		Prober:      rapid.StringN(0, 20, 200).Draw(t, "prober"),
		Seq:         rapid.Uint64().Draw(t, "seq"),
		Cycle:       cycle,
		CycleLength: time.Duration(rapid.IntRange(1, 3600).Draw(t, "length")) * time.Second,
		Last:        rapid.Bool().Draw(t, "last"),
		Planned:     rapid.IntRange(0, 4000).Draw(t, "planned"),
		Quality: probe.Quality{
			Unsent: count.Draw(t, "unsent"), Void: count.Draw(t, "void"), Dropped: count.Draw(t, "dropped"),
			Rejected: count.Draw(t, "rejected"), Gap: count.Draw(t, "gap"),
			WorstLag: time.Duration(rapid.IntRange(-1000, 1e6).Draw(t, "lag")) * time.Microsecond,
		},
	}
	for range rapid.IntRange(0, 20).Draw(t, "rounds") {
		b.Observations = append(b.Observations, probe.Observation{
			Target:    rapid.Int64().Draw(t, "target"),
			Kind:      rapid.SampledFrom([]probe.Kind{probe.Link, probe.Canary}).Draw(t, "kind"),
			At:        cycle.Add(time.Duration(rapid.IntRange(-1000, 3e7).Draw(t, "at")) * time.Microsecond),
			RTTMicros: rapid.SliceOfN(rapid.Int32Range(probe.Lost, 1<<31-1), 1, 8).Draw(t, "rtts"),
		})
	}
	return b
}

func TestABatchSurvivesItsEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawBatch(t)
		raw, err := want.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var got probe.Batch
		if err := got.UnmarshalBinary(raw); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("decoded batch differs (-want +got):\n%s", diff)
		}
	})
}

func TestEveryTruncationOfABatchIsRefused(t *testing.T) {
	t.Parallel()
	b := probe.Batch{Prober: "p", Seq: 300, Cycle: time.Unix(1790000000, 0).UTC(), CycleLength: 5 * time.Second, Observations: []probe.Observation{
		{Target: 4, Kind: probe.Link, At: time.Unix(1790000001, 0).UTC(), RTTMicros: []int32{900, probe.Lost}},
	}}
	raw, err := b.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		var got probe.Batch
		if err := got.UnmarshalBinary(raw[:n]); err == nil {
			t.Errorf("the first %d of %d octets were accepted", n, len(raw))
		}
	}
	var got probe.Batch
	if err := got.UnmarshalBinary(append(raw, 0)); err == nil || !strings.Contains(err.Error(), "after the end") {
		t.Errorf("a trailing octet: got error %v", err)
	}
	raw[0] = 9
	if err := got.UnmarshalBinary(raw); err == nil || !strings.Contains(err.Error(), "version 9, expected 1") {
		t.Errorf("another version: got error %v", err)
	}
}

func FuzzBatchDecoding(f *testing.F) {
	raw, err := probe.Batch{Prober: "p", Seq: 1, Observations: []probe.Observation{{Kind: probe.Link, RTTMicros: []int32{1}}}}.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, data []byte) {
		var b probe.Batch
		if b.UnmarshalBinary(data) != nil {
			return
		}
		again, err := b.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var c probe.Batch
		if err := c.UnmarshalBinary(again); err != nil || !reflect.DeepEqual(b, c) {
			t.Fatalf("decoded, encoded and decoded again: %v\n%+v\n%+v", err, b, c)
		}
	})
}

package probe_test

import (
	"encoding/hex"
	"math"
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
		Continues:   rapid.Bool().Draw(t, "continues"),
		Planned:     rapid.IntRange(0, 4000).Draw(t, "planned"),
		Quality: probe.Quality{
			Unsent: count.Draw(t, "unsent"), Void: count.Draw(t, "void"), Dropped: count.Draw(t, "dropped"), Unstamped: count.Draw(t, "unstamped"),
			Malformed: count.Draw(t, "malformed"), Forged: count.Draw(t, "forged"), Duplicate: count.Draw(t, "duplicate"),
			Late: count.Draw(t, "late"), Overrun: count.Draw(t, "overrun"), Errands: count.Draw(t, "errands"), Gap: count.Draw(t, "gap"),
			WorstLag: time.Duration(rapid.IntRange(-1000, 1e6).Draw(t, "lag")) * time.Microsecond,
			Lag95:    time.Duration(rapid.IntRange(-1000, 1e6).Draw(t, "lag95")) * time.Microsecond,
			Clock: probe.Clock{
				Source:       rapid.StringN(0, 20, 255).Draw(t, "clock"),
				Synchronised: rapid.Bool().Draw(t, "synchronised"),
				Offset:       time.Duration(rapid.IntRange(-1e9, 1e9).Draw(t, "offset")) * time.Microsecond,
				MaxError:     time.Duration(rapid.IntRange(0, 1e9).Draw(t, "error")) * time.Microsecond,
			},
		},
	}
	for range rapid.IntRange(0, 20).Draw(t, "rounds") {
		b.Observations = append(b.Observations, probe.Observation{
			Target:     rapid.Int64().Draw(t, "target"),
			Kind:       rapid.SampledFrom([]probe.Kind{probe.Link, probe.Canary, probe.Demarcation, probe.Router}).Draw(t, "kind"),
			At:         cycle.Add(time.Duration(rapid.IntRange(-1000, 3e7).Draw(t, "at")) * time.Microsecond),
			RTTMicros:  rapid.SliceOfN(rapid.Int32Range(probe.Lost, 1<<31-1), 1, 8).Draw(t, "rtts"),
			Duplicates: rapid.IntRange(0, 9).Draw(t, "duplicates"),
			Reordered:  rapid.IntRange(0, 9).Draw(t, "reordered"),
			Loaded:     rapid.Bool().Draw(t, "loaded"),
		})
	}
	for range rapid.IntRange(0, 5).Draw(t, "polls") {
		b.Polls = append(b.Polls, drawPoll(t, cycle))
	}
	for range rapid.IntRange(0, 3).Draw(t, "reports") {
		b.Reports = append(b.Reports, probe.Report{
			Link:    rapid.Int64().Draw(t, "link"),
			At:      cycle.Add(time.Duration(rapid.IntRange(-1000, 3e7).Draw(t, "at")) * time.Microsecond),
			Finding: drawLook(t),
		})
	}
	return b
}

func drawPoll(t *rapid.T, cycle time.Time) probe.Poll {
	p := probe.Poll{
		Link:    rapid.Int64().Draw(t, "link"),
		At:      cycle.Add(time.Duration(rapid.IntRange(-1000, 3e7).Draw(t, "at")) * time.Microsecond),
		Problem: rapid.SampledFrom([]string{"", "", "timeout"}).Draw(t, "problem"),
	}
	if p.Problem != "" {
		return p
	}
	p.Uptime = time.Duration(rapid.Int64Range(0, 1<<52).Draw(t, "uptime")) * time.Microsecond
	p.Boots = rapid.Int64Range(0, 1<<31).Draw(t, "boots")
	text := rapid.StringN(0, 20, 255)
	p.Access = drawInterface(t)
	for range rapid.IntRange(0, probe.MaxFurther).Draw(t, "further") {
		p.Further = append(p.Further, drawInterface(t))
	}
	figure := func(name string, low, high int32) probe.Figure {
		if rapid.Bool().Draw(t, name+" told") {
			return probe.Tell(rapid.Int32Range(low, high).Draw(t, name))
		}
		return probe.Figure{}
	}
	p.Health = probe.Health{
		Profile: text.Draw(t, "profile"), RestartCause: text.Draw(t, "cause"),
		CPU: figure("cpu", 0, 100), Memory: figure("memory", 0, 100), Temperature: figure("temperature", -1000, 2000),
		Battery: figure("battery", 0, 100_000), OnBattery: rapid.SampledFrom([]probe.Answer{probe.Untold, probe.No, probe.Yes}).Draw(t, "on battery"),
	}
	return p
}

func drawInterface(t *rapid.T) probe.Interface {
	text := rapid.StringN(0, 20, 255)
	return probe.Interface{
		Index: rapid.IntRange(0, math.MaxInt32).Draw(t, "index"), Name: text.Draw(t, "name"), Alias: text.Draw(t, "alias"),
		Up: rapid.Bool().Draw(t, "up"), Counted: rapid.Bool().Draw(t, "counted"),
		SpeedBits: rapid.Int64Range(0, 1<<53).Draw(t, "speed"),
		InOctets:  rapid.Uint64().Draw(t, "in"), OutOctets: rapid.Uint64().Draw(t, "out"),
		Discontinuity: rapid.Uint32().Draw(t, "discontinuity"),
	}
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
	}, Polls: []probe.Poll{{Link: 4, At: time.Unix(1790000003, 0).UTC(), Uptime: time.Hour, Access: probe.Interface{Name: "wan", InOctets: 1 << 40}, Further: []probe.Interface{{Name: "lan"}}, Health: probe.Health{CPU: probe.Tell(7), RestartCause: "power"}}}, Reports: []probe.Report{
		{Link: 4, At: time.Unix(1790000004, 0).UTC(), Finding: aLook(time.Unix(1790000002, 0).UTC())},
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
	if err := got.UnmarshalBinary(raw); err == nil || !strings.Contains(err.Error(), "version 9, expected 1 to 3") {
		t.Errorf("another version: got error %v", err)
	}
}

// TestABatchOfVersion1IsStillRead holds octets that version 1 wrote.
func TestABatchOfVersion1IsStillRead(t *testing.T) {
	t.Parallel()
	raw, err := hex.DecodeString("010170ac028080afa2dbffad06c096b102010100000000880e0201010880897a02880e01")
	if err != nil {
		t.Fatal(err)
	}
	var got probe.Batch
	if err := got.UnmarshalBinary(raw); err != nil {
		t.Fatal(err)
	}
	want := probe.Batch{
		Prober: "p", Seq: 300, Cycle: time.Unix(1790000000, 0).UTC(), CycleLength: 5 * time.Second, Last: true, Planned: 2,
		Quality: probe.Quality{Unsent: 1, WorstLag: 900 * time.Microsecond},
		Observations: []probe.Observation{
			{Target: 4, Kind: probe.Link, At: time.Unix(1790000001, 0).UTC(), RTTMicros: []int32{900, probe.Lost}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

// TestABatchOfVersion2IsStillRead likewise; its 7 refused replies of unknown kind are left.
func TestABatchOfVersion2IsStillRead(t *testing.T) {
	t.Parallel()
	raw, err := hex.DecodeString("020170ac028080afa2dbffad06c096b102010100000702880e0101030880897a02880e010108809bee020080c8ceb40d000377616e000000008080808080200000")
	if err != nil {
		t.Fatal(err)
	}
	var got probe.Batch
	if err := got.UnmarshalBinary(raw); err != nil {
		t.Fatal(err)
	}
	want := probe.Batch{
		Prober: "p", Seq: 300, Cycle: time.Unix(1790000000, 0).UTC(), CycleLength: 5 * time.Second, Last: true, Planned: 1,
		Quality: probe.Quality{Unsent: 1, Gap: 2, WorstLag: 900 * time.Microsecond},
		Observations: []probe.Observation{
			{Target: 4, Kind: probe.Demarcation, At: time.Unix(1790000001, 0).UTC(), RTTMicros: []int32{900, probe.Lost}},
		},
		Polls: []probe.Poll{{Link: 4, At: time.Unix(1790000003, 0).UTC(), Uptime: time.Hour, Access: probe.Interface{Name: "wan", InOctets: 1 << 40}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestATextOfAPollThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	b := probe.Batch{Polls: []probe.Poll{{Link: 7, Problem: strings.Repeat("x", 256)}}}
	if _, err := b.MarshalBinary(); err == nil || !strings.Contains(err.Error(), "poll of link 7: a text of 256 octets, at most 255") {
		t.Errorf("got error %v", err)
	}
}

func FuzzBatchDecoding(f *testing.F) {
	raw, err := probe.Batch{
		Prober: "p", Seq: 1, Observations: []probe.Observation{{Kind: probe.Demarcation, RTTMicros: []int32{1}}},
		Polls:   []probe.Poll{{Link: 1, Uptime: time.Hour, Access: probe.Interface{Name: "wan", Up: true, Counted: true, InOctets: 9}, Further: []probe.Interface{{Name: "lan"}}, Health: probe.Health{Profile: "any", CPU: probe.Tell(7), Temperature: probe.Tell(-5), OnBattery: probe.Yes}}, {Link: 2, Problem: "timeout"}},
		Reports: []probe.Report{{Link: 1, Finding: aLook(time.Unix(1, 0))}},
	}.MarshalBinary()
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

func TestAFindingThatIsNotValidIsRefused(t *testing.T) {
	t.Parallel()
	from := time.Unix(1790000000, 0).UTC()
	wrong := map[string]probe.Report{
		"no finding":       {Link: 7},
		"without the time": {Link: 7, Finding: &probe.Look{}},
		"neither before":   {Link: 7, Finding: &probe.Look{From: from, LastLost: from, Until: from.Add(-1)}},
	}
	for want, report := range wrong {
		_, err := probe.Batch{Reports: []probe.Report{report}}.MarshalBinary()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "report of link 7") {
			t.Errorf("got error %v, want one of link 7 with %q", err, want)
		}
	}
	for body, want := range map[string]string{
		`{"from":"2026-09-01T08:00:00Z","last_lost":"2026-09-01T08:00:00Z","until":"2026-09-01T08:00:01Z","end":"passed","round_sent":1,"round_lost":2}`: "2 of 1 echoes of the round lost",
		`{"from":"2026-09-01T08:00:00Z"}{}`: "after top-level value",
		``:                                  "look: unexpected end",
	} {
		if _, err := probe.ReadFinding("look", []byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", body, err, want)
		}
	}
	if _, err := probe.ReadFinding("guess", nil); err == nil || !strings.Contains(err.Error(), `unknown kind "guess"`) {
		t.Errorf("an unknown kind: got error %v", err)
	}
}

package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/i18n"
	"vigie/probe/stamp"
)

// twoReflectors has one of TWAMP that answered badly, and one that counts, lost a
// packet each way and may not use a class.
func twoReflectors(lang i18n.Lang) *stampSheet {
	sessions := []stamp.Options{{Reflector: netip.MustParseAddrPort("192.0.2.1:862")}, {Reflector: netip.MustParseAddrPort("192.0.2.9:862")}}
	p := newStampSheet(i18n.For(lang), []string{"light.example", "counts.example"}, sessions)
	light := stamp.Standing{
		Duplicates: 1, Reordered: 2, Late: 1, Rejected: 3, Unreachable: 1, Uncorrected: 1, Short: 1, ExtensionsRefused: 2,
		Answered: true, Own: stamp.ErrorEstimate{Synchronised: true, Scale: 20, Multiplier: 41}, Reflector: stamp.ErrorEstimate{Multiplier: 1},
	}
	counts := stamp.Standing{
		Counts: true, ForwardLost: 1, Answered: true, Class: stamp.Class{Known: true, Forward: 0, Back: 46, Told: true, Refused: true},
		Own: light.Own, Reflector: light.Own,
	}
	p.add(0, stamp.Packet{Delay: 1500 * time.Microsecond}, light)
	p.add(1, stamp.Packet{Delay: 1499 * time.Nanosecond}, counts)
	p.add(1, stamp.Packet{Sequence: 1, Lost: true}, counts)
	p.add(1, stamp.Packet{Sequence: 2, Lost: true}, counts)
	p.add(1, stamp.Packet{Sequence: 3, Unsent: true}, counts)
	return p
}

func TestAStampSheetSaysWhatElseWasSeen(t *testing.T) {
	t.Parallel()
	want := []string{
		"light.example: the network says that packets do not arrive: no reflector listens there, or a filter refuses them",
		"light.example: 1 reply came again: it is not counted twice",
		"light.example: 2 replies were overtaken by later ones",
		"light.example: 1 reply came after the timeout: its packet is lost",
		"light.example: 3 replies were to none of our packets, or not under the key",
		"light.example: 1 delay holds the time of the reflector, which does not tell it",
		"light.example: the replies are shorter than those of STAMP: a TWAMP Light reflector",
		"light.example: the extensions of 2 replies came back refused or damaged and were not read",
		"light.example: clock of the reflector: not synchronised; ours: right within 10.0 ms",
		"counts.example: 1 packet did not leave this machine: it is not counted",
		"counts.example: packets lost on the way there: 1; on the way back: 1",
		"counts.example: class of service (DSCP) on arrival: 0 there, 46 back; the reflector may not use the class asked for",
		"counts.example: clock of the reflector: right within 10.0 ms; ours: right within 10.0 ms",
	}
	got := strings.Split(strings.TrimSuffix(strings.ReplaceAll(twoReflectors(i18n.English).table(), "\u00a0", " "), "\n"), "\n")
	if diff := cmp.Diff(want, got[3:]); diff != "" {
		t.Errorf("below the table (-want +got):\n%s", diff)
	}
}

func TestAStampSheetIsTheSameInJSONAndCSV(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := twoReflectors(i18n.French).write(&out, "json"); err != nil {
		t.Fatal(err)
	}
	var objects []map[string]any
	decoder := json.NewDecoder(&out)
	decoder.UseNumber()
	if err := decoder.Decode(&objects); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := twoReflectors(i18n.French).write(&out, "csv"); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, object := range objects {
		got := map[string]any{}
		for column, name := range rows[0] {
			var value any = rows[i+1][column]
			switch object[name].(type) {
			case json.Number:
				value = json.Number(value.(string))
			case bool:
				value = value == "true"
			case nil:
				if value == "" {
					value = nil
				}
			}
			got[name] = value
		}
		if diff := cmp.Diff(object, got); diff != "" {
			t.Errorf("line %d (-JSON +CSV):\n%s", i+1, diff)
		}
	}
	if objects[1]["forward_lost"] != json.Number("1") || objects[0]["forward_lost"] != nil || objects[1]["min_ms"] != json.Number("0.001") || objects[1]["forward_dscp"] != json.Number("0") {
		t.Errorf("objects are %v", objects)
	}
}

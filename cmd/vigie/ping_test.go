package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/i18n"
	"vigie/probe"
	"vigie/probe/icmp"
	"vigie/probe/ping"
)

// twoHosts has one that lost an echo of five, whose answers came out of order and of
// which one did not leave, and one that never answered, though others did in its name.
func twoHosts(lang i18n.Lang) *delaySheet {
	p := newDelaySheet(i18n.For(lang), []string{"router.example", "192.0.2.9"}, []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9")})
	for _, e := range []ping.Echo{
		{Seq: 0, RTTMicros: 1000},
		{Seq: 2, RTTMicros: 4000},
		{Seq: 1, RTTMicros: 2500, Duplicates: 2},
		{Seq: 5, RTTMicros: 0},
		{Seq: 3, RTTMicros: probe.Lost},
		{Seq: 4, Unsent: true, Refusal: "network is unreachable"},
		{Host: 1, Seq: 0, RTTMicros: probe.Lost},
	} {
		p.add(e)
	}
	p.reject(0, icmp.Late)
	p.reject(0, icmp.Duplicate) // which the echo tells
	for range 2 {
		p.reject(1, icmp.Forged)
	}
	p.reject(ping.Elsewhere, icmp.Forged)
	return p
}

func TestAPingAddsUpByTheNumberOfTheEchoes(t *testing.T) {
	t.Parallel()
	want := strings.Join([]string{
		"host                        sent  received  loss     last      min  median  p95   max  jitter",
		"router.example (192.0.2.1)     5         4   20%  0.00 ms  0.00 ms  2.5 ms    –  4 ms  1.5 ms",
		"192.0.2.9                      1         0  100%        –        –       –    –     –       –",
		"1 echo did not leave this machine: it is not counted (router.example: 1)",
		"this machine said latest: network is unreachable",
		"2 replies came again: none is counted twice (router.example: 2)",
		"1 reply came after the timeout: it is not counted (router.example: 1)",
		"3 replies do not bear our mark for the address they come from: they are refused (192.0.2.9: 2, from another address: 1)", "",
	}, "\n")
	got := strings.ReplaceAll(twoHosts(i18n.English).table(), "\u00a0", " ")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if silent := twoHosts(i18n.English).silent(); !cmp.Equal(silent, []string{"192.0.2.9"}) {
		t.Errorf("silent are %v", silent)
	}
}

func TestAPingIsReadByProgramsWithoutLanguage(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := twoHosts(i18n.French).write(&out, "json"); err != nil {
		t.Fatal(err)
	}
	var read []map[string]any
	if err := json.Unmarshal(out.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"host": "router.example", "sent": 5.0, "loss_percent": 20.0, "p95_ms": nil, "median_ms": 2.5, "last_ms": 0.0, "unsent": 1.0, "duplicates": 2.0, "late": 1.0, "forged": 0.0, "malformed": 0.0} {
		if read[0][key] != want {
			t.Errorf("%s is %v, want %v", key, read[0][key], want)
		}
	}
	out.Reset()
	if err := twoHosts(i18n.French).write(&out, "csv"); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"router.example", "192.0.2.1", "5", "4", "1", "20", "0", "0", "2.5", "", "4", "1.5", "2", "1", "0", "0"}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

func TestWhatIsMeasuredOneByOneIsNotSaidToBeUndisturbed(t *testing.T) {
	t.Parallel()
	sheet := newDelaySheet(i18n.For(i18n.English), []string{"192.0.2.1"}, []netip.Addr{netip.MustParseAddr("192.0.2.1")})
	sheet.add(ping.Echo{RTTMicros: 1000, OneByOne: true})
	const want = "measured one by one: 192.0.2.1; replies that come twice, late, without our mark or malformed are not seen there\n"
	if got := sheet.table(); !strings.HasSuffix(got, want) {
		t.Errorf("table\n%s\nends not with\n%s", got, want)
	}
	var out bytes.Buffer
	if err := sheet.write(&out, "json"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"duplicates", "late", "forged", "malformed"} {
		if !strings.Contains(out.String(), `"`+name+`": null`) {
			t.Errorf("%s is told in\n%s", name, out.String())
		}
	}
}

func TestAProberThatTellsOfNoRefusedRepliesHasNotLooked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		told []ping.Rejects
		want string
	}{
		{nil, "measured one by one: router.example, 192.0.2.9"},
		{make([]ping.Rejects, 3), ""},
		{[]ping.Rejects{{Malformed: 1}, {}, {Late: 4}}, "4 replies came after the timeout: they are not counted (from another address: 4)\n" +
			"1 reply has not the form of a reply to our echoes: it is refused (router.example: 1)\n"},
	} {
		sheet := newDelaySheet(i18n.For(i18n.English), []string{"router.example", "192.0.2.9"}, make([]netip.Addr, 2))
		bare := sheet.table()
		sheet.takeRejects(test.told)
		if notes := strings.TrimPrefix(sheet.table(), bare); !strings.HasPrefix(notes, test.want) || (notes == "") != (test.want == "") {
			t.Errorf("%v is told as %q, want %q", test.told, notes, test.want)
		}
	}
}

func TestANameIsResolvedIPv4First(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::1", "localhost": "127.0.0.1"} {
		got, err := resolve(context.Background(), name)
		if err != nil || got.String() != want {
			t.Errorf("%s is %s, %v, want %s", name, got, err, want)
		}
	}
}

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
	"vigie/probe/ping"
)

// twoHosts has one that lost an echo of five, whose answers came out of order and of
// which one did not leave, and one that never answered.
func twoHosts(lang i18n.Lang) *delaySheet {
	p := newDelaySheet(i18n.For(lang), []string{"router.example", "192.0.2.9"}, []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9")})
	for _, e := range []ping.Echo{
		{Seq: 0, RTTMicros: 1000},
		{Seq: 2, RTTMicros: 4000},
		{Seq: 1, RTTMicros: 2500, Duplicates: 2},
		{Seq: 5, RTTMicros: 0},
		{Seq: 3, RTTMicros: probe.Lost},
		{Seq: 4, Unsent: true},
		{Host: 1, Seq: 0, RTTMicros: probe.Lost},
	} {
		p.add(e)
	}
	return p
}

func TestAPingAddsUpByTheNumberOfTheEchoes(t *testing.T) {
	t.Parallel()
	want := strings.Join([]string{
		"host                        sent  received  loss     last      min  median  p95   max  jitter",
		"router.example (192.0.2.1)     5         4   20%  0.00 ms  0.00 ms  2.5 ms    –  4 ms  1.5 ms",
		"192.0.2.9                      1         0  100%        –        –       –    –     –       –",
		"1 echo did not leave this machine: it is not counted",
		"2 replies came again: none is counted twice", "",
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
	for key, want := range map[string]any{"host": "router.example", "sent": 5.0, "loss_percent": 20.0, "p95_ms": nil, "median_ms": 2.5, "last_ms": 0.0, "unsent": 1.0, "duplicates": 2.0} {
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
	want := []string{"router.example", "192.0.2.1", "5", "4", "1", "20", "0", "0", "2.5", "", "4", "1.5", "2"}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
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

package main

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/i18n"
	"vigie/probe/path"
)

func traced(lang i18n.Lang, probes ...path.Probe) *traceSheet {
	t := newTraceSheet(i18n.For(lang), "router.example", netip.MustParseAddr("198.51.100.1"))
	t.method = path.ICMP
	for _, p := range probes {
		t.add(p)
	}
	return t
}

// passing is an answer of a router, or of the host itself.
func passing(hop, round int, from string, ms int) path.Probe {
	p := path.Probe{Hop: hop, Round: round, Kind: path.Passing, From: netip.MustParseAddr(from), RTT: time.Duration(ms) * time.Millisecond}
	if from == "198.51.100.1" {
		p.Kind = path.Reached
	}
	return p
}

func TestATraceEndsWhereTheHostAnswers(t *testing.T) {
	t.Parallel()
	sheet := traced(i18n.English,
		passing(1, 0, "192.0.2.1", 1), path.Probe{Hop: 2, Kind: path.Lost}, path.Probe{Hop: 3, Kind: path.Lost}, passing(4, 0, "198.51.100.1", 9),
		passing(1, 1, "192.0.2.7", 3), path.Probe{Hop: 2, Round: 1, Kind: path.Lost}, passing(3, 1, "198.51.100.1", 8),
	)
	want := strings.Join([]string{
		"host                               sent  received  loss  last   min  median   p95   max  jitter",
		" 1  192.0.2.7 +1                      2         2    0%  3 ms  1 ms    1 ms  3 ms  3 ms    2 ms",
		" 2  *                                 2         0  100%     –     –       –     –     –       –",
		" 3  router.example (198.51.100.1)     2         1   50%  8 ms  8 ms    8 ms     –  8 ms       –", "",
	}, "\n")
	if diff := cmp.Diff(want, strings.ReplaceAll(sheet.table(), "\u00a0", " ")); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if !sheet.reached() {
		t.Error("the host answered and was not reached")
	}
	var out bytes.Buffer
	if err := sheet.write(&out, "csv"); err != nil || !strings.Contains(out.String(), "\n2,lost,0,router.example,,2,0,0,100,,,,,,\n") {
		t.Errorf("CSV: %v\n%s", err, out.String())
	}
}

func TestATraceShowsOneLineOfSilenceBehindTheLastAnswer(t *testing.T) {
	t.Parallel()
	sheet := traced(i18n.French, passing(1, 0, "192.0.2.1", 1), path.Probe{Hop: 2, Kind: path.Lost}, path.Probe{Hop: 3, Kind: path.Lost})
	if sheet.reached() || strings.Count(sheet.table(), "\n") != 3 {
		t.Errorf("reached: %t\n%s", sheet.reached(), sheet.table())
	}
	sheet.add(path.Probe{Hop: 2, Round: 1, Kind: path.Unreachable, From: netip.MustParseAddr("192.0.2.9"), RTT: time.Millisecond, Code: 13})
	if sheet.reached() || !strings.Contains(sheet.table(), " 2  192.0.2.9 ne va pas plus loin (code 13)") {
		t.Errorf("reached: %t\n%s", sheet.reached(), sheet.table())
	}
}

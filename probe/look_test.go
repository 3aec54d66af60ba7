package probe_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vigie/probe"
)

// aLook is one that begins at a time.
func aLook(from time.Time) *probe.Look {
	return &probe.Look{
		From: from, LastLost: from.Add(time.Second), Until: from.Add(4 * time.Second), End: probe.LookRecovered,
		RoundSent: 5, RoundLost: 2, Gap: 100 * time.Millisecond, RTTMicros: []int32{probe.Lost, 9000}, Together: 1,
	}
}

func drawLook(t *rapid.T) *probe.Look {
	look := aLook(time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "from"), 0).UTC())
	look.RTTMicros = rapid.SliceOf(rapid.Int32Min(probe.Lost)).Draw(t, "round trips")
	return look
}

func TestALookCountsItsOwnEchoes(t *testing.T) {
	t.Parallel()
	look := aLook(time.Unix(1790000000, 0))
	if look.Sent() != 2 || look.Lost() != 1 || look.Total() {
		t.Errorf("got %d of %d lost, total: %t; want 1 of 2, false", look.Lost(), look.Sent(), look.Total())
	}
	look.RTTMicros = []int32{probe.Lost, probe.Lost}
	if look.Total() { // its round had an answer
		t.Error("total though its round had an answer")
	}
	if look.RoundLost = look.RoundSent; !look.Total() {
		t.Error("not total though nothing was answered")
	}
}

func TestALookOutOfItsRangeIsRefused(t *testing.T) {
	t.Parallel()
	for want, wrong := range map[string]func(*probe.Look){
		"without the time at which it began":                            func(l *probe.Look) { l.From = time.Time{} },
		"expected neither before its beginning":                         func(l *probe.Look) { l.LastLost = l.From.Add(-1) },
		`end "", expected recovered, lasting or passed`:                 func(l *probe.Look) { l.End = "" },
		"0 of 5 echoes of the round lost, expected 1 to all of at most": func(l *probe.Look) { l.RoundLost = 0 },
		"6 of 5 echoes of the round lost, expected 1 to all of at most": func(l *probe.Look) { l.RoundLost = 6 },
		"gap -1ns, expected 0 to 1m0s":                                  func(l *probe.Look) { l.Gap = -1 },
		"1025 echoes, expected at most 1024":                            func(l *probe.Look) { l.RTTMicros = make([]int32, 1025) },
		"round-trip time of -2 µs, expected at least -1":                func(l *probe.Look) { l.RTTMicros[0] = -2 },
		"0 links together, expected 1 to":                               func(l *probe.Look) { l.Together = 0 },
	} {
		look := aLook(time.Unix(1790000000, 0))
		if err := look.Validate(); err != nil {
			t.Fatal(err)
		}
		wrong(look)
		if err := look.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

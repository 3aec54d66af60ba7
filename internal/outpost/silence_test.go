package outpost

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/probe"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func minute(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

// timeline plays what happens to a silence, and notes what is told.
type timeline struct {
	silence
	told []string
}

func (l *timeline) look(at time.Time, works bool) {
	for _, c := range l.due(at, 15*time.Minute, []string{"mail"}) {
		if works {
			l.told = append(l.told, fmt.Sprintf("%s: ended=%t since %s back %s, %d links", at.Format("15:04"), c.ended, c.since.Format("15:04"), c.back.Format("15:04"), len(l.Down)))
			l.silence.told(c)
		}
	}
}

func TestASilenceIsToldOnceAndItsEndOnce(t *testing.T) {
	t.Parallel()
	var l timeline
	l.doubt(minute(0))
	l.saw([]int64{7, 9})
	l.look(minute(14), true)
	l.look(minute(15), false) // the mail server is away
	l.look(minute(16), true)
	l.saw([]int64{9, 11})
	l.look(minute(30), true)
	l.answered(minute(31))
	l.look(minute(31), true)
	l.look(minute(32), true)
	l.doubt(minute(40)) // a short one
	l.answered(minute(50))
	l.look(minute(60), true)
	want := []string{
		"12:16: ended=false since 12:00 back 00:00, 2 links",
		"12:31: ended=true since 12:00 back 12:31, 3 links",
	}
	if diff := cmp.Diff(want, l.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(silence{Told: map[string]time.Time{}}, l.silence); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

func TestASecondSilenceBeforeTheEndOfTheFirstWasToldIsToldAfterIt(t *testing.T) {
	t.Parallel()
	var l timeline
	l.doubt(minute(0))
	l.look(minute(15), true)
	l.answered(minute(20))
	l.look(minute(20), false)
	l.doubt(minute(21))
	l.look(minute(40), false)
	l.look(minute(41), true)
	l.look(minute(42), true)
	want := []string{
		"12:15: ended=false since 12:00 back 00:00, 0 links",
		"12:41: ended=true since 12:00 back 12:20, 0 links",
		"12:42: ended=false since 12:21 back 00:00, 0 links",
	}
	if diff := cmp.Diff(want, l.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// Whatever happens, and however often the prober starts again: a beginning and an end
// take turns, and no silence is told twice.
func TestNoSilenceIsToldTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s silence
		last := map[string]call{}
		var begun []time.Time
		for n := range rapid.IntRange(1, 80).Draw(t, "minutes") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				s.doubt(minute(n))
			case 1:
				s.answered(minute(n))
			case 2:
				text, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				s = silence{}
				if err := json.Unmarshal(text, &s); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range s.due(minute(n), 3*time.Minute, []string{"mail"}) {
				if rapid.Bool().Draw(t, "the way is open") {
					s.told(c)
					if former, any := last[c.way]; any && former.ended == c.ended || !any && c.ended {
						t.Fatalf("after %+v came %+v", former, c)
					}
					if !c.ended && slices.Contains(begun, c.since) {
						t.Fatalf("the silence since %s is told again", c.since)
					} else if !c.ended {
						begun = append(begun, c.since)
					}
					last[c.way] = c
				}
			}
		}
	})
}

func TestALinkLooksDownAfterThreeSilentRoundsOfAConnectedProber(t *testing.T) {
	t.Parallel()
	s := newSight()
	cycle := func(canary, seven, eight int32) {
		round := func(kind probe.Kind, id int64, rtt int32) probe.Observation {
			return probe.Observation{Target: id, Kind: kind, RTTMicros: []int32{rtt, probe.Lost}}
		}
		s.note(probe.Batch{Observations: []probe.Observation{round(probe.Link, 7, seven)}})
		s.note(probe.Batch{Last: true, Observations: []probe.Observation{round(probe.Canary, 1, canary), round(probe.Link, 8, eight)}})
	}
	cycle(100, probe.Lost, 100)
	cycle(probe.Lost, probe.Lost, probe.Lost) // our own uplink
	cycle(100, probe.Lost, probe.Lost)
	if got := s.down(); len(got) > 0 {
		t.Errorf("down after two rounds: %v", got)
	}
	cycle(100, probe.Lost, 100)
	if got := s.down(); !slices.Equal(got, []int64{7}) {
		t.Errorf("down after three rounds: %v, want 7", got)
	}
	s.keep([]probe.Target{{ID: 7, Kind: probe.Canary}, {ID: 8, Kind: probe.Link}})
	if got := s.down(); len(got) > 0 {
		t.Errorf("down, though it is not watched any more: %v", got)
	}
}

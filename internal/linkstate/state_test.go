package linkstate_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/linkstate"
)

func TestStateSurvivesJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune(".osfi")), 1, 60, -1).Draw(t, "results")
		states, _ := timeline(text, linkstate.DefaultPolicy())
		state := states[len(states)-1]
		encoded, err := json.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		var again linkstate.State
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatal(err)
		}
		if again != state {
			t.Fatalf("%s\nread back (-got +want):\n%s", encoded, cmp.Diff(again, state))
		}
	})
}

// TestNoResultIsNoAccusation: whatever came before, silence alone never makes a
// link down or degraded.
func TestNoResultIsNoAccusation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune(".osfi")), 0, 40, -1).Draw(t, "results")
		states, _ := timeline("o"+text+"....", linkstate.DefaultPolicy())
		last := states[len(states)-1]
		if last.Status != linkstate.Unknown {
			t.Fatalf("%s then silence: %s, want unknown", text, last.Status)
		}
		if before := states[len(states)-5].Confirmed(); last.Former != before {
			t.Fatalf("%s then silence: hides %s, want %s", text, last.Former, before)
		}
	})
}

func TestTimesAreCutToTheMicrosecond(t *testing.T) {
	t.Parallel()
	paris := time.FixedZone("", 3600)
	at := time.Date(2026, 3, 2, 7, 0, 0, 123456789, paris)
	state, _ := linkstate.Next(linkstate.State{}, linkstate.Sample{Cycle: at, Result: linkstate.Fail, At: at, Seen: 1},
		linkstate.DefaultPolicy())
	if want := time.Date(2026, 3, 2, 6, 0, 0, 123456000, time.UTC); state.Fails.First != want {
		t.Errorf("first fail: got %v, want %v", state.Fails.First, want)
	}
}

func TestPolicyNamesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*linkstate.Policy){
		"cycle":               func(p *linkstate.Policy) { p.Cycle = 0 },
		"down_after":          func(p *linkstate.Policy) { p.DownAfter = 0 },
		"up_after":            func(p *linkstate.Policy) { p.UpAfter = -1 },
		"unknown_after":       func(p *linkstate.Policy) { p.UnknownAfter = time.Second },
		"isolation_lookback":  func(p *linkstate.Policy) { p.IsolationLookback = -1 },
		"degraded window":     func(p *linkstate.Policy) { p.DegradedWindow = 17 },
		"degraded slow count": func(p *linkstate.Policy) { p.DegradedSlow = 7 },
		"degraded exit":       func(p *linkstate.Policy) { p.DegradedExit = 0 },
	} {
		policy := linkstate.DefaultPolicy()
		spoil(&policy)
		if err := policy.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v", want, err)
		}
	}
	if err := linkstate.DefaultPolicy().Validate(); err != nil {
		t.Error(err)
	}
}

func FuzzStatusText(f *testing.F) {
	for _, seed := range []string{"up", "degraded", "down", "unknown", "", "UP", "status(9)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var status linkstate.Status
		if err := status.UnmarshalText([]byte(text)); err != nil {
			return
		}
		again, err := status.MarshalText()
		if err != nil || string(again) != text || status.String() != text {
			t.Errorf("%q reads as %v and writes as %q (%v)", text, status, again, err)
		}
	})
}

func TestAStatusOutOfRangeIsNotWritten(t *testing.T) {
	t.Parallel()
	if text, err := linkstate.Status(9).MarshalText(); err == nil {
		t.Errorf("wrote %q", text)
	}
	if got := linkstate.Status(9).String(); got != "status(9)" {
		t.Errorf("got %q", got)
	}
}

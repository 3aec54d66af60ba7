package linkstate_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/linkstate"
)

var origin = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

// offset is how far into its cycle a round lies in these tests.
const offset = 7 * time.Second

var letters = map[rune]linkstate.Result{
	'.': linkstate.None, 'o': linkstate.OK, 's': linkstate.Slow, 'f': linkstate.Fail,
	'i': linkstate.None, // the only prober is isolated
}

// timeline applies one letter a cycle and returns the state after each.
func timeline(text string, policy linkstate.Policy) ([]linkstate.State, []linkstate.Transition) {
	var state linkstate.State
	var states []linkstate.State
	var moves []linkstate.Transition
	var previous time.Time
	for i, letter := range text {
		at := origin.Add(time.Duration(i) * policy.Cycle)
		sample := linkstate.Sample{
			Cycle: at, Previous: previous, Result: letters[letter], At: at.Add(offset), Seen: 1,
		}
		if letter == 'i' {
			sample.Isolated = 1
		}
		var moved linkstate.Transition
		state, moved = linkstate.Next(state, sample, policy)
		states, moves, previous = append(states, state), append(moves, moved), at
	}
	return states, moves
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		given string
		want  string // u up, g degraded, d down, ? unknown
		since int    // cycle at which the last status began, -1 for never
	}{
		{"two fails are not enough", "offo", "uuuu", -1},
		{"the third fail confirms", "offf", "uuud", 1},
		{"ok breaks the run", "offoff", "uuuuuu", -1},
		{"slow breaks the run", "offsff", "uuuuuu", -1},
		{"a gap does not break the run of fails", "of.ff", "uuuud", 1},
		{"the third good confirms", "offfooo", "uuudddu", 4},
		{"slow is good enough to come up", "offfsss", "uuudddu", 4},
		{"a fail breaks the recovery", "offfoofooo", "uuudddddd" + "u", 7},
		{"a gap does not break the recovery", "offfo.oo", "uuuddddu", 4},
		{"up before the first result", "........", "uuuuuuuu", -1},
		{"isolated from the start", "iiiiii", "uuuuuu", -1},
		{"unknown 90 s after the last valid result", "o...", "uuu?", -1},
		{"unknown after up ends at the first good one", "o....o", "uuu??u", -1},
		{"unknown after up ends at the first slow one", "o....s", "uuu??u", -1},
		{"unknown after up goes down by three fails", "o....fff", "uuu????d", 5},
		{"a fail before the gap counts", "of...ff", "uuuu??d", 1},
		{"a good one between breaks the run", "o....fofff", "uuu???uuud", 7},
		{"unknown after down ends at the first fail", "offf...f", "uuudd" + "d?d", 1},
		{"unknown after down comes up by three goods", "offf...ooo", "uuuddd???u", 7},
		{"goods before the gap count", "offfoo...o", "uuudddddu"[:8] + "?u", 4},
		{"degraded by four slow", "ossss", "uuuug", 1},
		{"degraded by four of six", "osossos", "uuuuuug"[:6] + "g", 1},
		{"three of six are not enough", "osososos", "uuuuuuuu", -1},
		{"a slow one leaves the window", "osooooosss", "uuuuuuuuuu", -1},
		{"fails and gaps are not in the window", "ossff.ss", "uuuuuuug", 1},
		{"degraded ends by six ok", "ossssoooooo", "uuuug" + "gggggu", 5},
		{"a slow one restarts the six", "ossssooosoooooo", "uuuug" + "ggggggggg" + "u", 9},
		{"a fail restarts the six", "ossssooofoooooo", "uuuug" + "ggggggggg" + "u", 9},
		{"a gap does not restart the six", "ossssooo.ooo", "uuuug" + "gggggg" + "u", 5},
		{"a void fail does not restart the six", "ossssooofiooo", "uuuug" + "ggggggg" + "u", 5},
		{"degraded goes down", "ossssfff", "uuuug" + "ggd", 5},
		{"the window restarts when it comes up", "offfssssss", "uuudddu" + "uuu", 4},
		{"four slow after coming up", "offfsssssss", "uuudddu" + "uuu" + "g", 7},
		{"unknown after degraded ends at the first ok", "ossss...o", "uuuug" + "gg?g", 1},
		{"unknown becomes degraded by the fourth slow", "osss....s", "uuuu" + "uu??g", 1},
		{"an isolation voids the failure before it", "ofiff", "uuuuu", -1},
		{"and the run restarts at 0", "offiff", "uuuuuu", -1},
		{"but not one two cycles before", "of.iff", "uuuuud", 1},
		{"nor a confirmed one", "offfi", "uuudd", 1},
		{"a voided result is still the last valid one", "ofiii", "uuuu?", -1},
		{"a failure of a down link stands", "offfoofiooo", "uuudddddddu", 8},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			states, _ := timeline(test.given, linkstate.DefaultPolicy())
			got := ""
			for _, s := range states {
				got += map[linkstate.Status]string{
					linkstate.Up: "u", linkstate.Degraded: "g", linkstate.Down: "d", linkstate.Unknown: "?",
				}[s.Status]
			}
			if got != test.want {
				t.Errorf("statuses of %s\n got %s\nwant %s", test.given, got, test.want)
			}
			var want time.Time
			if test.since >= 0 {
				want = origin.Add(time.Duration(test.since)*30*time.Second + offset)
			}
			if since := states[len(states)-1].Since; !since.Equal(want) {
				t.Errorf("since: got %v, want %v", since, want)
			}
		})
	}
}

func TestAHealthyLinkDoesNotChange(t *testing.T) {
	t.Parallel()
	states, moves := timeline("o"+strings.Repeat("o", 50), linkstate.DefaultPolicy())
	for i := 1; i < len(states); i++ {
		if states[i] != states[0] || moves[i].Changed() {
			t.Fatalf("cycle %d: state changed to %+v", i, states[i])
		}
	}
	states, _ = timeline("ooosooffo..oooooooooo", linkstate.DefaultPolicy())
	if states[len(states)-1] != states[0] {
		t.Errorf("small troubles leave a trace:\n%s", cmp.Diff(states[0], states[len(states)-1]))
	}
}

func TestTransitionsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	_, moves := timeline("offf...fooo...off", linkstate.DefaultPolicy())
	var got []string
	for i, m := range moves {
		if m.Changed() {
			got = append(got, fmt.Sprintf("%d %s-%s since %d fell %t recovered %t", i, m.From, m.To,
				int(m.Since.Sub(origin).Seconds()), m.Fell(), m.Recovered()))
		}
	}
	want := []string{
		"3 up-down since 37 fell true recovered false",
		"6 down-unknown since 180 fell false recovered false",
		"7 unknown-down since 37 fell false recovered false",
		"10 down-up since 247 fell false recovered true",
		"13 up-unknown since 390 fell false recovered false",
		"14 unknown-up since 247 fell false recovered false",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("transitions (-got +want):\n%s", diff)
	}
}

func TestLastFailed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"o": false, "of": true, "of.": true, "ofi": false, "offf": true, "offfo": false, "offfo.": false, "offfof": true,
		"offf....": true,
	} {
		states, _ := timeline(text, linkstate.DefaultPolicy())
		if got := states[len(states)-1].LastFailed(); got != want {
			t.Errorf("%s: last failed is %t, want %t", text, got, want)
		}
	}
}

func TestAnotherWitnessKeepsTheFailure(t *testing.T) {
	t.Parallel()
	policy := linkstate.DefaultPolicy()
	var state linkstate.State
	for i, seen := range []linkstate.Vantages{0b11, 0b11, 0b10} {
		sample := linkstate.Sample{
			Cycle: origin.Add(time.Duration(i) * policy.Cycle), Result: linkstate.Fail, At: origin, Seen: seen,
		}
		if i == 2 {
			sample.Isolated = 0b01
		}
		state, _ = linkstate.Next(state, sample, policy)
	}
	if state.Status != linkstate.Down {
		t.Errorf("got %s, want down: the second vantage point saw all three fails", state.Status)
	}
}

func TestCombineTakesTheBestVantagePoint(t *testing.T) {
	t.Parallel()
	all := []linkstate.Result{linkstate.None, linkstate.OK, linkstate.Slow, linkstate.Fail}
	want := [][]linkstate.Result{
		{linkstate.None, linkstate.OK, linkstate.Slow, linkstate.Fail},
		{linkstate.OK, linkstate.OK, linkstate.OK, linkstate.OK},
		{linkstate.Slow, linkstate.OK, linkstate.Slow, linkstate.Slow},
		{linkstate.Fail, linkstate.OK, linkstate.Slow, linkstate.Fail},
	}
	for i, a := range all {
		for j, b := range all {
			if got := linkstate.Combine(a, b); got != want[i][j] {
				t.Errorf("combine %d and %d: got %d, want %d", a, b, got, want[i][j])
			}
		}
	}
}

// TestDrawing holds the drawing in README.md equal to what the code does with
// every series of results of a length, under a policy with short runs.
func TestDrawing(t *testing.T) {
	t.Parallel()
	policy := linkstate.Policy{
		Cycle: 30 * time.Second, DownAfter: 2, UpAfter: 2, UnknownAfter: 30 * time.Second,
		DegradedSlow: 2, DegradedWindow: 3, DegradedExit: 2,
	}
	if err := policy.Validate(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"[*] up": true}
	var walk func(state linkstate.State, depth int)
	walk = func(state linkstate.State, depth int) {
		if depth == 8 {
			return
		}
		at := origin.Add(time.Duration(depth) * policy.Cycle)
		for _, result := range letters {
			sample := linkstate.Sample{Cycle: at, Previous: at.Add(-policy.Cycle), Result: result, At: at, Seen: 1}
			next, moved := linkstate.Next(state, sample, policy)
			if moved.Changed() {
				seen[moved.From.String()+" "+moved.To.String()] = true
			}
			walk(next, depth+1)
		}
	}
	walk(linkstate.State{}, 0)
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var drawn, coded []string
	for _, edge := range regexp.MustCompile(`(?m)^ +(\S+) --> (\w+)`).FindAllStringSubmatch(string(text), -1) {
		drawn = append(drawn, edge[1]+" "+edge[2])
	}
	for edge := range seen {
		coded = append(coded, edge)
	}
	slices.Sort(drawn)
	slices.Sort(coded)
	if diff := cmp.Diff(drawn, coded); diff != "" {
		t.Errorf("transitions (-drawn +coded):\n%s", diff)
	}
}

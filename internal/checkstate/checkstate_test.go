package checkstate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/internal/checkstate"
	"vigie/probe"
)

var start = time.Date(2026, time.November, 25, 8, 0, 0, 0, time.UTC)

// results writes one minute each: o = ok, f = fails, x = own trouble, i = fails while the
// prober is isolated.
func results(text string) []checkstate.Result {
	var all []checkstate.Result
	for i, r := range text {
		result := checkstate.Result{At: start.Add(time.Duration(i) * time.Minute), Check: &probe.Check{ID: 1, Reason: "ok", Known: true}}
		switch r {
		case 'f', 'i':
			result.Check.Reason, result.Isolated = "timeout", r == 'i'
		case 'x':
			result.Check.Reason, result.Check.Known = "own", false
		}
		all = append(all, result)
	}
	return all
}

// told runs results and writes each transition as minute since, minute confirmed, status.
func told(text string) (checkstate.State, string) {
	var s checkstate.State
	var lines []string
	for _, r := range results(text) {
		var tr *checkstate.Transition
		if s, tr = checkstate.Next(s, r); tr != nil {
			lines = append(lines, tr.Since.Format("15:04")+" "+tr.At.Format("15:04")+" "+string(tr.Status)+" "+tr.Reason)
		}
	}
	return s, strings.Join(lines, "; ")
}

func TestAFailureIsConfirmedByTheSecondInARowAndDatedByTheFirst(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ results, status, transitions string }{
		{"", "", ""},
		{"o", "working", ""},
		{"f", "unknown", ""},
		{"ff", "failing", "08:00 08:01 failing timeout"},
		{"offo", "working", "08:01 08:02 failing timeout; 08:03 08:03 working ok"},
		{"ofofo", "working", ""},
		{"ofxf", "working", ""},
		{"ofxff", "failing", "08:03 08:04 failing timeout"},
		{"ofif", "working", ""},
		{"oiiii", "working", ""},
		{"offxx", "failing", "08:01 08:02 failing timeout"},
		{"xx", "unknown", ""},
	} {
		s, transitions := told(test.results)
		if string(s.Status) != test.status || transitions != test.transitions {
			t.Errorf("%s: got %s, transitions %q; want %s, %q", test.results, s.Status, transitions, test.status, test.transitions)
		}
	}
}

func TestAnOlderResultChangesNothing(t *testing.T) {
	t.Parallel()
	s, _ := told("off")
	for _, r := range results("ooo") {
		if again, tr := checkstate.Next(s, r); tr != nil || !cmp.Equal(again, s) {
			t.Errorf("the result of %s changed the state", r.At)
		}
	}
}

func TestATransitionIsNeverIntoTheSameStatusAndNeverBackwards(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ofxi")), 0, 40, -1).Draw(t, "results")
		var s checkstate.State
		var last checkstate.Transition
		for _, r := range results(text) {
			next, tr := checkstate.Next(s, r)
			if tr != nil {
				if tr.Status == last.Status || tr.Since.Before(last.Since) || tr.Since.After(tr.At) || next.Status != tr.Status || !next.Since.Equal(tr.Since) {
					t.Fatalf("%s: %+v after %+v", text, *tr, last)
				}
				last = *tr
			}
			s = next
		}
	})
}

package incident_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/incident"
)

// TestDrawing holds the drawing of the kinds in README.md equal to the changes
// of kind that all scenarios together show.
func TestDrawing(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, folder := range []string{"cases", "rules"} {
		for _, file := range readScenarios(t, filepath.Join("testdata", folder)) {
			for _, s := range file.Scenarios {
				w := newWorld(t, file, s)
				kinds := map[int64]incident.Kind{}
				var state incident.State
				for at := int64(0); at <= s.End; at += 30 {
					d := incident.Decide(state, w.topology, w.cycle(at), w.policy)
					collect(d.Changes, kinds, seen)
					state = d.State
				}
			}
		}
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds, _, _ := strings.Cut(string(text), "## Life of one")
	var drawn []string
	for _, edge := range regexp.MustCompile(`(?m)^ +(\S+) --> ([^:\s]+):`).FindAllStringSubmatch(kinds, -1) {
		drawn = append(drawn, edge[1]+" to "+edge[2])
	}
	slices.Sort(drawn)
	if diff := cmp.Diff(drawn, slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("changes of kind (-drawn +seen):\n%s", diff)
	}
}

// collect turns changes into arrows from kind to kind. Masses that merge into
// an operator incident are one arrow, whichever of them keeps its id.
func collect(changes []incident.Change, kinds map[int64]incident.Kind, seen map[string]bool) {
	arrow := func(from, to incident.Kind) { seen[string(from)+" to "+string(to)] = true }
	for _, c := range changes {
		switch {
		case c.Action == incident.Open:
			kinds[c.Incident] = c.Kind
			if !slices.ContainsFunc(changes, func(other incident.Change) bool { return other.Into == c.Incident }) {
				arrow("[*]", c.Kind)
			}
		case c.Action == incident.Requalify:
			arrow(kinds[c.Incident], c.Kind)
			kinds[c.Incident] = c.Kind
		case c.Into != 0:
			arrow(kinds[c.Incident], kinds[c.Into])
		case c.Action == incident.Close:
			arrow(c.Kind, "[*]")
		}
	}
}

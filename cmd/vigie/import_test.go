package main

import (
	"bytes"
	"strings"
	"testing"

	"vigie/internal/app"
	"vigie/internal/intake"
)

func TestWhatKeptAnImportIsCountedInWords(t *testing.T) {
	t.Parallel()
	one := intake.Problem{File: "sites.csv", Line: 2, Column: "key", Expected: "is empty"}
	for want, p := range map[string]intake.Problems{
		"nothing was saved: 1 problem\n":  {List: []intake.Problem{one}},
		"nothing was saved: 2 problems\n": {List: []intake.Problem{one}, More: 1},
	} {
		var talk bytes.Buffer
		if err := imported(surroundings{talk: &talk}, app.ImportAnswer{Problems: &p}, "table"); err == nil || !strings.HasSuffix(talk.String(), want) {
			t.Errorf("%v, %q, want the end %q", err, talk.String(), want)
		}
	}
}

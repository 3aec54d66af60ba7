package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestEveryCommandHelpsWithExamples(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&cli{}, kong.Name("vigie"))
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		if !strings.Contains(leaf.Detail, "Examples:\n  vigie ") {
			t.Errorf("%s --help gives no example", leaf.FullPath())
		}
	}
}

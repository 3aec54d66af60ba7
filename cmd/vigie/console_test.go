package main

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func written(b *bytes.Buffer) string {
	return regexp.MustCompile(`\d\d:\d\d:\d\d  `).ReplaceAllString(b.String(), "")
}

func TestProgressIsALineFromTimeToTimeInAFile(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := newConsole(&out)
	for percent := range 25 {
		c.progress(percent, "at "+string(rune('a'+percent)))
	}
	c.say("done")
	if diff := cmp.Diff("at a\nat k\nat u\ndone\n", written(&out)); diff != "" {
		t.Errorf("a file (-want +got):\n%s", diff)
	}
}

func TestProgressIsOneLineOnATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := newConsole(&out)
	c.terminal = true
	c.progress(1, "one")
	c.progress(2, "two")
	c.say("done")
	if diff := cmp.Diff("one\r\x1b[Ktwo\r\x1b[Kdone\n", written(&out)); diff != "" {
		t.Errorf("a terminal (-want +got):\n%s", diff)
	}
}

package prober

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestFailuresAreToldAtIntervalsWithTheirNumber(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	f := failures{message: "a link is not traced", log: log.With("prober", "metz")}
	began := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	for second := range 121 {
		f.add(int64(second), errors.New("no route"), began.Add(time.Duration(second)*time.Second))
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{
		`prober=metz link=0 error="no route" count=1`, `prober=metz link=60 error="no route" count=60`, `prober=metz link=120 error="no route" count=60`,
	}
	if len(lines) != len(want) {
		t.Fatalf("told %d times, want %d: %s", len(lines), len(want), out.String())
	}
	for i, line := range lines {
		if !strings.HasSuffix(line, `msg="a link is not traced" `+want[i]) {
			t.Errorf("told %s, want %s", line, want[i])
		}
	}
}

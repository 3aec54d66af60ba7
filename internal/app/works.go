package app

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"time"

	"vigie/internal/intake"
	"vigie/internal/lab"
)

// noticeDays is how long before its works the demo's operator announces them.
const noticeDays = 10

// announce imports the works of a script that begins now, as an operator's notice
// is imported by anybody. Each start of the demo announces works of its own: what
// an earlier one had announced stays as it was.
func announce(ctx context.Context, i *Instance, works lab.Works, now time.Time) error {
	var sheet bytes.Buffer
	w := csv.NewWriter(&sheet)
	for _, row := range [][]string{
		{"key", "scope", "subject", "from", "to", "announced", "note", "source"},
		{
			"tp-demo-" + now.UTC().Format("20060102T150405"), "pop", works.POP,
			now.Add(works.From).UTC().Format(time.RFC3339), now.Add(works.To).UTC().Format(time.RFC3339),
			now.AddDate(0, 0, -noticeDays).UTC().Format(time.RFC3339),
			"Travaux annoncés de la démonstration (fictifs)", "fictif (démo)",
		},
	} {
		if err := w.Write(row); err != nil {
			return fmt.Errorf("announce the demo's works: %w", err)
		}
	}
	w.Flush()
	a, err := i.Import(ctx, ImportRequest{Files: []intake.File{{Name: "maintenances.csv", Content: sheet.Bytes()}}})
	switch {
	case err != nil:
		return fmt.Errorf("announce the demo's works: %w", err)
	case a.Problems != nil:
		return fmt.Errorf("announce the demo's works: %s", a.Problems)
	}
	return nil
}

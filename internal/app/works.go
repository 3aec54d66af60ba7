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
	sheet, err := notice(works, now.UTC())
	if err != nil {
		return fmt.Errorf("announce the demo's works: %w", err)
	}
	a, err := i.Import(ctx, ImportRequest{Files: []intake.File{sheet}})
	switch {
	case err != nil:
		return fmt.Errorf("announce the demo's works: %w", err)
	case a.Problems != nil:
		return fmt.Errorf("announce the demo's works: %s", a.Problems)
	}
	return nil
}

// notice is the file that announces works.
func notice(works lab.Works, now time.Time) (intake.File, error) {
	var sheet bytes.Buffer
	err := csv.NewWriter(&sheet).WriteAll([][]string{
		{"key", "scope", "subject", "from", "to", "announced", "note", "source"},
		{
			"tp-demo-" + now.Format("20060102T150405"), "pop", works.POP,
			now.Add(works.From).Format(time.RFC3339), now.Add(works.To).Format(time.RFC3339),
			now.AddDate(0, 0, -noticeDays).Format(time.RFC3339),
			"Travaux annoncés de la démonstration (fictifs)", "fictif (démo)",
		},
	})
	return intake.File{Name: "maintenances.csv", Content: sheet.Bytes()}, err
}

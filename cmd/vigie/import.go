package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vigie/internal/app"
	"vigie/internal/intake"
)

type importCommand struct {
	Paths      []string `arg:"" name:"path" help:"CSV files, or folders of them. The base name says which table a file holds; configs/README.md fixes them."`
	DryRun     bool     `help:"Print the difference and save nothing."`
	EndMissing string   `help:"End the rows that the files leave out, on this day (YYYY-MM-DD). Without it they are left alone." placeholder:"DAY"`
	Format     string   `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (importCommand) Help() string {
	return `Examples:
  vigie import --dry-run inventory/
  vigie import links.csv prices.csv
  vigie import --end-missing 2026-12-01 links.csv
  vigie import --dry-run --format csv inventory/ > difference.csv`
}

// Run imports, or shows what an import would change.
func (c importCommand) Run(s surroundings) error {
	request := app.ImportRequest{DryRun: c.DryRun}
	if c.EndMissing != "" {
		day, err := time.Parse(time.DateOnly, c.EndMissing)
		if err != nil {
			return &usageError{fmt.Sprintf("--end-missing: %q is not a day (YYYY-MM-DD)", c.EndMissing)}
		}
		request.EndMissing = day
	}
	files, err := readFiles(c.Paths)
	if err != nil {
		return err
	}
	request.Files = files
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	a, err := commands.Import(s.ctx, request)
	if err != nil {
		return err
	}
	return imported(s, a, c.Format)
}

// imported prints what an import did, or the problems that kept it from it.
func imported(s surroundings, a app.ImportAnswer, format string) error {
	if a.Problems != nil {
		fmt.Fprint(s.talk, a.Problems)
		fmt.Fprintf(s.talk, "vigie: nothing was saved: %d problems\n", len(a.Problems.List)+a.Problems.More)
		return errSaid
	}
	switch format {
	case "json":
		return writeJSON(s.out, a.Report)
	case "csv":
		return a.Report.WriteCSV(s.out)
	}
	return a.Report.WriteTable(s.out)
}

// readFiles reads the files that the paths name; a folder stands for its CSV files.
func readFiles(paths []string) ([]intake.File, error) {
	var files []intake.File
	for _, path := range paths {
		names := []string{path}
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if info.IsDir() {
			if names, err = filepath.Glob(filepath.Join(path, "*.csv")); err != nil {
				return nil, err
			}
			if len(names) == 0 {
				return nil, fmt.Errorf("read %s: the folder holds no .csv file", path)
			}
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			files = append(files, intake.File{Name: name, Content: content})
		}
	}
	return files, nil
}

func writeJSON(w interface{ Write([]byte) (int, error) }, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

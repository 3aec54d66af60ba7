package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"vigie/internal/app"
	"vigie/internal/intake"
)

type importCommand struct {
	Paths      []string `arg:"" optional:"" name:"path" help:"CSV or XLSX files, or folders of them. The base name, or the name of a worksheet, says which table a file holds; configs/README.md fixes them."`
	Map        string   `help:"Read other people's files as this mapping says (YAML, see configs/README.md; ready ones are in configs/mappings)." placeholder:"FILE"`
	Pending    bool     `help:"Print what waits for a person as CSV: fill in the column decision and give the file back with --review." xor:"what"`
	Review     string   `help:"Take such a file: the key of what is meant, - to leave the rows out, empty to decide later." placeholder:"FILE" xor:"what"`
	DryRun     bool     `help:"Print the difference and save nothing."`
	EndMissing string   `help:"End the rows that the files leave out, on this day (YYYY-MM-DD). Without it they are left alone." placeholder:"DAY"`
	AcceptEnds int      `help:"Accept that just this number of rows ends, where it is more than 5 % of a table." placeholder:"N"`
	Format     string   `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (importCommand) Help() string {
	return `Examples:
  vigie import --dry-run inventory/
  vigie import links.csv prices.csv
  vigie import --end-missing 2026-12-01 links.csv
  vigie import --end-missing 2026-12-01 --accept-ends 12 links.csv
  vigie import inventory.xlsx
  vigie import --dry-run --map configs/mappings/depp-colleges.yaml brut_depp_colleges.csv
  vigie import --pending > review.csv
  vigie import --review review.csv
  vigie import --dry-run --format csv inventory/ > difference.csv`
}

// Run imports, or shows what an import would change.
func (c importCommand) Run(s surroundings) error {
	if c.Pending || c.Review != "" {
		return c.review(s)
	}
	if len(c.Paths) == 0 {
		return &usageError{"expected files or folders to import, or --pending, or --review"}
	}
	request := app.ImportRequest{DryRun: c.DryRun, AcceptEnds: c.AcceptEnds}
	if c.Map != "" {
		content, err := os.ReadFile(c.Map)
		if err != nil {
			return err
		}
		request.Mapping = &intake.File{Name: c.Map, Content: content}
	}
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
	if a.Ends != nil && s.accepts(*a.Ends) {
		request.AcceptEnds = a.Ends.Total
		if a, err = commands.Import(s.ctx, request); err != nil {
			return err
		}
	}
	return imported(s, a, c.Format)
}

// review prints what waits for a person, or takes what a person decided.
func (c importCommand) review(s surroundings) error {
	if len(c.Paths) > 0 || c.Map != "" || c.EndMissing != "" {
		return &usageError{"--pending and --review stand alone, without files to import"}
	}
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	if c.Pending {
		all, err := commands.Pending(s.ctx)
		if err != nil {
			return err
		}
		return intake.WriteReview(s.out, all)
	}
	content, err := os.ReadFile(c.Review)
	if err != nil {
		return err
	}
	a, err := commands.Review(s.ctx, app.ReviewRequest{File: intake.File{Name: c.Review, Content: content}, DryRun: c.DryRun})
	if err != nil {
		return err
	}
	return imported(s, a, c.Format)
}

// accepts asks on a terminal whether so many rows shall end: the number is typed, so that
// nobody agrees by habit. Without a terminal nobody agrees.
func (s surroundings) accepts(ends intake.EndsUnaccepted) bool {
	if s.ask == nil {
		return false
	}
	fmt.Fprintf(s.talk, "The import %s.\nType %d to accept, anything else to leave: ", ends.Error(), ends.Total)
	line, err := bufio.NewReader(s.ask).ReadString('\n')
	return err == nil && strings.TrimSpace(line) == strconv.Itoa(ends.Total)
}

// imported prints what an import did, or the problems that kept it from it.
func imported(s surroundings, a app.ImportAnswer, format string) error {
	if a.Problems != nil {
		fmt.Fprint(s.talk, a.Problems)
		fmt.Fprintf(s.talk, "vigie: nothing was saved: %s\n", counted(len(a.Problems.List)+a.Problems.More, "problem"))
		return errSaid
	}
	if a.Ends != nil {
		fmt.Fprintf(s.talk, "vigie: nothing was saved: the import %s (--accept-ends %d)\n", a.Ends, a.Ends.Total)
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

// tablesIn gives the CSV and XLSX files of a folder.
func tablesIn(folder string) ([]string, error) {
	var names []string
	for _, pattern := range []string{"*.csv", "*.xlsx"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, err
		}
		names = append(names, found...)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("read %s: the folder holds no .csv or .xlsx file", folder)
	}
	return names, nil
}

// readFiles reads the files that the paths name; a folder stands for its CSV and XLSX files.
func readFiles(paths []string) ([]intake.File, error) {
	var files []intake.File
	for _, path := range paths {
		names := []string{path}
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if info.IsDir() {
			if names, err = tablesIn(path); err != nil {
				return nil, err
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

package intake

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"vigie/internal/likeness"
)

// Report says what an import did, or would do.
type Report struct {
	DryRun bool       `json:"dry_run"`
	Read   []FileHash `json:"read"`
	Difference
	Warnings Problems `json:"warnings"`
	// Mapped counts the rows of files that were read through a mapping.
	Mapped []MappedFile `json:"mapped,omitempty"`
	// Review are the questions of rows that wait for a person.
	Review []Waiting `json:"review,omitempty"`
	// Answers are what a person decided about rows that waited.
	Answers []Answer `json:"answers,omitempty"`
	// Ends is set when more than 5 % of a table would end and nobody has accepted it.
	Ends *EndsUnaccepted `json:"ends,omitempty"`
}

// line is one changed column, or one row that has none to show.
type line struct{ change, key, field, before, after string }

// lines lists what is to be said of single rows, in the order added, changed, ended, absent.
func (f FileDifference) lines() []line {
	var lines []line
	for _, key := range f.Added {
		lines = append(lines, line{change: "added", key: key})
	}
	for _, c := range f.Changed {
		for _, field := range c.Fields {
			lines = append(lines, line{"changed", c.Key, field.Field, field.Old, field.New})
		}
	}
	for _, key := range f.Ended {
		lines = append(lines, line{change: "ended", key: key})
	}
	for _, key := range f.Absent {
		lines = append(lines, line{change: "absent", key: key})
	}
	return lines
}

// shownRows is how many lines of one kind WriteTable gives for each file.
const shownRows = 20

// WriteTable writes the counts of each file, the rows that change, the warnings and
// the outcome. Long lists are cut after 20 lines; WriteCSV has them all.
func (r Report) WriteTable(w io.Writer) error {
	var b bytes.Buffer
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "file\tadded\tchanged\tunchanged\tabsent\tended")
	for _, f := range r.Files {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\n", f.File, len(f.Added), len(f.Changed), f.Unchanged, len(f.Absent), len(f.Ended))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, f := range r.Files {
		f.writeLines(&b)
	}
	for _, f := range r.Mapped {
		fmt.Fprintf(&b, "%s: %d rows read, %d passed over by the mapping's conditions\n", f.File, f.Rows, f.PassedOver)
	}
	for _, w := range r.Review {
		w.write(&b)
	}
	for _, warning := range r.Warnings.List {
		fmt.Fprintf(&b, "warning: %s\n", warning)
	}
	if r.Warnings.More > 0 {
		fmt.Fprintf(&b, "and %d more warnings\n", r.Warnings.More)
	}
	if r.Ends != nil {
		fmt.Fprintf(&b, "warning: the import %s\n", r.Ends)
	}
	fmt.Fprintln(&b, r.outcome())
	_, err := b.WriteTo(w)
	return err
}

func (f FileDifference) writeLines(b *bytes.Buffer) {
	shown := map[string]int{}
	for _, l := range f.lines() {
		shown[l.change]++
		switch {
		case shown[l.change] > shownRows:
		case l.field == "":
			fmt.Fprintf(b, "%s: %s %s\n", f.File, l.change, l.key)
		default:
			fmt.Fprintf(b, "%s: %s %s: %s: %q becomes %q\n", f.File, l.change, l.key, l.field, l.before, l.after)
		}
	}
	for _, change := range []string{"added", "changed", "ended", "absent"} {
		if more := shown[change] - shownRows; more > 0 {
			fmt.Fprintf(b, "%s: %s: and %d more\n", f.File, change, more)
		}
	}
}

func (r Report) outcome() string {
	waits := ""
	if n := len(r.Review); n > 0 {
		waits = fmt.Sprintf("; %d questions wait for a person", n)
	}
	switch {
	case r.DryRun && !(r.Empty() && waits == "" && len(r.Answers) == 0):
		return "dry run: nothing was saved" + waits
	case r.Empty() && len(r.Answers) == 0:
		return "no difference: nothing to save" + waits
	}
	return "saved" + waits
}

// write gives a question with those who may be meant, the best first.
func (w Waiting) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "review: which of the %s is %q", w.Among, w.Name)
	for _, more := range []string{w.Commune, w.Address} {
		if more != "" {
			fmt.Fprintf(b, ", %q", more)
		}
	}
	for _, row := range w.Rows {
		fmt.Fprintf(b, " (%s:%d)", row.File, row.Line)
	}
	b.WriteString("?\n")
	for _, c := range w.Candidates {
		fmt.Fprintf(b, "  %s %d %%: %s", c.Key, c.Score, reasons(c))
		if c.Key == w.Sure {
			b.WriteString(", the only exact one")
		}
		b.WriteString("\n")
	}
}

func reasons(c likeness.Candidate) string {
	said := make([]string, len(c.Reasons))
	for i, r := range c.Reasons {
		said[i] = fmt.Sprintf("%s %d %%", r.Aspect, r.Percent)
	}
	return strings.Join(said, ", ")
}

// WriteCSV writes one line per changed column, and one per row added, ended or absent.
func (r Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	records := [][]string{{"file", "change", "key", "field", "old", "new"}}
	for _, f := range r.Files {
		for _, l := range f.lines() {
			records = append(records, []string{f.File, l.change, l.key, l.field, l.before, l.after})
		}
	}
	return out.WriteAll(records)
}

package intake

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/tabular"
)

// Answer takes what a person decided: the rows that waited for it are saved as an import
// would have, or left out, all or nothing; the answers are kept for the files to come.
// Errors are those of Import, and fault.NotFound for a question that no row asks any more.
func (s Service) Answer(ctx context.Context, answers []Answer, o Options) (Report, error) {
	var report Report
	err := s.Store.ChangeInventory(ctx, func(current Current) (Saving, error) {
		report = Report{DryRun: o.DryRun, Answers: answers}
		set, problems := newSet(), Problems{}
		settled, err := current.settle(answers, &set, &problems)
		if err != nil {
			return Saving{}, err
		}
		saving, err := report.decide(current, set, problems, o)
		if err != nil || o.DryRun {
			return Saving{}, err
		}
		saving.Settled, saving.Answers = settled, answers
		return report.signed(saving, "inventory.answer", o)
	})
	if err != nil {
		return report, fmt.Errorf("take the answers about rows that wait: %w", err)
	}
	return report, s.told(ctx, report)
}

// settle reads the rows that have an answer into a set, table by table, and gives their ids.
func (c Current) settle(answers []Answer, set *Set, problems *Problems) (ids []int64, err error) {
	given := make(map[Question]string, len(answers))
	for _, a := range answers {
		if _, twice := given[a.Question]; twice {
			return nil, fault.Errorf(fault.Invalid, "%q, %q is answered twice", a.Name, a.Commune)
		}
		if !slices.ContainsFunc(c.Held, func(h Held) bool { return h.Question == a.Question }) {
			return nil, fault.Errorf(fault.NotFound, "no row waits for the answer about %q, %q", a.Name, a.Commune)
		}
		given[a.Question] = a.Key
	}
	for _, s := range sheets {
		for _, h := range c.Held {
			key, known := given[h.Question]
			if !known || h.Table != mappedName(s.name()) {
				continue
			}
			ids = append(ids, h.ID)
			if key != "" {
				s.take(h.target(key), c.Snapshot, set, problems)
			}
		}
	}
	problems.sort()
	return ids, nil
}

// Pending gives the questions that wait for a person on a day.
func (s Service) Pending(ctx context.Context, now time.Time) ([]Waiting, error) {
	current, err := s.Store.Current(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the rows that wait: %w", err)
	}
	return Review(current.Snapshot, current.Held, calendar.Day(now)), nil
}

// reviewHeader names the columns of a review; a person fills in the last.
var reviewHeader = []string{"among", "name", "commune", "address", "rows", "proposal", "candidates", "decision"}

// leftOut is the decision that leaves the rows out: it can be no key.
const leftOut = "-"

// WriteReview writes the questions as a CSV file that ReadReview takes back, one line each.
func WriteReview(w io.Writer, all []Waiting) error {
	records := [][]string{reviewHeader}
	for _, q := range all {
		var rows, candidates []string
		for _, r := range q.Rows {
			rows = append(rows, r.File+":"+strconv.Itoa(r.Line)+" → "+r.Table)
		}
		for _, c := range q.Candidates {
			candidates = append(candidates, fmt.Sprintf("%s %d %% (%s)", c.Key, c.Score, reasons(c)))
		}
		record := []string{
			q.Among, q.Name, q.Commune, q.Address, strings.Join(rows, "; "), q.Sure, strings.Join(candidates, "; "), "",
		}
		for i := range record {
			record[i] = notFormula(record[i])
		}
		records = append(records, record)
	}
	return csv.NewWriter(w).WriteAll(records)
}

// formulaSigns begin what a spreadsheet would calculate.
const formulaSigns = "=+-@"

func notFormula(text string) string {
	if text != "" && strings.Contains(formulaSigns, text[:1]) {
		return "'" + text
	}
	return text
}

func fromFormula(text string) string {
	if len(text) > 1 && text[0] == '\'' && strings.Contains(formulaSigns, text[1:2]) {
		return text[1:]
	}
	return text
}

// ReadReview reads a review that a person filled in: in the column decision the key of what
// is meant, - to leave the rows out, nothing to decide later.
func ReadReview(f File) ([]Answer, Problems) {
	var problems Problems
	table, unreadable := tabular.Read(f.Name, f.Content, tabular.Options{})
	for _, p := range unreadable {
		problems.add(Problem{File: f.Name, Line: p.Line, Value: p.Value, Expected: p.Expected})
	}
	places := map[string]int{}
	for _, name := range []string{"among", "name", "commune", "address", "decision"} {
		places[name] = slices.Index(table.Header, name)
		if places[name] < 0 && len(unreadable) == 0 {
			problems.add(Problem{File: f.Name, Line: 1, Column: name, Expected: "is missing from the header"})
		}
	}
	if len(problems.List) > 0 {
		return nil, problems
	}
	var answers []Answer
	for _, r := range table.Rows {
		text := func(name string) string { return fromFormula(r.Cells[places[name]]) }
		a := Answer{Question{text("among"), text("name"), text("commune"), text("address")}, text("decision")}
		switch {
		case a.Key == "":
			continue
		case a.Key == leftOut:
			a.Key = ""
		case !keyForm.MatchString(a.Key):
			problems.add(Problem{File: f.Name, Line: r.Line, Column: "decision", Value: a.Key, Expected: "is not a key, nor - to leave the rows out"})
		}
		answers = append(answers, a)
	}
	return answers, problems
}

// Review takes a review that a person filled in, as Answer does. Problems of the file are
// fault.Invalid and wrap a *Refused.
func (s Service) Review(ctx context.Context, f File, o Options) (Report, error) {
	answers, problems := ReadReview(f)
	if len(problems.List) > 0 {
		return Report{}, fmt.Errorf("read the review: %w", &fault.Error{Kind: fault.Invalid, Err: &Refused{problems}})
	}
	if len(answers) == 0 {
		return Report{DryRun: o.DryRun}, nil
	}
	return s.Answer(ctx, answers, o)
}

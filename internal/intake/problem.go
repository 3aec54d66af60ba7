package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem says what is wrong at one place of a file, or questionable for a warning.
type Problem struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`   // 1 is the header; 0 when no line is to blame
	Column   string `json:"column,omitempty"` // as the header names it
	Value    string `json:"value,omitempty"`  // as the file holds it
	Expected string `json:"expected"`         // completes the value: "is not a date (YYYY-MM-DD)"
}

// shownValue bounds how many characters of a wrong value are repeated.
const shownValue = 80

// String gives the problem on one line: file, line, column, value and expectation.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Column != "" {
		b.WriteString(": " + p.Column)
	}
	b.WriteString(": ")
	if p.Value != "" {
		value := []rune(p.Value)
		if len(value) > shownValue {
			value = append(value[:shownValue], '…')
		}
		fmt.Fprintf(&b, "%q ", string(value))
	}
	b.WriteString(p.Expected)
	return b.String()
}

// maxProblems is how many problems are listed; the others are only counted.
const maxProblems = 200

// Problems lists what is wrong in a set of files, the first 200 in the order of
// files and lines; More counts the others.
type Problems struct {
	List []Problem `json:"list"`
	More int       `json:"more,omitempty"`
}

func (p *Problems) add(found ...Problem) {
	room := max(0, maxProblems-len(p.List))
	p.List = append(p.List, found[:min(room, len(found))]...)
	p.More += max(0, len(found)-room)
}

func (p *Problems) sort() {
	slices.SortStableFunc(p.List, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
}

// String gives one line per problem, then the count of those not listed.
func (p Problems) String() string {
	var b strings.Builder
	for _, problem := range p.List {
		b.WriteString(problem.String() + "\n")
	}
	if p.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", p.More)
	}
	return b.String()
}

// Refused is the error of an import whose files have problems: nothing was saved.
type Refused struct{ Problems Problems }

// Error gives one line per problem.
func (r *Refused) Error() string {
	return strings.TrimSuffix(r.Problems.String(), "\n")
}

package intake

import (
	"fmt"
	"strings"

	"vigie/internal/fault"
	"vigie/internal/inventory"
)

// An import that ends more than one in endsShare of the objects of a table asks again.
const endsShare = 20

// EndsUnaccepted is the error of an import that would end more than 5 % of a table without
// somebody having accepted just that number.
type EndsUnaccepted struct {
	Tables []TableEnds `json:"tables"` // beyond 5 %
	Total  int         `json:"total"`  // of all tables: the number to accept
}

// TableEnds counts what would end in one table, of the objects that are open.
type TableEnds struct {
	File  string `json:"file"`
	Ended int    `json:"ended"`
	Open  int    `json:"open"`
}

// Error names the tables and the number.
func (e *EndsUnaccepted) Error() string {
	var tables []string
	for _, t := range e.Tables {
		tables = append(tables, fmt.Sprintf("%d of the %d rows of %s", t.Ended, t.Open, t.File))
	}
	return fmt.Sprintf("would end %s, more than 5 %%: accept the end of %d rows if that is meant", strings.Join(tables, " and "), e.Total)
}

// checkEnds refuses ends beyond 5 % of a table, unless their number was accepted.
func checkEnds(current, save inventory.Snapshot, accepted int) error {
	found := &EndsUnaccepted{}
	for _, s := range sheets {
		ended, open := s.ends(current, save)
		found.Total += ended
		if ended > 0 && ended*endsShare > open {
			found.Tables = append(found.Tables, TableEnds{s.name(), ended, open})
		}
	}
	if len(found.Tables) == 0 || accepted == found.Total || accepted == everyEnd {
		return nil
	}
	return &fault.Error{Kind: fault.Conflict, Err: found}
}

// ends counts the stored rows without an end, and how many of them get one: by being left
// out of the files, or because a file writes one.
func (t table[T]) ends(current, save inventory.Snapshot) (ended, open int) {
	if t.period == nil {
		return 0, 0
	}
	isOpen := map[string]bool{}
	rows := *t.rows(&current)
	for i := range rows {
		if _, to := t.period(&rows[i]); to.IsZero() {
			isOpen[t.keyOf(&rows[i])] = true
		}
	}
	saved := *t.rows(&save)
	for i := range saved {
		if _, to := t.period(&saved[i]); !to.IsZero() && isOpen[t.keyOf(&saved[i])] {
			ended++
		}
	}
	return ended, len(isOpen)
}

package intake

import (
	"context"
	"time"
)

// ObjectChange is what happened to one row, as the history of the object keeps it.
type ObjectChange struct {
	File   string        `json:"file"`
	Key    string        `json:"key"`
	Change string        `json:"change"` // added, changed or ended
	Fields []FieldChange `json:"fields,omitempty"`
}

// Recorded is a change with who made it and when.
type Recorded struct {
	At     time.Time
	Actor  string
	Change string
	Fields []FieldChange
}

// objectChanges lists what happens to each row, in the order of tables and keys.
func (d Difference) objectChanges() []ObjectChange {
	var all []ObjectChange
	for _, f := range d.Files {
		for _, key := range f.Added {
			all = append(all, ObjectChange{File: f.File, Key: key, Change: "added"})
		}
		for _, c := range f.Changed {
			all = append(all, ObjectChange{File: f.File, Key: c.Key, Change: "changed", Fields: c.Fields})
		}
		for _, key := range f.Ended {
			all = append(all, ObjectChange{File: f.File, Key: key, Change: "ended"})
		}
	}
	return all
}

// impersonal leaves out who a contact is and how they are reached: the journal is never
// shortened, and names persons by id only. Which columns changed stays.
func impersonal(changes []ObjectChange) []ObjectChange {
	for i, c := range changes {
		if c.File != contactsFile {
			continue
		}
		changes[i].Fields = make([]FieldChange, len(c.Fields))
		for j, f := range c.Fields {
			changes[i].Fields[j].Field = f.Field
		}
	}
	return changes
}

// shownChanges bounds the history of one object.
const shownChanges = 50

// History gives what happened to a row, the latest first.
func (s Service) History(ctx context.Context, table, key string) ([]Recorded, error) {
	of, err := tableNamed(table)
	if err != nil {
		return nil, err
	}
	return s.Store.History(ctx, of.name(), key, shownChanges)
}

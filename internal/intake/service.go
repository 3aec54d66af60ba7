package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/journal"
)

// Store keeps the inventory.
type Store interface {
	// ChangeInventory hands decide the stored inventory and saves what it returns, in one
	// transaction that no other change of the inventory crosses. An error of decide is
	// returned and saves nothing. decide may be called again when the transaction lost
	// against another.
	ChangeInventory(ctx context.Context, decide func(current inventory.Snapshot) (Saving, error)) error
}

// Saving is what an import writes: rows to insert or to replace by their natural key,
// and what the journal says of it. The zero Saving writes nothing.
type Saving struct {
	Rows    inventory.Snapshot
	Entries []journal.Entry
}

// Service imports files into a store.
type Service struct{ Store Store }

// Options says how to import.
type Options struct {
	DryRun bool // give the difference and save nothing
	// EndMissing is the civil day on which rows that the files leave out end; zero
	// leaves them alone.
	EndMissing time.Time
	Actor      string // who imports, as the journal names people: by id
	Now        time.Time
}

// Import reads the files, compares them with what is stored and saves the difference
// with its journal entry, all or nothing. Files with problems are fault.Invalid, wrap a
// *Refused and save nothing; the report then holds the warnings and the difference as
// far as the files could be read.
func (s Service) Import(ctx context.Context, files []File, o Options) (Report, error) {
	set, unreadable := Read(files)
	var report Report
	err := s.Store.ChangeInventory(ctx, func(current inventory.Snapshot) (Saving, error) {
		report = Report{DryRun: o.DryRun, Read: hashes(files)}
		var rows inventory.Snapshot
		report.Difference, rows = Compare(current, set, o.EndMissing)
		var problems Problems
		problems, report.Warnings = check(set, overlaid(current, rows), calendar.Day(o.Now))
		if problems = merged(unreadable, problems); len(problems.List) > 0 {
			return Saving{}, &fault.Error{Kind: fault.Invalid, Err: &Refused{problems}}
		}
		if o.DryRun || report.Empty() {
			return Saving{}, nil
		}
		entry, err := report.entry(o)
		return Saving{Rows: rows, Entries: []journal.Entry{entry}}, err
	})
	if err != nil {
		return report, fmt.Errorf("import the inventory: %w", err)
	}
	return report, nil
}

// overlaid is the inventory with some of its rows replaced and others added.
func overlaid(current, rows inventory.Snapshot) inventory.Snapshot {
	for _, s := range sheets {
		s.overlay(&current, rows)
	}
	return current
}

func merged(a, b Problems) Problems {
	a.add(b.List...)
	a.More += b.More
	a.sort()
	return a
}

// Chain is the journal chain of the inventory.
var Chain = journal.Chain{Kind: "inventory", ID: "all"}

// imported is the body of the journal entry: which files, by their hash, changed how
// many rows.
type imported struct {
	Files  []FileHash `json:"files"`
	Tables []counts   `json:"tables"`
}

type counts struct {
	File    string `json:"file"`
	Added   int    `json:"added"`
	Changed int    `json:"changed"`
	Ended   int    `json:"ended"`
}

func (r Report) entry(o Options) (journal.Entry, error) {
	said := imported{Files: r.Read}
	for _, f := range r.Files {
		said.Tables = append(said.Tables, counts{f.File, len(f.Added), len(f.Changed), len(f.Ended)})
	}
	body, err := json.Marshal(said)
	if err != nil {
		return journal.Entry{}, fmt.Errorf("write the journal entry: %w", err)
	}
	return journal.Entry{Chain: Chain, At: o.Now, Actor: o.Actor, Action: "inventory.import", Body: body}, nil
}

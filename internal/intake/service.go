package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/inventory"
	"vigie/internal/journal"
)

// Store keeps the inventory.
type Store interface {
	// ChangeInventory hands decide what is stored and saves what it returns, in one
	// transaction that no other change of the inventory crosses. An error of decide is
	// returned and saves nothing. decide may be called again when the transaction lost
	// against another.
	ChangeInventory(ctx context.Context, decide func(current Current) (Saving, error)) error
	// Current gives what is stored, as it was at one moment.
	Current(ctx context.Context) (Current, error)
	// History gives what happened to a row of a table's file, the latest first.
	History(ctx context.Context, file, key string, limit int) ([]Recorded, error)
	// PutDraft keeps files until the person decides, in place of earlier ones of theirs.
	PutDraft(ctx context.Context, d Draft) (int64, error)
	// Draft gives the files of a person; fault.NotFound without them.
	Draft(ctx context.Context, person, id int64) (Draft, error)
	// DropDraft forgets them.
	DropDraft(ctx context.Context, person, id int64) error
}

// Current is what is stored: the inventory, the rows that wait for a person, and what
// persons have answered.
type Current struct {
	inventory.Snapshot
	Real    bool // of a real installation
	Held    []Held
	Answers []Answer
}

// answers finds an answer by its question.
func (c Current) answers() map[Question]string {
	m := make(map[Question]string, len(c.Answers))
	for _, a := range c.Answers {
		m[a.Question] = a.Key
	}
	return m
}

// Saving is what a change writes: rows to insert or to replace by their natural key, and
// what the journal says of it. The zero Saving writes nothing.
type Saving struct {
	Rows    inventory.Snapshot
	Hold    []Held   // rows that wait
	Settled []int64  // held rows that wait no more
	Answers []Answer // what a person decided
	Changes []ObjectChange
	Entries []journal.Entry
}

// Service imports files into a store, and what people type into forms.
type Service struct {
	Store Store
	// Changed is told after the inventory changed; nil when nobody has to know.
	Changed func(ctx context.Context) error
}

// told says that the inventory changed, if it did.
func (s Service) told(ctx context.Context, r Report) error {
	if s.Changed == nil || r.DryRun || r.Empty() {
		return nil
	}
	if err := s.Changed(ctx); err != nil {
		return fmt.Errorf("the change is saved, and the prober could not be told: %w", err)
	}
	return nil
}

// Options says how to import.
type Options struct {
	DryRun bool // give the difference and save nothing
	// EndMissing is the civil day on which rows that the files leave out end; zero
	// leaves them alone.
	EndMissing time.Time
	// Mapping says how files that are not ours become rows; nil for our own files.
	Mapping *File
	// AcceptEnds is the number of rows whose end somebody accepted; beyond 5 % of a table
	// no other number of ends is saved.
	AcceptEnds int
	// Hidden are the tables that who imports may not see: no mapping may name them.
	Hidden []string
	Actor  string // who imports, as the journal names people: by id
	Now    time.Time
	only   *string // the token of the difference that was accepted; nil = any
}

// Import reads the files, compares them with what is stored and saves the difference
// with its journal entry, all or nothing. Files with problems are fault.Invalid, wrap a
// *Refused and save nothing; the report then holds the warnings and the difference as
// far as the files could be read. More than 5 % of a table ended without being accepted is
// fault.Conflict and wraps an *EndsUnaccepted; a dry run only says so in its report.
// Rows that a mapping could not give a key wait for a person, and are in the report.
func (s Service) Import(ctx context.Context, files []File, o Options) (Report, error) {
	var report Report
	err := s.Store.ChangeInventory(ctx, func(current Current) (Saving, error) {
		report = Report{DryRun: o.DryRun, Read: hashes(files)}
		set, problems, held := readGiven(files, o, current, &report)
		saving, err := report.decide(current, set, problems, o)
		if err != nil {
			return Saving{}, err
		}
		saving.Hold = slices.DeleteFunc(slices.Clone(held), func(h Held) bool { return slices.ContainsFunc(current.Held, h.same) })
		if len(held) > 0 {
			report.Review = Review(overlaid(current.Snapshot, saving.Rows), held, calendar.Day(o.Now))
		}
		if len(held) > 0 && !o.EndMissing.IsZero() {
			return Saving{}, fault.Errorf(fault.Invalid, "%d rows wait for a person: until then nobody knows which rows are missing, and none can be ended", len(held))
		}
		if err := report.expect(o.only); err != nil {
			return Saving{}, err
		}
		if o.DryRun || report.Empty() && len(saving.Hold) == 0 {
			return Saving{}, nil
		}
		return report.signed(saving, "inventory.import", o)
	})
	if err != nil {
		return report, fmt.Errorf("import the inventory: %w", err)
	}
	return report, s.told(ctx, report)
}

// readGiven reads our own files, or others through the mapping.
func readGiven(files []File, o Options, current Current, report *Report) (Set, Problems, []Held) {
	if o.Mapping == nil {
		set, problems := Read(files)
		return set, problems, nil
	}
	report.Read = append(report.Read, hashes([]File{*o.Mapping})...)
	m := mappedReading{current: current, hidden: o.Hidden, now: o.Now, set: newSet()}
	m.read(*o.Mapping, files)
	report.Mapped = m.files
	return m.set, m.problems, m.held
}

// decide compares a set with what is stored, judges what would become of it, and gives the
// rows to save.
func (r *Report) decide(current Current, set Set, unreadable Problems, o Options) (Saving, error) {
	var rows inventory.Snapshot
	r.Difference, rows = Compare(current.Snapshot, set, o.EndMissing)
	var problems Problems
	today := calendar.Day(o.Now)
	rewritten := heldTerms(current.Snapshot, set, today)
	problems, r.Warnings = check(set, overlaid(current.Snapshot, rows), today)
	r.Warnings = merged(merged(set.warnings, r.Warnings), backdated(current.Snapshot, set, today))
	if current.Real {
		problems = merged(problems, invented(set))
	}
	if problems = merged(merged(unreadable, problems), rewritten); len(problems.List) > 0 {
		return Saving{}, &fault.Error{Kind: fault.Invalid, Err: &Refused{problems}}
	}
	err := checkEnds(current.Snapshot, rows, o.AcceptEnds)
	if errors.As(err, &r.Ends) && o.DryRun {
		err = nil
	}
	return Saving{Rows: rows}, err
}

// signed adds what the journal and the history of the objects say.
func (r *Report) signed(saving Saving, action string, o Options) (Saving, error) {
	saving.Changes = r.objectChanges()
	entry, err := r.entry(o)
	entry.Action = action
	saving.Entries = []journal.Entry{entry}
	return saving, err
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
// many rows, and what became of each.
type imported struct {
	Files   []FileHash     `json:"files"`
	Tables  []counts       `json:"tables"`
	Changes []ObjectChange `json:"changes,omitempty"`
	Answers []Answer       `json:"answers,omitempty"`
}

type counts struct {
	File    string `json:"file"`
	Added   int    `json:"added"`
	Changed int    `json:"changed"`
	Ended   int    `json:"ended"`
}

func (r Report) entry(o Options) (journal.Entry, error) {
	said := imported{Files: r.Read, Changes: impersonal(r.objectChanges()), Answers: r.Answers}
	for _, f := range r.Files {
		said.Tables = append(said.Tables, counts{f.File, len(f.Added), len(f.Changed), len(f.Ended)})
	}
	body, err := json.Marshal(said)
	if err != nil {
		return journal.Entry{}, fmt.Errorf("write the journal entry: %w", err)
	}
	return journal.Entry{Chain: Chain, At: o.Now, Actor: o.Actor, Action: "inventory.import", Body: body}, nil
}

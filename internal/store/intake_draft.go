package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/intake"
)

var (
	sqlDraftPut = query("import_draft.put", `
		WITH earlier AS (DELETE FROM import_draft WHERE person = @person)
		INSERT INTO import_draft (person, given_at, files) VALUES (@person, @at, @files) RETURNING id`)
	sqlDraftGet  = query("import_draft.get", `SELECT given_at, files FROM import_draft WHERE id = @id AND person = @person`)
	sqlDraftDrop = query("import_draft.drop", `DELETE FROM import_draft WHERE id = @id AND person = @person`)
)

// PutDraft keeps files until the person decides, in place of earlier ones of theirs.
func (i *Intake) PutDraft(ctx context.Context, d intake.Draft) (int64, error) {
	var id int64
	args := pgx.NamedArgs{"person": d.Person, "at": d.At, "files": d}
	if err := i.db.pool.QueryRow(ctx, sqlDraftPut, args).Scan(&id); err != nil {
		return 0, fmt.Errorf("keep the files of person %d: %w", d.Person, classify(err))
	}
	return id, nil
}

// Draft gives the files of a person; fault.NotFound without them.
func (i *Intake) Draft(ctx context.Context, person, id int64) (intake.Draft, error) {
	d := intake.Draft{ID: id, Person: person}
	var at time.Time
	var files json.RawMessage
	err := i.db.pool.QueryRow(ctx, sqlDraftGet, pgx.NamedArgs{"id": id, "person": person}).Scan(&at, &files)
	if err == nil {
		err = json.Unmarshal(files, &d)
	}
	if err != nil {
		return intake.Draft{}, fmt.Errorf("read the files of import %d: %w", id, classify(err))
	}
	d.At = at.UTC()
	return d, nil
}

// DropDraft forgets the files of a person.
func (i *Intake) DropDraft(ctx context.Context, person, id int64) error {
	if _, err := i.db.pool.Exec(ctx, sqlDraftDrop, pgx.NamedArgs{"id": id, "person": person}); err != nil {
		return fmt.Errorf("forget the files of import %d: %w", id, classify(err))
	}
	return nil
}

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/access"
	"vigie/internal/journal"
	"vigie/internal/org"
)

// Access keeps people and tokens.
type Access struct{ db *DB }

// NewAccess returns the people and tokens kept in db.
func NewAccess(db *DB) *Access { return &Access{db: db} }

// InTx runs f in one transaction.
func (a *Access) InTx(ctx context.Context, f func(context.Context, access.Tx) error) error {
	return a.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return f(ctx, accessTx{tx}) })
}

var (
	sqlPersonHold = query("person.hold", `
		SELECT id, login, name, role, coalesce(organisation, '') AS organisation, territory, territory_all, password_hash, disabled, signed_out_at
		FROM person WHERE id = @id FOR UPDATE`)
	sqlPersonAll = query("person.all", `
		SELECT id, login, name, role, coalesce(organisation, '') AS organisation, territory, territory_all, password_hash, disabled, signed_out_at
		FROM person ORDER BY login FOR UPDATE`)
	sqlPersonAdd = query("person.add", `
		INSERT INTO person (login, name, role, organisation, territory, territory_all, password_hash)
		VALUES (@login, @name, @role, nullif(@organisation, ''), @territory, @all, @hash)
		RETURNING id`)
	sqlPersonPassword = query("person.set_password", `UPDATE person SET password_hash = @hash, signed_out_at = @at WHERE id = @id`)
	sqlPersonDisabled = query("person.set_disabled", `UPDATE person SET disabled = @disabled, signed_out_at = @at WHERE id = @id`)

	sqlOrganisationKeys = query("organisation.keys", `SELECT key FROM organisation ORDER BY key`)

	sqlTokens = query("token.of_person", `
		SELECT id, person_id, name, role, created_at, expires_at, last_used_at, revoked_at
		FROM token WHERE person_id = @person ORDER BY id DESC FOR UPDATE`)
	sqlTokenAdd = query("token.add", `
		INSERT INTO token (person_id, name, role, digest, created_at, expires_at)
		VALUES (@person, @name, @role, @digest, @created, @expires)
		RETURNING id`)
	sqlTokenRevoke = query("token.revoke", `UPDATE token SET revoked_at = @at, revoked_by = nullif(@by::bigint, 0) WHERE id = @id`)
	sqlTokenFind   = query("token.by_digest", `
		SELECT id, person_id, name, role, created_at, expires_at, last_used_at, revoked_at, digest FROM token WHERE digest = @digest`)
	sqlTokenUse = query("token.use", `UPDATE token SET last_used_at = greatest(last_used_at, @at) WHERE id = @id`)
)

type tokenRow struct {
	ID         int64
	PersonID   int64
	Name       string
	Role       string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
}

func (r tokenRow) token() access.Token {
	return access.Token{
		ID: r.ID, Person: r.PersonID, Name: r.Name, Role: org.Role(r.Role), CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		LastUsedAt: instant(r.LastUsedAt), RevokedAt: instant(r.RevokedAt),
	}
}

type tokenFound struct {
	tokenRow
	Digest []byte
}

// TokenByDigest finds a token with its person; fault.NotFound without it.
func (a *Access) TokenByDigest(ctx context.Context, d access.Digest) (access.Token, access.Digest, org.User, error) {
	rows, err := a.db.pool.Query(ctx, sqlTokenFind, pgx.NamedArgs{"digest": d[:]})
	if err != nil {
		return access.Token{}, access.Digest{}, org.User{}, fmt.Errorf("find a token: %w", classify(err))
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[tokenFound])
	if err != nil {
		return access.Token{}, access.Digest{}, org.User{}, fmt.Errorf("find a token: %w", classify(err))
	}
	var stored access.Digest
	copy(stored[:], row.Digest)
	who, err := NewPeople(a.db).ByID(ctx, row.PersonID)
	return row.token(), stored, who, err
}

// Use records that a token was used.
func (a *Access) Use(ctx context.Context, id int64, at time.Time) error {
	if _, err := a.db.pool.Exec(ctx, sqlTokenUse, pgx.NamedArgs{"id": id, "at": at}); err != nil {
		return fmt.Errorf("record the use of token %d: %w", id, classify(err))
	}
	return nil
}

// accessTx is access.Tx.
type accessTx struct{ tx pgx.Tx }

func (t accessTx) Person(ctx context.Context, id int64) (org.User, error) {
	found, err := many(ctx, t.tx, sqlPersonHold, pgx.NamedArgs{"id": id}, personRow.user)
	if err == nil && len(found) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return org.User{}, fmt.Errorf("find person %d: %w", id, classify(err))
	}
	return found[0], nil
}

func (t accessTx) People(ctx context.Context) ([]org.User, error) {
	return many(ctx, t.tx, sqlPersonAll, nil, personRow.user)
}

func (t accessTx) Organisations(ctx context.Context) ([]string, error) {
	rows, err := t.tx.Query(ctx, sqlOrganisationKeys)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (t accessTx) AddPerson(ctx context.Context, u org.User, passwordHash string) (id int64, err error) {
	territory := append([]string{}, u.Territory.Organisations...)
	if u.Territory.All {
		territory = []string{}
	}
	err = t.tx.QueryRow(ctx, sqlPersonAdd, pgx.NamedArgs{
		"login": u.Login, "name": u.Name, "role": string(u.Role), "organisation": u.Organisation,
		"territory": territory, "all": u.Territory.All, "hash": passwordHash,
	}).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("add a person: %w", classify(err))
	}
	return id, nil
}

func (t accessTx) SetPassword(ctx context.Context, id int64, passwordHash string, at time.Time) error {
	_, err := t.tx.Exec(ctx, sqlPersonPassword, pgx.NamedArgs{"id": id, "hash": passwordHash, "at": at})
	return err
}

func (t accessTx) SetDisabled(ctx context.Context, id int64, disabled bool, at time.Time) error {
	_, err := t.tx.Exec(ctx, sqlPersonDisabled, pgx.NamedArgs{"id": id, "disabled": disabled, "at": at})
	return err
}

func (t accessTx) Tokens(ctx context.Context, person int64) ([]access.Token, error) {
	return many(ctx, t.tx, sqlTokens, pgx.NamedArgs{"person": person}, tokenRow.token)
}

func (t accessTx) AddToken(ctx context.Context, n access.Token, d access.Digest) (id int64, err error) {
	err = t.tx.QueryRow(ctx, sqlTokenAdd, pgx.NamedArgs{
		"person": n.Person, "name": n.Name, "role": string(n.Role), "digest": d[:], "created": n.CreatedAt, "expires": n.ExpiresAt,
	}).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("add a token: %w", err)
	}
	return id, nil
}

func (t accessTx) Revoke(ctx context.Context, id, by int64, at time.Time) error {
	_, err := t.tx.Exec(ctx, sqlTokenRevoke, pgx.NamedArgs{"id": id, "by": by, "at": at})
	return err
}

func (t accessTx) Journal(ctx context.Context, entries ...journal.Entry) error {
	return appendJournal(ctx, t.tx, entries...)
}

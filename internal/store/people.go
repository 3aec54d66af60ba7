package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"vigie/internal/org"
)

// People is the store of those who sign in.
type People struct{ db *DB }

// NewPeople returns the people kept in db.
func NewPeople(db *DB) *People { return &People{db: db} }

var (
	sqlPersonByLogin = query("person.by_login", `
		SELECT id, login, name, role, coalesce(organisation, '') AS organisation, territory, territory_all, password_hash, disabled, signed_out_at
		FROM person WHERE login = @login`)
	sqlPersonByID = query("person.by_id", `
		SELECT id, login, name, role, coalesce(organisation, '') AS organisation, territory, territory_all, password_hash, disabled, signed_out_at
		FROM person WHERE id = @id`)
	sqlPersonPut = query("person.put", `
		INSERT INTO person (login, name, role, organisation, territory, territory_all, password_hash, disabled)
		VALUES (@login, @name, @role, nullif(@organisation, ''), @territory, @all, @hash, @disabled)
		ON CONFLICT (login) DO UPDATE SET name = excluded.name, role = excluded.role, organisation = excluded.organisation,
			territory = excluded.territory, territory_all = excluded.territory_all, password_hash = excluded.password_hash, disabled = excluded.disabled
		RETURNING id`)
)

type personRow struct {
	ID           int64
	Login        string
	Name         string
	Role         string
	Organisation string
	Territory    []string
	TerritoryAll bool
	PasswordHash string
	Disabled     bool
	SignedOutAt  *time.Time
}

func (r personRow) user() org.User {
	return org.User{
		ID: r.ID, Login: r.Login, Name: r.Name, Role: org.Role(r.Role), Organisation: r.Organisation, Disabled: r.Disabled,
		SignedOutAt: instant(r.SignedOutAt),
		Territory:   org.Territory{All: r.TerritoryAll, Organisations: r.Territory},
	}
}

// ByLogin finds a person and the hash of the password; fault.NotFound without one.
// A login has no capitals.
func (p *People) ByLogin(ctx context.Context, login string) (org.User, string, error) {
	row, err := p.find(ctx, sqlPersonByLogin, pgx.NamedArgs{"login": strings.ToLower(login)})
	if err != nil {
		return org.User{}, "", fmt.Errorf("find the person with login %q: %w", login, err)
	}
	return row.user(), row.PasswordHash, nil
}

// ByID finds a person; fault.NotFound without one.
func (p *People) ByID(ctx context.Context, id int64) (org.User, error) {
	row, err := p.find(ctx, sqlPersonByID, pgx.NamedArgs{"id": id})
	if err != nil {
		return org.User{}, fmt.Errorf("find person %d: %w", id, err)
	}
	return row.user(), nil
}

func (p *People) find(ctx context.Context, statement string, args pgx.NamedArgs) (personRow, error) {
	rows, err := p.db.pool.Query(ctx, statement, args)
	if err != nil {
		return personRow{}, classify(err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[personRow])
	return row, classify(err)
}

// Upsert makes or changes the person with the user's login and returns the id,
// which a change keeps. The hash is an argon2id one.
func (p *People) Upsert(ctx context.Context, u org.User, passwordHash string) (int64, error) {
	territory := u.Territory.Organisations
	if territory == nil || u.Territory.All {
		territory = []string{}
	}
	args := pgx.NamedArgs{
		"login": strings.ToLower(u.Login), "name": u.Name, "role": string(u.Role), "organisation": u.Organisation,
		"territory": territory, "all": u.Territory.All, "hash": passwordHash, "disabled": u.Disabled,
	}
	var id int64
	if err := p.db.pool.QueryRow(ctx, sqlPersonPut, args).Scan(&id); err != nil {
		return 0, fmt.Errorf("save the person with login %q: %w", u.Login, classify(err))
	}
	return id, nil
}

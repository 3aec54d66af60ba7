package access

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vigie/internal/fault"
	"vigie/internal/journal"
	"vigie/internal/org"
)

// Tx is what one transaction can do.
type Tx interface {
	// Person loads a person and holds it until the end of the transaction;
	// fault.NotFound without it.
	Person(ctx context.Context, id int64) (org.User, error)
	// People loads everybody, by login, and holds them.
	People(ctx context.Context) ([]org.User, error)
	// Organisations gives the keys of all.
	Organisations(ctx context.Context) ([]string, error)
	// AddPerson saves a new person; fault.Conflict when the login is taken.
	AddPerson(ctx context.Context, u org.User, passwordHash string) (int64, error)
	// SetPassword also ends the sessions that began before a time.
	SetPassword(ctx context.Context, id int64, passwordHash string, at time.Time) error
	// SetDisabled also ends the sessions that began before a time.
	SetDisabled(ctx context.Context, id int64, disabled bool, at time.Time) error
	// Tokens gives the tokens of a person, the latest first, and holds them.
	Tokens(ctx context.Context, person int64) ([]Token, error)
	AddToken(ctx context.Context, t Token, d Digest) (int64, error)
	// Revoke ends a token; by is 0 for the machine's own administrator.
	Revoke(ctx context.Context, id, by int64, at time.Time) error
	Journal(ctx context.Context, entries ...journal.Entry) error
}

// Store keeps people and tokens.
type Store interface {
	InTx(ctx context.Context, f func(context.Context, Tx) error) error
	// TokenByDigest finds a token with its person; fault.NotFound without it.
	TokenByDigest(ctx context.Context, d Digest) (Token, Digest, org.User, error)
	// Use records that a token was used.
	Use(ctx context.Context, id int64, at time.Time) error
}

// Service changes and checks who may ask.
type Service struct{ store Store }

// New returns the service over a store.
func New(store Store) *Service { return &Service{store: store} }

// Console is whoever administers the machine itself: a command acts for them.
func Console() org.User { return org.User{Role: org.Admin, Territory: org.Territory{All: true}} }

func actor(who org.User) string {
	if who.ID == 0 {
		return "console"
	}
	return "user:" + strconv.FormatInt(who.ID, 10)
}

// Asker finds who a token's text acts for: its person, with the token's role. A token
// that does not exist, has expired, was revoked or exceeds its person is
// fault.NotFound, without saying which.
func (s *Service) Asker(ctx context.Context, text string, now time.Time) (org.User, Token, error) {
	nothing := fault.Errorf(fault.NotFound, "no such token")
	digest, err := ParseToken(text)
	if err != nil {
		return org.User{}, Token{}, nothing
	}
	t, stored, who, err := s.store.TokenByDigest(ctx, digest)
	if fault.KindOf(err) == fault.NotFound {
		return org.User{}, Token{}, nothing
	}
	if err != nil {
		return org.User{}, Token{}, err
	}
	same := subtle.ConstantTimeCompare(digest[:], stored[:]) == 1
	if !same || !t.Works(now) || who.Disabled || !t.Role.Within(who.Role) {
		return org.User{}, Token{}, nothing
	}
	// To the minute: a write for each request would be most of its work.
	if now.Sub(t.LastUsedAt) >= time.Minute {
		if err := s.store.Use(ctx, t.ID, now); err != nil {
			return org.User{}, Token{}, err
		}
	}
	who.Role = t.Role
	return who, t, nil
}

// NewToken is what somebody wants a token to be.
type NewToken struct {
	Person int64
	Name   string
	Role   org.Role
	Life   time.Duration
}

// CreateToken makes a token and returns its text, which is told nobody again. Whoever
// may manage users makes one for anybody, others for themselves.
func (s *Service) CreateToken(ctx context.Context, who org.User, n NewToken, now time.Time) (string, error) {
	name, err := label("name", n.Name)
	if err != nil {
		return "", err
	}
	if n.Life <= 0 || n.Life > MaxLife {
		return "", fault.Errorf(fault.Invalid, "life of the token: %d days, expected 1 to %d", n.Life/(24*time.Hour), MaxLife/(24*time.Hour))
	}
	text, digest := newSecret()
	err = s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		person, err := s.personFor(ctx, tx, who, n.Person)
		if err != nil {
			return err
		}
		if !n.Role.Within(person.Role) {
			return fault.Errorf(fault.Invalid, "role %.20q: expected one that permits no more than %s", n.Role, person.Role)
		}
		if err := roomFor(ctx, tx, person.ID, now); err != nil {
			return err
		}
		t := Token{Person: person.ID, Name: name, Role: n.Role, CreatedAt: now, ExpiresAt: now.Add(n.Life)}
		if t.ID, err = tx.AddToken(ctx, t, digest); err != nil {
			return err
		}
		return tx.Journal(ctx, tokenEntry(t, "token.created", who, now))
	})
	return text, err
}

// personFor loads the person whose token somebody changes: themselves, or anybody for
// who may manage users.
func (s *Service) personFor(ctx context.Context, tx Tx, who org.User, id int64) (org.User, error) {
	if !org.Allowed(who, org.MakeTokens) || id != who.ID && !org.Allowed(who, org.ManageUsers) {
		return org.User{}, fault.Errorf(fault.Forbidden, "user %d may not change the tokens of person %d", who.ID, id)
	}
	person, err := tx.Person(ctx, id)
	if err != nil {
		return org.User{}, err
	}
	if person.Disabled {
		return org.User{}, fault.Errorf(fault.Conflict, "person %d is disabled", id)
	}
	return person, nil
}

func roomFor(ctx context.Context, tx Tx, person int64, now time.Time) error {
	tokens, err := tx.Tokens(ctx, person)
	if err != nil {
		return err
	}
	working := 0
	for _, t := range tokens {
		if t.Works(now) {
			working++
		}
	}
	if working >= TokensEach {
		return fault.Errorf(fault.Conflict, "person %d has %d tokens at work: revoke one first", person, working)
	}
	return nil
}

// Tokens gives the tokens of a person, the latest first.
func (s *Service) Tokens(ctx context.Context, who org.User, person int64) (tokens []Token, err error) {
	if person != who.ID && !org.Allowed(who, org.ManageUsers) {
		return nil, fault.Errorf(fault.Forbidden, "user %d may not see the tokens of person %d", who.ID, person)
	}
	err = s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		tokens, err = tx.Tokens(ctx, person)
		return err
	})
	return tokens, err
}

// RevokeToken ends a token of a person at once; one that is over stays as it is.
func (s *Service) RevokeToken(ctx context.Context, who org.User, person, id int64, now time.Time) error {
	if person != who.ID && !org.Allowed(who, org.ManageUsers) {
		return fault.Errorf(fault.Forbidden, "user %d may not change the tokens of person %d", who.ID, person)
	}
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		tokens, err := tx.Tokens(ctx, person)
		if err != nil {
			return err
		}
		for _, t := range tokens {
			if t.ID != id {
				continue
			}
			if !t.Works(now) {
				return nil
			}
			if err := tx.Revoke(ctx, id, who.ID, now); err != nil {
				return err
			}
			return tx.Journal(ctx, tokenEntry(t, "token.revoked", who, now))
		}
		return fault.Errorf(fault.NotFound, "person %d has no token %d", person, id)
	})
}

func tokenEntry(t Token, action string, who org.User, now time.Time) journal.Entry {
	return entry("token", t.ID, action, who, now, struct {
		Person  int64     `json:"person"`
		Role    org.Role  `json:"role"`
		Expires time.Time `json:"expires"`
	}{t.Person, t.Role, t.ExpiresAt.UTC()})
}

// entry writes what was done to an object; the body has no name of a person.
func entry(kind string, id int64, action string, who org.User, now time.Time, body any) journal.Entry {
	text, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("access: write a journal entry: %v", err)) // plain structs of this package
	}
	return journal.Entry{
		Chain: journal.Chain{Kind: kind, ID: strconv.FormatInt(id, 10)}, At: now, Actor: actor(who), Action: action, Body: text,
	}
}

// maxLabel bounds a name, in characters.
const maxLabel = 100

// label reads a name that people see.
func label(field, value string) (string, error) {
	value = strings.TrimSpace(value)
	n := utf8.RuneCountInString(value)
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) || n < 1 || n > maxLabel {
		return "", fault.Errorf(fault.Invalid, "%s %.40q: expected 1 to %d characters on one line", field, value, maxLabel)
	}
	return value, nil
}

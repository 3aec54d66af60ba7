package app

import (
	"context"
	"net/http"
	"time"

	"vigie/internal/access"
	"vigie/internal/fault"
	"vigie/internal/org"
	"vigie/internal/store"
)

// Changes of people and tokens that commands ask for.
const (
	opPeople      operation[struct{}, []Person]        = "people"
	opAddPerson   operation[NewPerson, Person]         = "person-add"
	opSetPassword operation[PasswordChange, struct{}]  = "person-password"
	opDisable     operation[DisableChange, struct{}]   = "person-disable"
	opTokens      operation[TokenQuestion, []TokenRow] = "tokens"
	opMakeToken   operation[TokenRequest, TokenAnswer] = "token-create"
	opRevokeToken operation[TokenRevocation, struct{}] = "token-revoke"
)

// Person is somebody who may sign in, as commands print them.
type Person struct {
	ID           int64    `json:"id"`
	Login        string   `json:"login"`
	Name         string   `json:"name"`
	Role         string   `json:"role"`
	Organisation string   `json:"organisation"`
	Everything   bool     `json:"everything"`
	Territory    []string `json:"territory"` // keys of organisations, when not everything
	Disabled     bool     `json:"disabled"`
}

// NewPerson is somebody to add; the password comes as its hash.
type NewPerson struct {
	Person
	PasswordHash string `json:"password_hash"`
}

// PasswordChange gives a person another password.
type PasswordChange struct {
	Login        string `json:"login"`
	PasswordHash string `json:"password_hash"`
}

// DisableChange lets a person in no more, or again.
type DisableChange struct {
	Login   string `json:"login"`
	Disable bool   `json:"disable"`
}

// TokenQuestion names the person whose tokens are asked for.
type TokenQuestion struct {
	Login string `json:"login"`
}

// TokenRow is a token as commands print it.
type TokenRow struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Role       string     `json:"role"`
	Works      bool       `json:"works"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
}

// TokenRequest is a token wanted for a person.
type TokenRequest struct {
	Login string `json:"login"`
	Name  string `json:"name"`
	Role  string `json:"role"` // empty: the person's own
	Days  int    `json:"days"`
}

// TokenAnswer tells a new token, this once.
type TokenAnswer struct {
	Token string `json:"token"`
}

// TokenRevocation ends a token of a person.
type TokenRevocation struct {
	Login string `json:"login"`
	ID    int64  `json:"id"`
}

func (i *Instance) access() *access.Service { return access.New(store.NewAccess(i.db)) }

// People lists those who may sign in.
func (i *Instance) People(ctx context.Context) ([]Person, error) {
	people, err := i.access().People(ctx, access.Console())
	if err != nil {
		return nil, err
	}
	list := make([]Person, 0, len(people))
	for _, u := range people {
		list = append(list, Person{
			ID: u.ID, Login: u.Login, Name: u.Name, Role: string(u.Role), Organisation: u.Organisation,
			Everything: u.Territory.All, Territory: append([]string{}, u.Territory.Organisations...), Disabled: u.Disabled,
		})
	}
	return list, nil
}

// People lists those who may sign in.
func (s *Server) People(ctx context.Context) ([]Person, error) { return s.instance.People(ctx) }

// AddPerson adds somebody who may sign in.
func (i *Instance) AddPerson(ctx context.Context, n NewPerson) (Person, error) {
	id, err := i.access().AddPerson(ctx, access.Console(), org.User{
		Login: n.Login, Name: n.Name, Role: org.Role(n.Role), Organisation: n.Organisation,
		Territory: org.Territory{All: n.Everything, Organisations: n.Territory},
	}, n.PasswordHash, time.Now())
	n.ID = id
	return n.Person, err
}

// person finds somebody by login.
func (i *Instance) person(ctx context.Context, login string) (org.User, error) {
	who, _, err := store.NewPeople(i.db).ByLogin(ctx, login)
	if fault.KindOf(err) == fault.NotFound {
		return org.User{}, fault.Errorf(fault.NotFound, "no person has the login %q: vigie user list shows them", login)
	}
	return who, err
}

// SetPassword gives a person another password and ends their sessions.
func (i *Instance) SetPassword(ctx context.Context, c PasswordChange) error {
	who, err := i.person(ctx, c.Login)
	if err != nil {
		return err
	}
	return i.access().SetPassword(ctx, access.Console(), who.ID, c.PasswordHash, time.Now())
}

// Disable lets a person in no more, or again.
func (i *Instance) Disable(ctx context.Context, c DisableChange) error {
	who, err := i.person(ctx, c.Login)
	if err != nil {
		return err
	}
	return i.access().Disable(ctx, access.Console(), who.ID, c.Disable, time.Now())
}

// Tokens lists a person's tokens, the latest first.
func (i *Instance) Tokens(ctx context.Context, q TokenQuestion) ([]TokenRow, error) {
	who, err := i.person(ctx, q.Login)
	if err != nil {
		return nil, err
	}
	tokens, err := i.access().Tokens(ctx, access.Console(), who.ID)
	if err != nil {
		return nil, err
	}
	rows := make([]TokenRow, 0, len(tokens))
	for _, t := range tokens {
		rows = append(rows, TokenRow{
			ID: t.ID, Name: t.Name, Role: string(t.Role), Works: t.Works(time.Now()), CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt,
			LastUsedAt: unlessZero(t.LastUsedAt), RevokedAt: unlessZero(t.RevokedAt),
		})
	}
	return rows, nil
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// MakeToken makes a token for a person's program.
func (i *Instance) MakeToken(ctx context.Context, r TokenRequest) (TokenAnswer, error) {
	who, err := i.person(ctx, r.Login)
	if err != nil {
		return TokenAnswer{}, err
	}
	role := org.Role(r.Role)
	if role == "" {
		role = who.Role
	}
	text, err := i.access().CreateToken(ctx, access.Console(), access.NewToken{
		Person: who.ID, Name: r.Name, Role: role, Life: time.Duration(r.Days) * 24 * time.Hour,
	}, time.Now())
	return TokenAnswer{text}, err
}

// RevokeToken ends a token at once.
func (i *Instance) RevokeToken(ctx context.Context, r TokenRevocation) error {
	who, err := i.person(ctx, r.Login)
	if err != nil {
		return err
	}
	return i.access().RevokeToken(ctx, access.Console(), who.ID, r.ID, time.Now())
}

// People asks the running instance who may sign in.
func (r *Remote) People(ctx context.Context) ([]Person, error) {
	return opPeople.call(ctx, r, struct{}{})
}

// AddPerson asks to add somebody.
func (r *Remote) AddPerson(ctx context.Context, n NewPerson) (Person, error) {
	return opAddPerson.call(ctx, r, n)
}

// SetPassword asks for another password of a person.
func (r *Remote) SetPassword(ctx context.Context, c PasswordChange) error {
	_, err := opSetPassword.call(ctx, r, c)
	return err
}

// Disable asks to let a person in no more, or again.
func (r *Remote) Disable(ctx context.Context, c DisableChange) error {
	_, err := opDisable.call(ctx, r, c)
	return err
}

// Tokens asks for a person's tokens.
func (r *Remote) Tokens(ctx context.Context, q TokenQuestion) ([]TokenRow, error) {
	return opTokens.call(ctx, r, q)
}

// MakeToken asks for a token.
func (r *Remote) MakeToken(ctx context.Context, q TokenRequest) (TokenAnswer, error) {
	return opMakeToken.call(ctx, r, q)
}

// RevokeToken asks to end a token.
func (r *Remote) RevokeToken(ctx context.Context, q TokenRevocation) error {
	_, err := opRevokeToken.call(ctx, r, q)
	return err
}

// serve answers the commands about people and what they may see.
func (i *Instance) serve(mux *http.ServeMux) {
	opLinks.serve(mux, i.Links)
	opLink.serve(mux, i.Link)
	opSites.serve(mux, i.Sites)
	opProbers.serve(mux, i.Probers)
	opIncidents.serve(mux, i.Incidents)
	opTickets.serve(mux, i.Tickets)
	opTicket.serve(mux, i.Ticket)
	opBegin.serve(mux, i.Begin)
	opPeople.serve(mux, func(ctx context.Context, _ struct{}) ([]Person, error) { return i.People(ctx) })
	opAddPerson.serve(mux, i.AddPerson)
	opSetPassword.serve(mux, silent(i.SetPassword))
	opDisable.serve(mux, silent(i.Disable))
	opTokens.serve(mux, i.Tokens)
	opMakeToken.serve(mux, i.MakeToken)
	opRevokeToken.serve(mux, silent(i.RevokeToken))
}

// silent is a change that answers nothing.
func silent[In any](do func(context.Context, In) error) func(context.Context, In) (struct{}, error) {
	return func(ctx context.Context, in In) (struct{}, error) { return struct{}{}, do(ctx, in) }
}

package vantage

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/journal"
	"vigie/internal/org"
)

// Prober is one prober elsewhere.
type Prober struct {
	Name string
	// Site is the key of the site inside which it stands; empty for one that looks at
	// links from outside.
	Site      string
	PublicKey string
	CreatedAt time.Time
	RevokedAt time.Time // zero while it is not
	// LastSeen is when a batch of its came last; zero before the first.
	LastSeen time.Time
}

// Works reports whether the prober is let in.
func (p Prober) Works() bool { return p.RevokedAt.IsZero() }

// Tx is what one transaction can do.
type Tx interface {
	// Probers gives all, by name, and holds them.
	Probers(ctx context.Context) ([]Prober, error)
	// HasSite reports whether a site of that key exists and has not ended on a day.
	HasSite(ctx context.Context, key string, day time.Time) (bool, error)
	// Save writes a prober in place of one of the same name.
	Save(ctx context.Context, p Prober) error
	Journal(ctx context.Context, entries ...journal.Entry) error
}

// Store keeps the probers.
type Store interface {
	InTx(ctx context.Context, f func(context.Context, Tx) error) error
}

// Service adds and revokes probers.
type Service struct{ store Store }

// New returns the service over a store.
func New(store Store) *Service { return &Service{store: store} }

// List gives all probers, by name, revoked ones too.
func (s *Service) List(ctx context.Context) (list []Prober, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		list, err = tx.Probers(ctx)
		return err
	})
	return list, err
}

// Add lets a prober in from now on. A name that was revoked may be given again, with
// another key: its numbers go on where they were. One that works is fault.Conflict, and so
// is a name of one inside a school for one that looks at links, or the reverse: what it
// measured before counts by where it stood.
func (s *Service) Add(ctx context.Context, who org.User, p Prober, now time.Time) error {
	if err := allowed(who); err != nil {
		return err
	}
	if err := CheckName(p.Name); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		if former, found, err := find(ctx, tx, p.Name); err != nil {
			return err
		} else if found && former.Works() {
			return fault.Errorf(fault.Conflict, "prober %s exists: revoke it first to give its name another credential", p.Name)
		} else if found && (former.Site == "") != (p.Site == "") {
			return fault.Errorf(fault.Conflict, "prober %s stood %s: give one that stands elsewhere another name", p.Name, where(former))
		}
		if p.Site != "" {
			if known, err := tx.HasSite(ctx, p.Site, calendar.Day(now)); err != nil {
				return err
			} else if !known {
				return fault.Errorf(fault.Invalid, "site: %.40q is not in the inventory, expected the key of a site", p.Site)
			}
		}
		p.CreatedAt, p.RevokedAt = now, time.Time{}
		if err := tx.Save(ctx, p); err != nil {
			return err
		}
		return tx.Journal(ctx, entry(p, "prober.added", who, now))
	})
}

// Revoke lets a prober in no more. One that was revoked before stays as it is.
func (s *Service) Revoke(ctx context.Context, who org.User, name string, now time.Time) error {
	if err := allowed(who); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		p, found, err := find(ctx, tx, name)
		switch {
		case err != nil:
			return err
		case !found:
			return fault.Errorf(fault.NotFound, "no prober has the name %.40q: vigie prober list shows them", name)
		case !p.Works():
			return nil
		}
		p.RevokedAt = now
		if err := tx.Save(ctx, p); err != nil {
			return err
		}
		return tx.Journal(ctx, entry(p, "prober.revoked", who, now))
	})
}

// allowed refuses who may not say who gets in.
func allowed(who org.User) error {
	if !org.Allowed(who, org.ManageUsers) {
		return fault.Errorf(fault.Forbidden, "user %d may not add or revoke probers", who.ID)
	}
	return nil
}

func find(ctx context.Context, tx Tx, name string) (Prober, bool, error) {
	list, err := tx.Probers(ctx)
	for _, p := range list {
		if p.Name == name {
			return p, true, err
		}
	}
	return Prober{}, false, err
}

func where(p Prober) string {
	if p.Site == "" {
		return "where links are looked at"
	}
	return "at site " + p.Site
}

func entry(p Prober, action string, who org.User, now time.Time) journal.Entry {
	body, err := json.Marshal(struct {
		Key  string `json:"key"`
		Site string `json:"site,omitempty"`
	}{p.PublicKey, p.Site})
	if err != nil {
		panic(fmt.Sprintf("vantage: write a journal entry: %v", err)) // two strings
	}
	actor := "console"
	if who.ID != 0 {
		actor = "user:" + strconv.FormatInt(who.ID, 10)
	}
	return journal.Entry{Chain: journal.Chain{Kind: "prober", ID: p.Name}, At: now, Actor: actor, Action: action, Body: body}
}

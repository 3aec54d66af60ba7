package access

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"vigie/internal/fault"
	"vigie/internal/org"
)

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{0,63}$`)

// AddPerson adds somebody who may sign in, and returns their id.
func (s *Service) AddPerson(ctx context.Context, who, person org.User, passwordHash string, now time.Time) (id int64, err error) {
	if err := manage(who); err != nil {
		return 0, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		if person, err = checked(ctx, tx, person); err != nil {
			return err
		}
		if id, err = tx.AddPerson(ctx, person, passwordHash); err != nil {
			if fault.KindOf(err) == fault.Conflict {
				return fault.Errorf(fault.Conflict, "login %q is taken", person.Login)
			}
			return err
		}
		return tx.Journal(ctx, entry("person", id, "person.added", who, now, struct {
			Role         org.Role `json:"role"`
			Organisation string   `json:"organisation"`
			Everything   bool     `json:"everything"`
			Territory    []string `json:"territory"`
		}{person.Role, person.Organisation, person.Territory.All, append([]string{}, person.Territory.Organisations...)}))
	})
	return id, err
}

func manage(who org.User) error {
	if !org.Allowed(who, org.ManageUsers) {
		return fault.Errorf(fault.Forbidden, "user %d with role %s may not %s", who.ID, who.Role, org.ManageUsers)
	}
	return nil
}

// checked is a person whose every field is as it must be.
func checked(ctx context.Context, tx Tx, p org.User) (org.User, error) {
	p.Login = strings.ToLower(strings.TrimSpace(p.Login))
	if !loginForm.MatchString(p.Login) {
		return p, fault.Errorf(fault.Invalid, "login %.80q: expected at most 64 of a-z, 0-9 and . _ @ -, a letter or digit first", p.Login)
	}
	var err error
	if p.Name, err = label("name", p.Name); err != nil {
		return p, err
	}
	if !slices.Contains(org.Roles(), p.Role) {
		return p, fault.Errorf(fault.Invalid, "role %.20q: expected admin, network, finance or auditor", p.Role)
	}
	known, err := tx.Organisations(ctx)
	if err != nil {
		return p, err
	}
	named := slices.Clone(p.Territory.Organisations)
	if p.Organisation != "" {
		named = append(named, p.Organisation)
	}
	for _, key := range named {
		if len(known) == 0 {
			return p, fault.Errorf(fault.Invalid, "organisation %.64q: no organisation is known yet, import them first", key)
		}
		if !slices.Contains(known, key) {
			return p, fault.Errorf(fault.Invalid, "organisation %.64q: expected one of %s", key, strings.Join(known, ", "))
		}
	}
	if !p.Territory.All && len(p.Territory.Organisations) == 0 {
		return p, fault.Errorf(fault.Invalid, "territory of %s: expected everything, or organisations", p.Login)
	}
	return p, nil
}

// People gives everybody, by login.
func (s *Service) People(ctx context.Context, who org.User) (people []org.User, err error) {
	if err := manage(who); err != nil {
		return nil, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		people, err = tx.People(ctx)
		return err
	})
	return people, err
}

// SetPassword changes a person's password and ends their sessions.
func (s *Service) SetPassword(ctx context.Context, who org.User, id int64, passwordHash string, now time.Time) error {
	if err := manage(who); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		if _, err := tx.Person(ctx, id); err != nil {
			return err
		}
		if err := tx.SetPassword(ctx, id, passwordHash, now); err != nil {
			return err
		}
		return tx.Journal(ctx, entry("person", id, "person.password", who, now, struct{}{}))
	})
}

// Disable lets a person in no more, nor their tokens; enable lets them in again. The
// last administrator of everything stays.
func (s *Service) Disable(ctx context.Context, who org.User, id int64, disable bool, now time.Time) error {
	if err := manage(who); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context, tx Tx) error {
		people, err := tx.People(ctx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(people, func(p org.User) bool { return p.ID == id })
		switch {
		case at < 0:
			return fault.Errorf(fault.NotFound, "person %d does not exist", id)
		case people[at].Disabled == disable:
			return nil
		case disable && !slices.ContainsFunc(people, func(p org.User) bool { return p.ID != id && org.Allowed(p, org.ManageUsers) }):
			return fault.Errorf(fault.Conflict, "%s is the last administrator of everything: add another first", people[at].Login)
		}
		if err := tx.SetDisabled(ctx, id, disable, now); err != nil {
			return err
		}
		action := "person.enabled"
		if disable {
			action = "person.disabled"
		}
		return tx.Journal(ctx, entry("person", id, action, who, now, struct{}{}))
	})
}

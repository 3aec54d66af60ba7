package org

import "time"

// Kind says what an organisation is in the purchasing group.
type Kind string

// The kinds of organisation.
const (
	Region       Kind = "region"
	Departement  Kind = "departement"
	Collectivite Kind = "collectivite"
	Academie     Kind = "academie"
	School       Kind = "etablissement"
)

// Organisation is a member of the purchasing group or another authority.
type Organisation struct {
	Key        string
	Name       string
	Kind       Kind
	SIRET      string // 14 digits, empty when not known
	BudgetLine string // imputation as finance writes it: budget, chapitre, fonction, nature
	Source     string // where the facts come from
}

// Role is what a person does; what it permits is in the table of Allowed.
type Role string

// The roles.
const (
	Admin   Role = "admin"
	Network Role = "network"
	Finance Role = "finance"
	Auditor Role = "auditor"
)

// User is a person who signs in. The journal names it by ID only.
type User struct {
	ID           int64
	Login        string
	Name         string
	Role         Role
	Organisation string // key; empty = not bound to one member
	Territory    Territory
	Disabled     bool
	// SignedOutAt ends the sessions that began before it; zero ends none.
	SignedOutAt time.Time
}

// Roles lists the roles.
func Roles() []Role { return []Role{Admin, Network, Finance, Auditor} }

// Territory bounds what a user sees: everything, or the sites that one of the
// organisations owns, occupies or pays for.
type Territory struct {
	All           bool
	Organisations []string
}

// Covers reports whether an object that belongs to owners lies in the territory.
// An object of nobody is seen only with All.
func (t Territory) Covers(owners ...string) bool {
	if t.All {
		return true
	}
	for _, mine := range t.Organisations {
		for _, o := range owners {
			if o == mine {
				return true
			}
		}
	}
	return false
}

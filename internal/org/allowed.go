package org

// Action is something a user may ask for.
type Action string

// The actions, as the pages, the API and the commands name them.
const (
	SeeLinks       Action = "see-links"       // board, links, sites, incidents
	SeeTickets     Action = "see-tickets"     // tickets and their messages
	SeeCosts       Action = "see-costs"       // prices, penalties, statements
	SeePlan        Action = "see-plan"        // prefixes, VLANs and addresses
	SeeJournal     Action = "see-journal"     // who decided what
	ApproveMessage Action = "approve-message" // let a message go to an operator
	Acknowledge    Action = "acknowledge"     // type an operator's acknowledgement
	StopSending    Action = "stop-sending"    // the one switch, and an operator's sending mode
	ManageUsers    Action = "manage-users"
	EditInventory  Action = "edit-inventory" // import files, change what exists and what was bought
	MakeTokens     Action = "make-tokens"    // for programs that ask in one's own name
	RunTests       Action = "run-tests"      // fill a line to see what it carries
)

// permits is the whole table of rights: nothing else says yes.
var permits = map[Role]map[Action]bool{
	Admin: {
		SeeLinks: true, SeeTickets: true, SeeCosts: true, SeeJournal: true, SeePlan: true,
		ApproveMessage: true, Acknowledge: true, StopSending: true, ManageUsers: true, MakeTokens: true, EditInventory: true,
		RunTests: true,
	},
	Network: {
		SeeLinks: true, SeeTickets: true, SeePlan: true, ApproveMessage: true, Acknowledge: true, StopSending: true, MakeTokens: true,
		EditInventory: true, RunTests: true,
	},
	Finance: {SeeLinks: true, SeeTickets: true, SeeCosts: true, MakeTokens: true},
	Auditor: {SeeLinks: true, SeeTickets: true, SeeCosts: true, SeeJournal: true, SeePlan: true, MakeTokens: true},
}

// Within reports whether a role permits nothing that another does not: a token may
// have it when its person has the other.
func (r Role) Within(other Role) bool {
	for action := range permits[r] {
		if !permits[other][action] {
			return false
		}
	}
	return len(permits[r]) > 0
}

// Allowed is the only place that says yes: it reports whether the user may do
// the action on an object that belongs to owners (keys of organisations). Call
// it without owners for an action that has no object; such an action that
// changes something for everyone needs the whole territory.
func Allowed(u User, a Action, owners ...string) bool {
	if u.Disabled || !permits[u.Role][a] {
		return false
	}
	if len(owners) > 0 {
		return u.Territory.Covers(owners...)
	}
	switch a {
	case StopSending, ManageUsers, SeeJournal, EditInventory:
		return u.Territory.All
	default:
		return true
	}
}

package dashboards

import (
	"time"

	"vigie/internal/access"
	"vigie/internal/i18n"
	"vigie/internal/org"
	"vigie/internal/view"
)

// Page is a typed page; every one embeds a Shell.
type Page interface {
	shell() *Shell
	template() string
}

// Shell is what stands around every page.
type Shell struct {
	Lang    i18n.Lang
	Viewer  *Viewer // nil when nobody is signed in
	Section Section
	Path    string // address of the page with its query, to come back to
	Now     time.Time
	Done    string        // what was just done, a key of the family "done."; empty for nothing
	Demo    *Demo         // nil in a real installation
	Notices *view.Notices // nil where nobody is signed in
}

// Demo marks a demonstration, whose operators, links and prices are made up, and
// tells how much faster it is than a real installation.
type Demo struct{ Cycle, Open, OpenMass, Resolve, Remind time.Duration }

func (s *Shell) shell() *Shell { return s }

// Section is an entry of the navigation.
type Section string

// The sections.
const (
	Links      Section = "links"
	Map        Section = "map"
	Plan       Section = "plan"
	Incidents  Section = "incidents"
	Tickets    Section = "tickets"
	Statements Section = "statements"
	Audits     Section = "audit"
	Probers    Section = "probers"
	Inventory  Section = "inventory"
)

// Viewer is who looks, and which sections and switches the role gives.
type Viewer struct {
	Name        string
	Role        string
	SeeTickets  bool
	SeeCosts    bool
	SeePlan     bool
	StopSending bool
	MakeTokens  bool

	EditInventory bool
	RunTests      bool
}

// BoardPage shows every link by state.
type BoardPage struct {
	Shell
	Filter view.Filter
	Board  view.Board
}

func (*BoardPage) template() string { return "board" }

// MapPage shows where the sites are, by state.
type MapPage struct {
	Shell
	Map view.Map
}

func (*MapPage) template() string { return "map" }

// Departement names the only département that the map shows.
func (p *MapPage) Departement() string { return view.DepartementName(p.Map.Departement) }

// LinkPage shows one link.
type LinkPage struct {
	Shell
	Link     view.LinkPage
	Testable bool // by the asker, here
}

func (*LinkPage) template() string { return "link" }

// SitePage shows one site.
type SitePage struct {
	Shell
	Range view.Range
	Site  view.SitePage
}

func (*SitePage) template() string { return "site" }

// IncidentsPage lists incidents.
type IncidentsPage struct {
	Shell
	List view.IncidentList
}

func (*IncidentsPage) template() string { return "incidents" }

// TicketsPage lists tickets, with the sending modes.
type TicketsPage struct {
	Shell
	List view.TicketList
}

func (*TicketsPage) template() string { return "tickets" }

// TicketPage shows one ticket.
type TicketPage struct {
	Shell
	Ticket view.TicketPage
}

func (*TicketPage) template() string { return "ticket" }

// ProbersPage shows what measures.
type ProbersPage struct {
	Shell
	Probers view.ProberPage
}

func (*ProbersPage) template() string { return "probers" }

// StatementPage shows the statement of a month.
type StatementPage struct {
	Shell
	Statement Statement
}

func (*StatementPage) template() string { return "statement" }

// TokensPage shows the tokens of who looks, and what programs may ask with them.
type TokensPage struct {
	Shell
	Tokens     []access.Token
	Roles      []org.Role // that a new token may have
	Lives      []int      // days that a new token may work
	Made       string     // the text of a token just made: shown this once
	Full       int        // number of tokens at work when there are too many; 0 else
	Origin     string     // where this server answers, without a path
	Base       string     // of the operations
	PerMinute  int        // requests a token may ask
	Operations []Operation
}

// Operation is a question that a program may ask.
type Operation struct{ ID, Path string }

func (*TokensPage) template() string { return "tokens" }

// SignInPage asks who is there.
type SignInPage struct {
	Shell
	Login   string // as it was typed
	Next    string // where to go afterwards
	Problem string // a key of the family "signin.problem."; empty at first
}

func (*SignInPage) template() string { return "signin" }

// ErrorPage says what went wrong, with a number that the log knows too.
type ErrorPage struct {
	Shell
	Status int    // HTTP
	Kind   string // a key of the family "error."
	Number string // empty when nothing was logged
	// Detail names the field, the value and what is expected, in English as programs get
	// it; empty where it would tell what the asker may not know.
	Detail string
}

func (*ErrorPage) template() string { return "error" }

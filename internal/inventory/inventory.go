package inventory

import (
	"net/netip"
	"time"

	"vigie/internal/contract"
)

// Dates are times at midnight UTC that stand for a civil day.

// Commune gives what the calendar needs to know of a place.
type Commune struct {
	INSEE       string // code officiel géographique, 5 characters
	Name        string
	Departement string // "67", "2A"
	Temple      bool   // a Protestant temple or mixed church: Good Friday is a holiday in Alsace-Moselle
	Source      string
}

// SiteKind is what a site mainly is.
type SiteKind string

// The kinds of site.
const (
	College      SiteKind = "college"
	Lycee        SiteKind = "lycee"
	CiteScolaire SiteKind = "cite-scolaire" // one site, several payers
	CFA          SiteKind = "cfa"
	Agricole     SiteKind = "agricole"
	Internal     SiteKind = "internal" // an office or a data room of a member
)

// Site is a place with one or more establishments, or none (Internal).
type Site struct {
	ID           int64
	Key          string
	Name         string
	Kind         SiteKind
	Address      string
	Postcode     string
	Commune      string // INSEE code
	Latitude     float64
	Longitude    float64
	Organisation string // owner; pays where no establishment does
	Ends         time.Time
	Source       string
}

// EstablishmentKind is the kind of a school.
type EstablishmentKind string

// The kinds of establishment.
const (
	KindCollege   EstablishmentKind = "college"
	KindLyceeGT   EstablishmentKind = "lycee-gt"
	KindLyceePro  EstablishmentKind = "lycee-pro"
	KindLyceePoly EstablishmentKind = "lycee-polyvalent"
	KindCFA       EstablishmentKind = "cfa"
	KindAgricole  EstablishmentKind = "agricole"
)

// Establishment is a school, named by its UAI.
type Establishment struct {
	UAI          string // 7 digits and a letter
	Name         string
	Kind         EstablishmentKind
	Site         string // key
	Organisation string // the member that answers for it
	Pupils       int    // 0 = not known
	PupilsYear   int    // year of the rentrée the count is of
	Ends         time.Time
	Source       string
}

// Contact is somebody reachable at a site.
type Contact struct {
	Key    string
	Site   string
	Name   string
	Phone  string
	Email  string
	Hours  string // service notation of calendar.ParseService, e.g. "1-5 08:00-17:00"
	Source string
}

// Channel is the way by which an operator takes tickets.
type Channel string

// The channels. An operator of whom nothing is said takes mail.
const (
	ByMail   Channel = "email"
	ByTMF621 Channel = "tmf621" // TM Forum Trouble Ticket API, v4
)

// Operator is a company whose links are watched.
type Operator struct {
	ID              int64
	Key             string
	Name            string
	TicketEmail     string // first level: the desk
	EscalationEmail string // second level
	Phone           string
	Channel         Channel // empty = by mail
	Ends            time.Time
	Source          string
}

// POP is an operator's aggregation point.
type POP struct {
	ID        int64
	Key       string
	Operator  string
	Name      string
	Latitude  float64
	Longitude float64
	Ends      time.Time
	Source    string
}

// CPEOwner says whose router stands at the site.
type CPEOwner string

// The owners of a router.
const (
	OperatorCPE CPEOwner = "operator"
	CustomerCPE CPEOwner = "customer"
)

// Link is one access bought from an operator. With several sites it is a grappe.
type Link struct {
	ID       int64
	Ref      string // the operator's service reference
	Operator string
	Lot      string // empty = outside the market: watched, never ticketed nor billed
	POP      string
	Sites    []string // keys, the first carries the access
	// PriceItem, DownKbps and UpKbps are the terms from Starts on, until a later version
	// supersedes them: Index.TermsAt knows those of a day.
	PriceItem    string
	DownKbps     int64 // guaranteed towards the site, kilobits per second
	UpKbps       int64
	Technology   string // FTTO, FTTE, FTTH...
	ProbeAddress netip.Addr
	// Demarcation is the operator's own equipment in front of the router: it answers
	// while the line works, whatever became of the router. Invalid = none known.
	Demarcation netip.Addr
	// ReflectorAddress is a STAMP reflector (RFC 8762) at the far end of the access, to which
	// two-way delay is measured beside the echoes; invalid = none. ReflectorPort 0 is the
	// port of STAMP.
	ReflectorAddress netip.Addr
	ReflectorPort    int
	// TestAddress is where something answers tests of throughput at the far end of the
	// access; invalid = at the probe address.
	TestAddress netip.Addr
	CPEOwner    CPEOwner
	Starts      time.Time // MES: billing starts
	Ends        time.Time // first day without it; zero = open
	Source      string
}

// Terms are those of the link's own row.
func (l Link) Terms() contract.Terms {
	return contract.Terms{
		Link: l.Ref, From: l.Starts, PriceItem: l.PriceItem, DownKbps: l.DownKbps, UpKbps: l.UpKbps, Source: l.Source,
	}
}

// Router is the CPE of a link.
type Router struct {
	Key     string
	Link    string
	Model   string
	Address netip.Addr // management address
	// SNMP names the credential of the configuration with which it is asked; empty =
	// it is not asked.
	SNMP string
	// Interface is the ifName or ifAlias of the interface that carries the link;
	// empty = the one whose ifAlias holds the link's reference.
	Interface string
	Ends      time.Time
	Source    string
}

// Canary is a target that tells whether the prober itself is connected.
type Canary struct {
	ID      int64
	Key     string
	Name    string
	Address netip.Addr
	Path    string // which way it is reached; two canaries need two paths
	Ends    time.Time
	Source  string
}

// KeyShare is one payer's row of a dated split key. All rows of one subject and
// one From date form the key.
type KeyShare struct {
	Subject      string // a site's key, or a link's reference for a grappe
	From         time.Time
	To           time.Time // first day without it; zero = open
	Organisation string
	Weight       string // decimal string, >= 0
	Basis        string // effectifs, surface, forfait...
	Legal        string // convention or avenant that the key rests on
	Source       string
}

// ScopeKind says what a planned work covers.
type ScopeKind string

// The scopes of planned works.
const (
	ScopeLink     ScopeKind = "link"
	ScopeSite     ScopeKind = "site"
	ScopePOP      ScopeKind = "pop"
	ScopeOperator ScopeKind = "operator"
)

// Maintenance is a planned work announced by an operator or by us.
type Maintenance struct {
	Key       string
	Scope     ScopeKind
	Subject   string // natural key of the object
	From      time.Time
	To        time.Time
	Announced time.Time
	Note      string
	Source    string
}

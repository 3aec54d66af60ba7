package history

// TableSize is what one table takes as it is stored, and for how many days of how many
// links.
type TableSize struct {
	Table    string
	Octets   int64   // with indexes
	LinkDays float64 // 0 while nothing tells
}

// Size is what a database takes. Rest is everything without a span of its own:
// inventory, outages, tickets, journal.
type Size struct {
	Tables []TableSize
	Links  int // in force
	Rest   int64
}

// The other tables whose size grows with links and days.
const (
	TableBatches         = "batch"
	TableMinutes         = "minute"
	TableUtilisationRows = "utilisation"
	TableUtilisationDays = "utilisation_day"
)

// kept names the key of the retention under which each table is kept.
var kept = map[string]func(Retention) (key string, span Span){
	TableBatches:         func(r Retention) (string, Span) { return "batches", r.Batches },
	TableMinutes:         func(r Retention) (string, Span) { return "rows", r.Rows },
	TableUtilisationRows: func(r Retention) (string, Span) { return "rows", r.Rows },
	TableHours:           func(r Retention) (string, Span) { return "hours", r.Hours },
	TableUtilisationDays: func(r Retention) (string, Span) { return "hours", r.Hours },
	TableFindings:        func(r Retention) (string, Span) { return "hours", r.Hours },
	TableDays:            func(r Retention) (string, Span) { return "days", r.Days },
}

// Cost is what a retention comes to for a number of links.
type Cost struct {
	Links  int         `json:"links"`
	Tables []TableCost `json:"tables"`
	// RestOctets is stored now and not projected.
	RestOctets int64 `json:"rest_octets"`
	// TotalOctets is the sum of what is projected; Known is false when a table's part is
	// missing in it.
	TotalOctets int64 `json:"total_octets"`
	Known       bool  `json:"known"`
}

// TableCost is the part of one table.
type TableCost struct {
	Table  string `json:"table"`
	Key    string `json:"key"` // of the retention
	Kept   Span   `json:"kept"`
	Stored int64  `json:"stored_octets"` // now
	// OctetsALinkDay is what a link takes a day, and Octets all links over the whole span;
	// nil while nothing stored tells.
	OctetsALinkDay *float64 `json:"octets_a_link_and_day"`
	Octets         *int64   `json:"octets"`
}

// CostOf projects a size to a retention and a number of links.
func CostOf(s Size, keep Retention, links int) Cost {
	c := Cost{Links: links, RestOctets: s.Rest, Known: true}
	for _, t := range s.Tables {
		key, span := kept[t.Table](keep)
		cost := TableCost{Table: t.Table, Key: key, Kept: span, Stored: t.Octets}
		if t.LinkDays > 0 {
			each := float64(t.Octets) / t.LinkDays
			all := int64(each * float64(links) * span.Days())
			cost.OctetsALinkDay, cost.Octets = &each, &all
			c.TotalOctets += all
		} else {
			c.Known = false
		}
		c.Tables = append(c.Tables, cost)
	}
	return c
}

package api

import (
	"context"
	"strings"
	"time"

	"vigie/billing/money"
	"vigie/internal/fault"
	"vigie/internal/org"
	"vigie/internal/view"
)

// Place names a site.
type Place struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Commune     string `json:"commune"`
	Departement string `json:"departement" doc:"Code, such as 67 or 2A."`
}

// LinkRef names a link.
type LinkRef struct {
	ID           int64   `json:"id"`
	Ref          string  `json:"ref" doc:"The operator's service reference."`
	Operator     string  `json:"operator" doc:"Key."`
	OperatorName string  `json:"operator_name"`
	POP          string  `json:"pop" doc:"Name of the aggregation point; empty when not known."`
	Sites        []Place `json:"sites" cell:"name" doc:"The first carries the access."`
}

// Link is one link at a glance.
type Link struct {
	LinkRef
	State          string     `json:"state" enum:"up,degraded,down,unknown"`
	StateSince     *time.Time `json:"state_since" doc:"Null when the state began before the first measure."`
	InMarket       bool       `json:"in_market" doc:"Outside the market a link is watched, never ticketed nor billed."`
	InMaintenance  bool       `json:"in_maintenance" doc:"Inside an announced maintenance now."`
	MeasuredAt     *time.Time `json:"measured_at" doc:"Last measured minute; null when none lies in the last ten."`
	MeasureFormer  bool       `json:"measure_former" doc:"The measure tells nothing of the present: it began before the link was in its state."`
	EchoesSent     int        `json:"echoes_sent" doc:"In the last measured minute."`
	EchoesReceived int        `json:"echoes_received"`
	MedianRTT      *int32     `json:"median_rtt_microseconds" doc:"Null when no echo came back."`
	Simulated      bool       `json:"simulated"`
	IncidentID     *int64     `json:"incident_id" doc:"Of the open incident."`
	TicketID       *int64     `json:"ticket_id" doc:"Of the open ticket; null for a role that sees none."`
	TicketNumber   *string    `json:"ticket_number"`
}

// LinkDetail is one link with what was bought, measured and told.
type LinkDetail struct {
	Link
	Technology string           `json:"technology"`
	DownRate   int64            `json:"down_bits_per_second" doc:"Guaranteed towards the site."`
	UpRate     int64            `json:"up_bits_per_second" doc:"Guaranteed from the site."`
	Address    string           `json:"probe_address"`
	CPEOwner   string           `json:"cpe_owner" enum:"operator,customer"`
	Starts     *string          `json:"starts" format:"date" doc:"Mise en service: billing starts."`
	Ends       *string          `json:"ends" format:"date" doc:"First day without the link; null when none is known."`
	Source     string           `json:"source" doc:"Where the facts come from."`
	Market     string           `json:"market" doc:"Empty outside the market."`
	Lot        string           `json:"lot"`
	GTR        *int64           `json:"gtr_seconds" doc:"Guaranteed time to restore; null without a clause in force."`
	Cost       *Cost            `json:"cost,omitempty" doc:"Absent for a role that sees no costs, and outside the market."`
	Series     Series           `json:"series" doc:"Loss and delay."`
	Load       Load             `json:"utilisation" doc:"What its router counted."`
	Tests      []ThroughputTest `json:"throughput" doc:"Tests of what it carries, the latest first."`
	Router     *Router          `json:"router,omitempty" doc:"Absent when it was never asked."`
	Incidents  []Incident       `json:"incidents" doc:"The latest ones."`
	Tickets    []TicketBrief    `json:"tickets" doc:"The latest ones; empty for a role that sees none."`
}

// Cost is the monthly price of a link today and who pays it.
type Cost struct {
	Monthly *money.Cents `json:"monthly_net_cents" doc:"Before VAT and revision; null when the price list has no price today."`
	Item    string       `json:"price_item"`
	Payers  []Payer      `json:"payers"`
}

// Payer is one member's part of a cost.
type Payer struct {
	Organisation string `json:"organisation" doc:"Name."`
	Weight       string `json:"weight" doc:"Of the split key, decimal; empty for a single payer."`
	Basis        string `json:"basis"`
	Legal        string `json:"legal"`
}

// Outage is a confirmed absence of a link.
type Outage struct {
	From       time.Time  `json:"from"`
	To         *time.Time `json:"to" doc:"Null while it lasts."`
	IncidentID *int64     `json:"incident_id"`
	Cause      *string    `json:"cause" enum:"line,power" doc:"What the router told after it; power, a cut or a restart, earns no penalty unless the incident is of kind router. Null while nothing tells."`
	ToldAt     *time.Time `json:"cause_told_at" doc:"When the router told."`
	Started    *time.Time `json:"router_started_at" doc:"Since when it was running then."`
}

// LinkQuery is a question for links.
type LinkQuery struct {
	Text        string `query:"q" maxLength:"100" doc:"Words of the reference, the operator, the POP or a site; accents and case do not matter."`
	State       string `query:"state" enum:"up,degraded,down,unknown"`
	Operator    string `query:"operator" maxLength:"64" doc:"Key of an operator."`
	Departement string `query:"departement" maxLength:"3" doc:"Code of a département, such as 67."`
	Pieces
}

// Pieces says which piece of a list is wanted.
type Pieces struct {
	After string `query:"after" maxLength:"200" doc:"The next of the piece before; empty for the first."`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Items in a piece."`
}

// Links answers with links in force today, by reference.
func (s *Service) Links(ctx context.Context, who org.User, q LinkQuery, now time.Time) (Live[Link], error) {
	filter := view.Filter{Text: q.Text, Status: q.State, Operator: q.Operator, Departement: q.Departement, By: view.ByDepartement}
	board, err := s.view.Board(ctx, who, filter, now)
	if err != nil {
		return Live[Link]{}, err
	}
	var all []view.BoardLink
	for _, group := range board.Groups {
		all = append(all, group.Links...)
	}
	items, next := piece(all, func(l view.BoardLink) string { return l.Ref }, q.After, q.Limit)
	return newLive(each(items, newLink), next, board.Notices), nil
}

// LinkNamed answers for the link in force with a reference over a range;
// fault.NotFound without it.
func (s *Service) LinkNamed(ctx context.Context, who org.User, ref string, g view.Range, now time.Time) (LinkDetail, error) {
	board, err := s.view.Board(ctx, who, view.Filter{Text: ref, By: view.ByDepartement}, now)
	if err != nil {
		return LinkDetail{}, err
	}
	for _, group := range board.Groups {
		for _, l := range group.Links {
			if strings.EqualFold(l.Ref, ref) {
				return s.Link(ctx, who, l.ID, g, now)
			}
		}
	}
	return LinkDetail{}, fault.Errorf(fault.NotFound, "no link %q in force: expected a reference such as vigie links lists", ref)
}

// Link answers for one link over a range.
func (s *Service) Link(ctx context.Context, who org.User, id int64, g view.Range, now time.Time) (LinkDetail, error) {
	p, err := s.view.Link(ctx, who, id, g, now)
	if err != nil {
		return LinkDetail{}, err
	}
	detail := LinkDetail{
		Link: newLink(view.BoardLink{
			LinkName: p.LinkName, Status: p.Status, Since: p.Since, Latest: p.Latest, Incident: p.Incident, Ticket: p.Ticket,
			Works: p.Works, InMarket: p.Contract.Lot != "",
		}),
		Technology: p.Facts.Technology, DownRate: p.Facts.DownBits, UpRate: p.Facts.UpBits, Address: p.Facts.ProbeAddress,
		CPEOwner: string(p.Facts.CPEOwner), Starts: day(p.Facts.Starts), Ends: day(p.Facts.Ends), Source: p.Facts.Source,
		Market: p.Contract.Market, Lot: p.Contract.Lot, Cost: newCost(p.Cost), Series: newSeries(p.Series), Load: newLoad(p.Load), Tests: each(p.Tests, newThroughputTest), Router: newRouter(p.Router),
		Incidents: each(p.Incidents, newIncident), Tickets: each(p.Tickets, newTicketBrief),
	}
	if p.Contract.InForce {
		gtr := seconds(p.Contract.Clause.GTR)
		detail.GTR = &gtr
	}
	return detail, nil
}

func newLinkRef(n view.LinkName) LinkRef {
	return LinkRef{ID: n.ID, Ref: n.Ref, Operator: n.Operator, OperatorName: n.OperatorName, POP: n.POP, Sites: each(n.Sites, newPlace)}
}

func newPlace(n view.SiteName) Place {
	return Place{ID: n.ID, Name: n.Name, Commune: n.Commune, Departement: n.Departement}
}

func newLink(l view.BoardLink) Link {
	return Link{
		LinkRef: newLinkRef(l.LinkName), State: l.Status.String(), StateSince: instant(l.Since), InMarket: l.InMarket, InMaintenance: l.Works,
		MeasuredAt: instant(l.Latest.At), MeasureFormer: !l.Latest.At.IsZero() && l.Latest.Former,
		EchoesSent: l.Latest.Sent, EchoesReceived: l.Latest.Received, MedianRTT: known(l.Latest.MedianMicros), Simulated: l.Latest.Simulated,
		IncidentID: known(l.Incident.ID), TicketID: known(l.Ticket.ID), TicketNumber: known(l.Ticket.Number),
	}
}

func newCost(c *view.Cost) *Cost {
	if c == nil {
		return nil
	}
	cost := &Cost{Item: c.Item, Payers: each(c.Payers, func(p view.Payer) Payer { return Payer(p) })}
	if c.Priced {
		cost.Monthly = &c.Monthly
	}
	return cost
}

func newOutage(o view.Outage) Outage {
	return Outage{
		From: o.From.UTC(), To: instant(o.To), IncidentID: known(o.Incident),
		Cause: known(string(o.Origin)), ToldAt: instant(o.Asked), Started: instant(o.Started),
	}
}

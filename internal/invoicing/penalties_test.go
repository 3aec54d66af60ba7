package invoicing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/invoicing"
	"vigie/internal/sla"
	"vigie/internal/ticket"
)

// outage adds one absence of a link; an empty end is none.
func (f facts) outage(link int64, from, to string) facts {
	o := invoicing.Outage{Link: link, From: at(from), Kind: incident.KindLink}
	if to != "" {
		o.To = at(to)
	}
	f.Outages = append(f.Outages, o)
	return f
}

// originOf says what the router told after the last outage.
func originOf(f facts, o sla.Origin) facts {
	f.Outages[len(f.Outages)-1].Origin = o
	return f
}

// told is a period of a ticket: first failure, delivery to the operator, restoration.
// Empty texts have not happened.
func told(since, delivered, restored string) ticket.Period {
	p := ticket.Period{Since: at(since), OpenedAt: at(since)}
	if delivered != "" {
		p.SentAt, p.DeliveredAt = at(delivered), at(delivered)
	}
	if restored != "" {
		p.RestoredAt = at(restored)
	}
	return p
}

// ticket adds a case with its periods.
func (f facts) ticket(links []int64, periods ...ticket.Period) facts {
	id := int64(len(f.Cases) + 1)
	f.Cases = append(f.Cases, invoicing.Case{Ticket: ticket.Ticket{ID: id, Number: fmt.Sprintf("T-%d", id), Links: links, Periods: periods}})
	return f
}

// down adds an outage that the operator was told of at its first instant.
func (f facts) down(link int64, from, to string) facts {
	return f.outage(link, from, to).ticket([]int64{link}, told(from, from, to))
}

// gel adds a suspension to the last case.
func (f facts) gel(from, to string, accepted bool) facts {
	g := sla.Gel{From: at(from), Cause: sla.SiteClosed, DeclaredBy: "op", Accepted: accepted}
	if to != "" {
		g.To = at(to)
	}
	last := &f.Cases[len(f.Cases)-1]
	last.Gels = append(last.Gels, g)
	return f
}

func (f facts) works(kind inventory.ScopeKind, subject, from, to, announced string) facts {
	f.Maintenances = append(f.Maintenances, inventory.Maintenance{
		Key: subject, Scope: kind, Subject: subject, From: at(from), To: at(to), Announced: at(announced),
	})
	return f
}

// penalties writes the penalties of a bill: link, ticket or kind, day, started
// hours, amount.
func penalties(b invoicing.Bill) []string {
	var out []string
	for _, p := range b.Penalties {
		out = append(out, fmt.Sprintf("%s %s %s %s %d h %s", p.Link, p.Ticket, p.Kind, p.Day.Format(time.DateOnly), p.StartedHours, p.Cents))
	}
	return out
}

// officeHours is the group under a clause of working hours with the holidays of each site.
func officeHours(f facts) facts {
	service, err := calendar.ParseService("1-5 08:00-18:00")
	if err != nil {
		panic(err)
	}
	service.Holidays = calendar.SiteHolidays
	f.Clauses[0].Service = service
	return f
}

func TestAnOverrunEarnsAPenalty(t *testing.T) {
	t.Parallel()
	easter := func(site string) facts {
		return group().with(link(1, site)).outage(1, "2026-04-02T16:00", "2026-04-07T12:45").
			ticket([]int64{1}, told("2026-04-02T16:00", "2026-04-02T16:20", "2026-04-07T12:45")).gel("2026-04-07T09:10", "2026-04-07T10:25", true)
	}
	for name, c := range map[string]struct {
		facts facts
		month string
		want  []string
	}{
		"over Easter with a temple, in working hours (cases A1, B)":                  {officeHours(easter("college")), "2026-04", []string{"L-1 T-1 gtr 2026-04-07 2 h 41.25"}},
		"over Easter in Meuse, capped (cases A2, B)":                                 {officeHours(easter("verdun")), "2026-04", []string{"L-1 T-1 gtr 2026-04-07 12 h 206.25"}},
		"over Easter at any hour (case A4)":                                          {easter("college"), "2026-04", []string{"L-1 T-1 gtr 2026-04-07 112 h 206.25"}},
		"exactly the GTR":                                                            {group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T12:00"), "2026-05", nil},
		"a minute over it":                                                           {group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T12:01"), "2026-05", []string{"L-1 T-1 gtr 2026-05-05 1 h 20.63"}},
		"an outage that lasts":                                                       {group().with(link(1, "college")).down(1, "2026-05-05T08:00", ""), "2026-05", nil},
		"an outage without ticket":                                                   {group().with(link(1, "college")).outage(1, "2026-05-05T08:00", "2026-05-06T08:00"), "2026-05", nil},
		"a ticket that never left":                                                   {group().with(link(1, "college")).outage(1, "2026-05-05T08:00", "2026-05-06T08:00").ticket([]int64{1}, told("2026-05-05T08:00", "", "2026-05-06T08:00")), "2026-05", nil},
		"a ticket delivered after the recovery":                                      {group().with(link(1, "college")).outage(1, "2026-05-05T08:00", "2026-05-05T20:00").ticket([]int64{1}, told("2026-05-05T08:00", "2026-05-05T21:00", "2026-05-05T20:00")), "2026-05", nil},
		"the night of the clock change in spring has 7 hours":                        {group().with(link(1, "college")).down(1, "2026-03-28T22:00", "2026-03-29T06:00"), "2026-03", []string{"L-1 T-1 gtr 2026-03-29 3 h 61.88"}},
		"that in autumn 9":                                                           {group().with(link(1, "college")).down(1, "2026-10-24T22:00", "2026-10-25T06:00"), "2026-10", []string{"L-1 T-1 gtr 2026-10-25 5 h 103.13"}},
		"the price of the day of the restoration":                                    {withPrice(group().with(link(1, "college")).down(1, "2026-05-15T20:00", "2026-05-16T00:30")), "2026-05", []string{"L-1 T-1 gtr 2026-05-16 1 h 5.00"}},
		"the clause of the day of the failure":                                       {withHarderClause(group().with(link(1, "college")).down(1, "2026-05-15T20:00", "2026-05-16T02:00")), "2026-05", []string{"L-1 T-1 gtr 2026-05-16 2 h 41.25"}},
		"a link that ended before it came back has its last price":                   {group().with(ended(link(1, "college"), "2026-05-05")).down(1, "2026-05-04T20:00", "2026-05-05T08:00"), "2026-05", []string{"L-1 T-1 gtr 2026-05-05 8 h 165.00"}},
		"works that were announced":                                                  {group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T20:00").works(inventory.ScopePOP, "pop", "2026-05-05T06:00", "2026-05-05T15:30", "2026-05-01T08:00"), "2026-05", []string{"L-1 T-1 gtr 2026-05-05 1 h 20.63"}},
		"works of another POP":                                                       {group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T14:00").works(inventory.ScopePOP, "other", "2026-05-05T06:00", "2026-05-05T15:30", "2026-05-01T08:00"), "2026-05", []string{"L-1 T-1 gtr 2026-05-05 2 h 41.25"}},
		"works announced when they had begun":                                        {group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T14:00").works(inventory.ScopeSite, "college", "2026-05-05T06:00", "2026-05-05T15:30", "2026-05-05T06:00"), "2026-05", []string{"L-1 T-1 gtr 2026-05-05 2 h 41.25"}},
		"a gel that we contest stops nothing":                                        {group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T14:00").gel("2026-05-05T09:00", "2026-05-05T13:00", false), "2026-05", []string{"L-1 T-1 gtr 2026-05-05 2 h 41.25"}},
		"an accepted gel without end":                                                {group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T14:00").gel("2026-05-05T11:00", "", true), "2026-05", nil},
		"a link outside the market":                                                  {group().with(outside(link(1, "college"))).down(1, "2026-05-05T08:00", "2026-05-05T20:00"), "2026-05", nil},
		"a ticket of a link that the inventory no longer has":                        {group().with(link(1, "college")).down(9, "2026-05-05T08:00", "2026-05-05T20:00"), "2026-05", nil},
		"an outage of which the evidence says that the site had no power":            {kindOf(group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T20:00"), incident.KindSite), "2026-05", nil},
		"an outage of which the router told that the site had no power":              {originOf(group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T20:00"), sla.FromRestart), "2026-05", nil},
		"one of which it told that the line failed":                                  {originOf(group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T14:00"), sla.FromLine), "2026-05", []string{"L-1 T-1 gtr 2026-05-05 2 h 41.25"}},
		"a power cut after the line's failure under the same ticket leaves that one": {originOf(group().with(link(1, "college")).outage(1, "2026-05-05T08:00", "2026-05-05T14:00").outage(1, "2026-05-05T14:05", "2026-05-05T22:00").ticket([]int64{1}, told("2026-05-05T08:00", "2026-05-05T08:00", "2026-05-05T22:00")), sla.FromRestart), "2026-05", []string{"L-1 T-1 gtr 2026-05-05 2 h 41.25"}},
		"the customer's own router":                                                  {kindOf(group().with(customerRouter(link(1, "college"))).down(1, "2026-05-05T08:00", "2026-05-05T20:00"), incident.KindRouter), "2026-05", nil},
		"the operator's router":                                                      {kindOf(group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T14:00"), incident.KindRouter), "2026-05", []string{"L-1 T-1 gtr 2026-05-05 2 h 41.25"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := c.facts.bill(t, c.month)
			if diff := cmp.Diff(penalties(b), c.want); diff != "" {
				t.Errorf("penalties (-got +want):\n%s", diff)
			}
			if len(b.Refusals) > 0 {
				t.Errorf("refused: %q", refusals(b))
			}
		})
	}
}

func withPrice(f facts) facts {
	priceFrom(&f, "2026-05-16", 10000)
	return f
}

func withHarderClause(f facts) facts {
	clauseFrom(&f, "2026-05-16", func(c *contract.Clause) { c.GTR, c.PercentHour = time.Hour, "50" })
	return f
}

func ended(l inventory.Link, on string) inventory.Link {
	l.Ends = day(on)
	return l
}

func outside(l inventory.Link) inventory.Link {
	l.Lot, l.PriceItem = "", ""
	return l
}

func customerRouter(l inventory.Link) inventory.Link {
	l.CPEOwner = inventory.CustomerCPE
	return l
}

func kindOf(f facts, k incident.Kind) facts {
	for i := range f.Outages {
		f.Outages[i].Kind = k
	}
	return f
}

func TestWhatStartsTheClockIsInTheClause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		start     contract.ClockStart
		delivered string
		want      []string
	}{
		"the acknowledgement": {contract.StartAcknowledged, "2026-05-05T08:00", []string{"L-1 T-1 gtr 2026-05-05 1 h 20.63"}},
		"the delivery":        {contract.StartDelivered, "2026-05-05T08:00", []string{"L-1 T-1 gtr 2026-05-05 2 h 41.25"}},
		"the acknowledgement of what a person said itself": {contract.StartDelivered, "", []string{"L-1 T-1 gtr 2026-05-05 1 h 20.63"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := told("2026-05-05T08:00", c.delivered, "2026-05-05T14:00")
			p.Ack = ticket.Ack{Reference: "OP-1", At: at("2026-05-05T09:30")}
			f := group().with(link(1, "college")).outage(1, "2026-05-05T08:00", "2026-05-05T14:00").ticket([]int64{1}, p)
			f.Clauses[0].ClockStart = c.start
			if diff := cmp.Diff(penalties(f.bill(t, "2026-05")), c.want); diff != "" {
				t.Errorf("penalties (-got +want):\n%s", diff)
			}
		})
	}
}

func TestAMassTicketHasAClockForEachLink(t *testing.T) {
	t.Parallel()
	f := group().with(link(1, "college"), link(2, "verdun"), link(3, "lycee"), link(4, "lycee")).
		outage(1, "2026-05-05T08:00", "2026-05-05T11:00").
		outage(2, "2026-05-05T08:00", "2026-05-05T13:30").
		outage(3, "2026-05-05T10:00", "2026-05-05T14:30"). // joined, two hours later
		outage(4, "2026-05-05T08:00", "2026-06-01T00:00"). // the last, in June
		ticket([]int64{1, 2, 3, 4}, told("2026-05-05T08:00", "2026-05-05T08:30", "2026-06-01T00:00"))
	if diff := cmp.Diff(penalties(f.bill(t, "2026-05")), []string{"L-2 T-1 gtr 2026-05-05 1 h 20.63", "L-3 T-1 gtr 2026-05-05 1 h 20.63"}); diff != "" {
		t.Errorf("penalties of May (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(penalties(f.bill(t, "2026-06")), []string{"L-4 T-1 gtr 2026-06-01 636 h 206.25"}); diff != "" {
		t.Errorf("penalties of June (-got +want):\n%s", diff)
	}
}

func TestALinkLeftDownByItsMassIsPenalisedOnce(t *testing.T) {
	t.Parallel()
	f := group().with(link(1, "college"), link(2, "verdun")).
		outage(1, "2026-05-05T08:00", "2026-05-05T09:00").
		outage(2, "2026-05-05T08:00", "2026-05-05T14:00")
	own := told("2026-05-05T08:00", "2026-05-05T09:45", "2026-05-05T14:00")
	both := f.ticket([]int64{1, 2}, told("2026-05-05T08:00", "2026-05-05T08:00", "2026-05-05T09:00")).ticket([]int64{2}, own)
	if diff := cmp.Diff(penalties(both.bill(t, "2026-05")), []string{"L-2 T-1 gtr 2026-05-05 2 h 41.25"}); diff != "" {
		t.Errorf("told of both times (-got +want):\n%s", diff)
	}
	late := f.ticket([]int64{1, 2}, told("2026-05-05T08:00", "", "2026-05-05T09:00")).ticket([]int64{2}, own)
	if diff := cmp.Diff(penalties(late.bill(t, "2026-05")), []string{"L-2 T-2 gtr 2026-05-05 1 h 20.63"}); diff != "" {
		t.Errorf("told of the second time only (-got +want):\n%s", diff)
	}
}

func TestTheClockOfAReopenedTicketGoesOn(t *testing.T) {
	t.Parallel()
	first, second := "2026-05-05T08:00", "2026-05-05T12:00"
	f := group().with(link(1, "college")).outage(1, first, "2026-05-05T11:00").outage(1, second, "2026-05-05T15:00")
	for name, c := range map[string]struct {
		first, second string // deliveries
		want          []string
	}{
		"3 hours, then 3 from the failure on":                       {first, second, []string{"L-1 T-1 gtr 2026-05-05 2 h 41.25"}},
		"3 hours, then 2 from the second message on":                {first, "2026-05-05T13:00", []string{"L-1 T-1 gtr 2026-05-05 1 h 20.63"}},
		"only the first absence, when nothing was said of the next": {first, "", nil},
		"only the second, when nothing was said of the first":       {"", second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := f.ticket([]int64{1}, told(first, c.first, "2026-05-05T11:00"), told(second, c.second, "2026-05-05T15:00"))
			if diff := cmp.Diff(penalties(f.bill(t, "2026-05")), c.want); diff != "" {
				t.Errorf("penalties (-got +want):\n%s", diff)
			}
		})
	}
}

func TestAFlapUnderOneTicketStopsTheClockWhileTheLinkIsUp(t *testing.T) {
	t.Parallel()
	f := group().with(link(1, "college")).outage(1, "2026-05-05T08:00", "2026-05-05T11:00").outage(1, "2026-05-05T12:00", "2026-05-05T13:30").
		ticket([]int64{1}, told("2026-05-05T08:00", "2026-05-05T08:00", "2026-05-05T13:30"))
	b := f.bill(t, "2026-05")
	if diff := cmp.Diff(penalties(b), []string{"L-1 T-1 gtr 2026-05-05 1 h 20.63"}); diff != "" {
		t.Errorf("penalties (-got +want):\n%s", diff)
	}
	if got := b.Penalties[0].Clock.Elapsed; got != 4*time.Hour+30*time.Minute {
		t.Errorf("the clock counted %s, want 4h30m", got)
	}
}

func TestAPenaltyBelongsToTheMonthOfTheRestorationInParis(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		facts         facts
		before, after string
		want          string // month of the penalty
	}{
		"an instant before midnight":   {group().down(1, "2026-05-31T08:00", "2026-05-31T23:59"), "2026-05", "2026-06", "2026-05"},
		"midnight":                     {group().down(1, "2026-05-31T08:00", "2026-06-01T00:00"), "2026-05", "2026-06", "2026-06"},
		"midnight in winter":           {group().down(1, "2026-10-31T08:00", "2026-11-01T00:00"), "2026-10", "2026-11", "2026-11"},
		"after midnight, before UTC's": {group().down(1, "2026-12-31T08:00", "2027-01-01T00:30"), "2026-12", "2027-01", "2027-01"},
		"a ticket that was opened again in the next month": {
			group().outage(1, "2026-05-31T08:00", "2026-05-31T20:00").outage(1, "2026-06-01T00:10", "2026-06-01T06:00").
				ticket([]int64{1}, told("2026-05-31T08:00", "2026-05-31T08:00", "2026-05-31T20:00"), told("2026-06-01T00:10", "2026-06-01T00:10", "2026-06-01T06:00")),
			"2026-05", "2026-06", "2026-06",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := c.facts.with(link(1, "college"))
			var months []string
			for _, month := range []string{c.before, c.after} {
				for range f.bill(t, month).Penalties {
					months = append(months, month)
				}
			}
			if diff := cmp.Diff(months, []string{c.want}); diff != "" {
				t.Errorf("months with a penalty (-got +want):\n%s", diff)
			}
		})
	}
}

func TestADraftShowsThePenaltiesKnownSoFar(t *testing.T) {
	t.Parallel()
	f := group().with(link(1, "college")).down(1, "2026-05-05T08:00", "2026-05-05T14:00").down(1, "2026-05-20T08:00", "2026-05-20T14:00")
	b := f.billAt(t, "2026-05", at("2026-05-20T12:00"))
	if diff := cmp.Diff(penalties(b), []string{"L-1 T-1 gtr 2026-05-05 2 h 41.25"}); diff != "" {
		t.Errorf("penalties (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(members(b), []string{"cea 412.50 + 82.50 = 495.00 - 41.25 = 453.75"}); diff != "" {
		t.Errorf("members (-got +want):\n%s", diff)
	}
}

func TestAPenaltyWithoutPriceIsRefusedAndTheChargesAreBilled(t *testing.T) {
	t.Parallel()
	f := group().with(ended(link(1, "college"), "2026-05-01")).down(1, "2026-04-29T08:00", "2026-05-02T08:00")
	f.Prices[0].To = day("2026-04-30")
	b := f.bill(t, "2026-05")
	want := []string{"L-1 Collège: penalty: ticket T-1: lot lot has no price for item 100M on 2026-04-30: 0.00"}
	if diff := cmp.Diff(refusals(b), want); diff != "" {
		t.Errorf("refusals (-got +want):\n%s", diff)
	}
}

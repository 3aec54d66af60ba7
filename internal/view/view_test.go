package view

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/configs"
	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/incident"
	"vigie/internal/inventory"
	"vigie/internal/linkstate"
	"vigie/internal/org"
	"vigie/internal/sla"
	"vigie/internal/ticket"
)

// noon is a Saturday, 26 December 2026: a holiday in Alsace-Moselle only.
var noon = time.Date(2026, 12, 26, 11, 0, 0, 0, time.UTC)

// town is a small inventory: a school of the Meuse, a school of Alsace that the
// Région owns and a third member pays for by key, and a grappe that serves both.
func town() *inventory.Index {
	service, err := calendar.ParseService("1-7 08:00-18:00")
	if err != nil {
		panic(err)
	}
	service.Holidays = calendar.SiteHolidays
	clause := contract.Clause{Lot: "lot", GTR: 4 * time.Hour, ClockStart: contract.StartDelivered, Service: service}
	return inventory.NewIndex(inventory.Snapshot{
		Organisations: []org.Organisation{{Key: "meuse", Name: "Meuse"}, {Key: "cea", Name: "CeA"}, {Key: "region", Name: "Région"}, {Key: "payer", Name: "Payeur"}},
		Communes:      []inventory.Commune{{INSEE: "55029", Name: "Bar-le-Duc", Departement: "55"}, {INSEE: "67482", Name: "Strasbourg", Departement: "67", Temple: true}},
		Sites: []inventory.Site{
			{ID: 1, Key: "bar", Name: "Collège de Bar", Commune: "55029", Organisation: "meuse"},
			{ID: 2, Key: "stras", Name: "Cité de l’Écluse", Commune: "67482", Organisation: "region"},
		},
		Establishments: []inventory.Establishment{{UAI: "0670001A", Site: "stras", Organisation: "cea"}},
		Operators:      []inventory.Operator{{ID: 1, Key: "op", Name: "Opérateur"}},
		POPs:           []inventory.POP{{ID: 1, Key: "pop", Operator: "op", Name: "POP Nord"}},
		Lots:           []contract.Lot{{Key: "lot", Operator: "op"}},
		Clauses:        []contract.Clause{clause},
		Links: []inventory.Link{
			{ID: 1, Ref: "A-1", Operator: "op", Lot: "lot", POP: "pop", Sites: []string{"bar"}},
			{ID: 2, Ref: "A-2", Operator: "op", Lot: "lot", POP: "pop", Sites: []string{"stras"}},
			{ID: 3, Ref: "G-1", Operator: "op", POP: "pop", Sites: []string{"bar", "stras"}},
			{ID: 4, Ref: "N-1", Operator: "op"},
		},
		Keys: []inventory.KeyShare{{Subject: "stras", Organisation: "payer", Weight: "1"}, {Subject: "G-1", Organisation: "region", Weight: "1"}},
	})
}

func TestATerritoryReachesWhatItsMembersOwnOccupyOrPayFor(t *testing.T) {
	t.Parallel()
	for member, want := range map[string][]string{
		"meuse":  {"A-1", "G-1"},
		"cea":    {"A-2", "G-1"},
		"region": {"A-2", "G-1"},
		"payer":  {"A-2", "G-1"},
		"nobody": nil,
	} {
		r := reach{Index: town(), who: org.User{Role: org.Network, Territory: org.Territory{Organisations: []string{member}}}, day: calendar.Day(noon)}
		var got []string
		for _, link := range r.Links {
			if r.sees(org.SeeLinks, link) {
				got = append(got, link.Ref)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("links of %s (-want +got):\n%s", member, diff)
		}
	}
	all := reach{Index: town(), who: org.User{Role: org.Network, Territory: org.Territory{All: true}}, day: calendar.Day(noon)}
	if names, hidden := all.nameLinks(org.SeeLinks, []int64{4, 1, 99}); len(names) != 2 || hidden != 1 {
		t.Errorf("the whole territory names %v and hides %d, want the link of nobody too and one that is not there", names, hidden)
	}
}

func TestATicketOverSeveralCommunesHasAClockForEachCalendar(t *testing.T) {
	t.Parallel()
	r := reach{Index: town(), who: org.User{Role: org.Network, Territory: org.Territory{All: true}}, day: calendar.Day(noon)}
	period := ticket.Period{Since: noon, DeliveredAt: noon}
	clocks := r.clocks(TicketFile{Ticket: ticket.Ticket{Kind: incident.KindMass, Links: []int64{1, 2, 3, 4}}}, period, noon.Add(5*time.Hour))
	if len(clocks) != 2 {
		t.Fatalf("%d clocks, want one for the Meuse and one for Alsace; links without a clause have none", len(clocks))
	}
	meuse, alsace := clocks[0].Reading, clocks[1].Reading
	if meuse.Overrun != time.Hour || !alsace.Start.Equal(time.Date(2026, 12, 27, 7, 0, 0, 0, time.UTC)) || alsace.Elapsed != 0 {
		t.Errorf("Meuse overrun %s, want 1h; Alsace starts %s with %s elapsed, want the next morning and nothing", meuse.Overrun, alsace.Start, alsace.Elapsed)
	}
	if !worse(meuse, alsace) || worse(alsace, meuse) || worse(sla.Reading{}, alsace) {
		t.Error("the clock that is exceeded is not the worse one")
	}
}

func TestAPowerCutThatARouterToldIsNoTimeOfTheClock(t *testing.T) {
	t.Parallel()
	r := reach{Index: town(), who: org.User{Role: org.Network, Territory: org.Territory{All: true}}, day: calendar.Day(noon)}
	back := noon.Add(5 * time.Hour)
	period := ticket.Period{Since: noon, DeliveredAt: noon, RestoredAt: back}
	outage := func(link int64, origin sla.Origin) Outage {
		return Outage{Link: link, From: noon, To: back, Finding: sla.Finding{Origin: origin, Asked: back, Started: noon}}
	}
	file := TicketFile{Ticket: ticket.Ticket{Links: []int64{1, 2}}}
	for name, test := range map[string]struct {
		told []Outage
		want time.Duration
	}{
		"nothing told":                                 {nil, time.Hour},
		"the line failed":                              {[]Outage{outage(1, sla.FromLine)}, time.Hour},
		"the power failed":                             {[]Outage{outage(1, sla.FromRestart)}, 0},
		"the power of another link failed":             {[]Outage{outage(2, sla.FromRestart)}, time.Hour},
		"the router failed, power and line were there": {[]Outage{ofKind(outage(1, sla.FromRestart), incident.KindRouter)}, time.Hour},
	} {
		file.Told = test.told
		clocks := r.clocks(file, period, back)
		if got := clocks[0].Reading.Overrun; got != test.want || clocks[0].Links[0].ID != 1 {
			t.Errorf("%s: the clock of link %d is exceeded by %s, want %s", name, clocks[0].Links[0].ID, got, test.want)
		}
	}
	all := r.told(org.SeeTickets, []Outage{outage(1, sla.FromRestart), outage(2, sla.FromLine), outage(99, sla.FromLine)})
	if len(all) != 2 || !all[0].Requalified() || all[1].Requalified() {
		t.Errorf("told of %+v, want links 1 and 2", all)
	}
	other := Told{Outage: Outage{From: back}}
	if in := toldList(append(all, other)).in(period); len(in) != 2 {
		t.Errorf("%d outages belong to the absence, want 2", len(in))
	}
}

func TestFiltersKeepWhatTheyName(t *testing.T) {
	t.Parallel()
	link := BoardLink{Status: linkstate.Down, LinkName: LinkName{
		Ref: "A-2", Operator: "op", OperatorName: "Opérateur", POP: "POP Nord",
		Sites: []SiteName{{Name: "Cité de l’Écluse", Commune: "Strasbourg", Departement: "67"}},
	}}
	for _, row := range []struct {
		filter Filter
		want   bool
	}{
		{Filter{}, true},
		{Filter{Text: "ecluse strasb"}, true},
		{Filter{Text: "L'ÉCLUSE a-2"}, true},
		{Filter{Text: "ecluse nancy"}, false},
		{Filter{Status: "down", Operator: "op", Departement: "67"}, true},
		{Filter{Status: "up"}, false},
		{Filter{Departement: "55"}, false},
	} {
		if got := row.filter.keeps(link); got != row.want {
			t.Errorf("filter %+v keeps the link: %t, want %t", row.filter, got, row.want)
		}
	}
}

func TestMaintenanceCoversByScope(t *testing.T) {
	t.Parallel()
	link := inventory.Link{Ref: "A-2", Operator: "op", POP: "pop", Sites: []string{"stras"}}
	for subject, want := range map[inventory.Maintenance]bool{
		{Scope: inventory.ScopeLink, Subject: "A-2"}:    true,
		{Scope: inventory.ScopeSite, Subject: "stras"}:  true,
		{Scope: inventory.ScopePOP, Subject: "pop"}:     true,
		{Scope: inventory.ScopeOperator, Subject: "op"}: true,
		{Scope: inventory.ScopeLink, Subject: "A-1"}:    false,
		{Scope: inventory.ScopeSite, Subject: "A-2"}:    false,
		{Scope: "elsewhere", Subject: "A-2"}:            false,
	} {
		if got := covers(subject, link); got != want {
			t.Errorf("%s %s covers the link: %t, want %t", subject.Scope, subject.Subject, got, want)
		}
	}
}

func TestASeriesNamesTheWorksInsideItsWindow(t *testing.T) {
	t.Parallel()
	w := Window{From: noon, To: noon.Add(time.Hour)}
	works := func(subject string, from, to time.Duration) inventory.Maintenance {
		return inventory.Maintenance{Scope: inventory.ScopeLink, Subject: subject, From: noon.Add(from), To: noon.Add(to)}
	}
	r := reach{Index: inventory.NewIndex(inventory.Snapshot{Maintenances: []inventory.Maintenance{
		works("A-1", -time.Hour, 0), works("A-1", -time.Hour, time.Minute), works("A-2", 0, time.Hour),
		works("A-1", 30*time.Minute, 2*time.Hour), works("A-1", time.Hour, 2*time.Hour),
	}})}
	want := []Window{{From: noon.Add(-time.Hour), To: noon.Add(time.Minute)}, {From: noon.Add(30 * time.Minute), To: noon.Add(2 * time.Hour)}}
	if diff := cmp.Diff(want, r.maintenances(inventory.Link{Ref: "A-1"}, w)); diff != "" {
		t.Errorf("works (-want +got):\n%s", diff)
	}
}

func TestCoverageCountsOnlyWhatWasDue(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	now := noon.Add(time.Hour + 20*time.Second)
	whole := func(from, to int) (points []Point) {
		for m := from; m < to; m++ {
			points = append(points, Point{At: at(m), CoveredMillis: 1000})
		}
		return points
	}
	for name, row := range map[string]struct {
		points []Point
		starts time.Time
		want   Coverage
	}{
		"everything, the last minute not due yet": {whole(0, 59), time.Time{}, Coverage{59000, 59000}},
		"everything, the last minute early":       {whole(0, 60), time.Time{}, Coverage{60000, 60000}},
		"a hole of ten minutes":                   {append(whole(0, 20), whole(30, 60)...), time.Time{}, Coverage{50000, 60000}},
		"nothing":                                 {nil, time.Time{}, Coverage{0, 59000}},
		"in service since twenty past":            {whole(20, 60), at(20), Coverage{40000, 40000}},
		"not in service yet":                      {nil, at(90), Coverage{}},
	} {
		got := newSeries(Hour, Hour.window(now), row.points, row.starts, now).Coverage
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheMostUrgentStandsFirst(t *testing.T) {
	t.Parallel()
	down, later := BoardLink{Status: linkstate.Down, Since: noon}, BoardLink{Status: linkstate.Down, Since: noon.Add(time.Hour)}
	degraded, unknown := BoardLink{Status: linkstate.Degraded, Since: noon}, BoardLink{Status: linkstate.Unknown, Since: noon}
	order := []BoardLink{later, down, degraded, unknown}
	for i := range len(order) - 1 {
		if compareUrgency(order[i], order[i+1]) >= 0 || compareUrgency(order[i+1], order[i]) <= 0 {
			t.Errorf("%s since %s does not stand before %s since %s", order[i].Status, order[i].Since, order[i+1].Status, order[i+1].Since)
		}
	}
}

func TestDepartementsHaveTheirNames(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"67": "Bas-Rhin (67)", "2A": "Corse-du-Sud (2A)", "971": "Guadeloupe (971)", "": "", "99": "99"} {
		if got := DepartementName(code); got != want {
			t.Errorf("département %q is %q, want %q", code, got, want)
		}
	}
	if len(departementNames) != 101 {
		t.Errorf("%d départements, want 101", len(departementNames))
	}
}

func FuzzParseRange(f *testing.F) {
	f.Add("1h")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		g, err := ParseRange(text)
		if err == nil && g.window(noon).From.After(noon) {
			t.Errorf("range %q begins after its end", text)
		}
	})
}

func ofKind(o Outage, kind incident.Kind) Outage {
	o.Kind = kind
	return o
}

func TestANoticeWarnsOfTheEndOfTheSchoolCalendar(t *testing.T) {
	t.Parallel()
	vacations, err := calendar.ReadVacations(configs.VacationsName, bytes.NewReader(configs.Vacations))
	if err != nil {
		t.Fatal(err)
	}
	r := reach{Index: town(), who: org.User{Role: org.Network, Territory: org.Territory{All: true}}}
	ends := calendar.Midnight(vacations.Ends())
	for _, c := range []struct {
		now  time.Time
		want time.Time
	}{
		{ends.AddDate(0, 0, -43), time.Time{}},
		{ends.AddDate(0, 0, -42), vacations.Ends().AddDate(0, 0, -1)},
		{ends.AddDate(1, 0, 0), vacations.Ends().AddDate(0, 0, -1)},
	} {
		if n := New(nil, time.Minute, vacations).notices(r, Live{}, c.now); !n.CalendarUntil.Equal(c.want) {
			t.Errorf("%s: until %s, want %s", c.now, n.CalendarUntil, c.want)
		}
	}
}

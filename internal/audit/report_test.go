package audit_test

import (
	"bytes"
	"encoding/json"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"vigie/internal/audit"
	"vigie/internal/org"
)

func TestEachSeesTheirTerritoryAndCostsByRole(t *testing.T) {
	t.Parallel()
	r := newWorld().report(t, audit.CivilYear(2026))
	mine := org.Territory{Organisations: []string{"meuse"}}
	for name, c := range map[string]struct {
		who   org.User
		links []string
		costs bool
	}{
		"the region's auditor":        {org.User{Role: org.Auditor, Territory: org.Territory{All: true}}, []string{"L-1", "L-3", "L-2"}, true},
		"the region's network team":   {org.User{Role: org.Network, Territory: org.Territory{All: true}}, []string{"L-1", "L-3", "L-2"}, false},
		"the finance desk of Meuse":   {org.User{Role: org.Finance, Territory: mine}, []string{"L-2"}, true},
		"the network team of Meuse":   {org.User{Role: org.Network, Territory: mine}, []string{"L-2"}, false},
		"somebody who was locked out": {org.User{Role: org.Admin, Territory: org.Territory{All: true}, Disabled: true}, nil, false},
	} {
		seen := r.For(c.who)
		var links []string
		for _, l := range seen.Lines {
			links = append(links, l.Link)
			if _, ok := l.PerMbit(); ok != (c.costs && l.Cost.Billed) || !c.costs && l.Cost.HT != 0 {
				t.Errorf("%s: the cost of %s is %+v", name, l.Link, l.Cost)
			}
		}
		if diff := gocmp.Diff(c.links, links); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if seen.Costs() != c.costs {
			t.Errorf("%s: costs are shown: %t", name, seen.Costs())
		}
	}
}

func TestSitesAddUpTheirLinks(t *testing.T) {
	t.Parallel()
	r := newWorld().report(t, audit.CivilYear(2026))
	sites, err := r.Sites()
	if err != nil {
		t.Fatal(err)
	}
	first := sites[0]
	if first.Key != "college" || len(first.Links) != 2 || first.DownKbps != 120_000 || first.Cost.HT != 365*1000 {
		t.Errorf("the collège: %+v", first)
	}
	if got, ok := first.PerPupil(); got != 300_000 || !ok {
		t.Errorf("%d bit/s for each pupil, want 300 kbit/s", got)
	}
	if _, ok := sites[1].PerPupil(); ok {
		t.Error("Verdun's pupils are not known, and it has a rate for each")
	}
	total, err := r.Total()
	if err != nil || total.HT != 365*3000 || total.Penalties != 5 {
		t.Errorf("total %+v, %v", total, err)
	}
	if got, _ := line(t, r, "L-1").PerMbit(); got != 3650 {
		t.Errorf("a Mbit/s of L-1 cost %s, want 36.50", got)
	}
}

func TestAReportSurvivesItsJSON(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.carry(1, day("2026-01-01"), day("2027-01-01"), steady(1_000_000, 0))
	r := w.report(t, audit.CivilYear(2026))
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(`"P95":8000000`)) || !bytes.Contains(text, []byte(`"P95":null`)) {
		t.Errorf("no figure, or no absence, in %.300s", text)
	}
	var again audit.Report
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(r, again, gocmp.FilterPath(func(p gocmp.Path) bool { return p.Last().String() == ".owners" }, gocmp.Ignore()), gocmp.AllowUnexported(audit.Line{})); diff != "" {
		t.Errorf("(-made +read):\n%s", diff)
	}
}

func TestPeriodsByName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ got, want audit.Period }{
		"civil year":    {audit.CivilYear(2026), days("2026-01-01", "2027-01-01")},
		"school year":   {audit.SchoolYear(2025), days("2025-09-01", "2026-09-01")},
		"twelve months": {audit.LastTwelveMonths(at("2026-11-25T10:00")), days("2025-11-01", "2026-11-01")},
		"in January":    {audit.LastTwelveMonths(at("2027-01-01T00:30")), days("2026-01-01", "2027-01-01")},
	} {
		if c.got != c.want {
			t.Errorf("%s: %+v, want %+v", name, c.got, c.want)
		}
	}
}

package invoicing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/inventory"
	"vigie/internal/invoicing"
	"vigie/internal/org"
)

// three makes the cité a site of three members.
func three(f facts) facts {
	f.Establishments = append(f.Establishments, inventory.Establishment{UAI: "6", Site: "cite", Organisation: "meuse"})
	return f
}

func TestASharedSiteIsSplitByItsKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		facts facts
		month string
		want  []string
	}{
		"three members (case C1)": {
			three(group()).price(60002).with(link(1, "cite")).key("cite", "2026-01-01", "", "cea 1127", "meuse 389", "region 512"), "2026-05",
			[]string{
				"cea L-1 subscription [2026-05-01, 2026-06-01) 333.44 + 66.69 = 400.13",
				"meuse L-1 subscription [2026-05-01, 2026-06-01) 115.09 + 23.02 = 138.11",
				"region L-1 subscription [2026-05-01, 2026-06-01) 151.49 + 30.29 = 181.78",
			},
		},
		"three equal members (case C3)": {
			three(group()).price(10000).with(link(1, "cite")).key("cite", "2026-01-01", "", "region 1", "cea 1", "meuse 1"), "2026-05",
			[]string{
				"cea L-1 subscription [2026-05-01, 2026-06-01) 33.34 + 6.67 = 40.01",
				"meuse L-1 subscription [2026-05-01, 2026-06-01) 33.33 + 6.67 = 40.00",
				"region L-1 subscription [2026-05-01, 2026-06-01) 33.33 + 6.66 = 39.99",
			},
		},
		"a key that changes on the 16th": {
			group().with(link(1, "cite")).key("cite", "2025-09-01", "2026-05-16", "region 1272", "cea 766").key("cite", "2026-05-16", "", "region 1267", "cea 768"), "2026-05",
			[]string{
				"cea L-1 prorata [2026-05-01, 2026-05-16) 75.02 + 15.00 = 90.02",
				"cea L-1 prorata [2026-05-16, 2026-06-01) 80.35 + 16.07 = 96.42",
				"region L-1 prorata [2026-05-01, 2026-05-16) 124.58 + 24.92 = 149.50",
				"region L-1 prorata [2026-05-16, 2026-06-01) 132.55 + 26.51 = 159.06",
			},
		},
		"a key that changes on the 1st leaves the month whole": {
			group().with(link(1, "cite")).key("cite", "2025-09-01", "2026-05-01", "region 9", "cea 1").key("cite", "2026-05-01", "", "region 1", "cea 1"), "2026-05",
			[]string{
				"cea L-1 subscription [2026-05-01, 2026-06-01) 206.25 + 41.25 = 247.50",
				"region L-1 subscription [2026-05-01, 2026-06-01) 206.25 + 41.25 = 247.50",
			},
		},
		"a grappe of one member needs no key": {
			group().with(link(1, "college", "college-2")).site("college-2", "cea"), "2026-05",
			[]string{"cea L-1 subscription [2026-05-01, 2026-06-01) 412.50 + 82.50 = 495.00"},
		},
		"a grappe of two members has a key of its own": {
			group().with(link(1, "college", "lycee")).key("L-1", "2026-01-01", "", "region 738", "cea 712").key("college", "2026-01-01", "", "meuse 1"), "2026-05",
			[]string{
				"cea L-1 subscription [2026-05-01, 2026-06-01) 202.55 + 40.51 = 243.06",
				"region L-1 subscription [2026-05-01, 2026-06-01) 209.95 + 41.99 = 251.94",
			},
		},
		"a site of one member is paid whole, whatever key is left over": {
			group().with(link(1, "college")).key("college", "2025-09-01", "2026-05-16", "region 1", "cea 1"), "2026-05",
			[]string{"cea L-1 subscription [2026-05-01, 2026-06-01) 412.50 + 82.50 = 495.00"},
		},
		"a site without school is its owner's": {
			group().with(link(1, "room")).owned("room", "meuse"), "2026-05",
			[]string{"meuse L-1 subscription [2026-05-01, 2026-06-01) 412.50 + 82.50 = 495.00"},
		},
		"a school that closes on the 16th leaves the other to pay from then on": {
			group().with(link(1, "cite")).key("cite", "2025-09-01", "", "region 1", "cea 1").closed("4", "2026-05-16"), "2026-05",
			[]string{
				"cea L-1 prorata [2026-05-01, 2026-05-16) 99.80 + 19.96 = 119.76",
				"region L-1 prorata [2026-05-01, 2026-05-16) 99.80 + 19.96 = 119.76",
				"region L-1 prorata [2026-05-16, 2026-06-01) 212.90 + 42.58 = 255.48",
			},
		},
		"a school that closes beside another of its member changes nothing": {
			group().with(link(1, "college")).school("7", "college", "cea").closed("7", "2026-05-16"), "2026-05",
			[]string{"cea L-1 subscription [2026-05-01, 2026-06-01) 412.50 + 82.50 = 495.00"},
		},
		"a site that loses its school on the 16th goes back to its owner": {
			group().with(link(1, "room")).owned("room", "meuse").school("7", "room", "cea").closed("7", "2026-05-16"), "2026-05",
			[]string{
				"cea L-1 prorata [2026-05-01, 2026-05-16) 199.60 + 39.92 = 239.52",
				"meuse L-1 prorata [2026-05-16, 2026-06-01) 212.90 + 42.58 = 255.48",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := c.facts.bill(t, c.month)
			if diff := cmp.Diff(lines(b), c.want); diff != "" {
				t.Errorf("lines (-got +want):\n%s", diff)
			}
			if len(b.Refusals) > 0 {
				t.Errorf("refused: %q", refusals(b))
			}
		})
	}
}

// owned adds a site without school.
func (f facts) owned(site, owner string) facts {
	f.Sites = append(f.Sites, inventory.Site{Key: site, Name: "Site " + site, Organisation: owner, Commune: "67482"})
	return f
}

// site adds a site with a school of its owner.
func (f facts) site(site, owner string) facts {
	return f.owned(site, owner).school("U-"+site, site, owner)
}

func (f facts) school(uai, site, member string) facts {
	f.Establishments = append(f.Establishments, inventory.Establishment{UAI: uai, Site: site, Organisation: member})
	return f
}

func (f facts) closed(uai, on string) facts {
	for i := range f.Establishments {
		if f.Establishments[i].UAI == uai {
			f.Establishments[i].Ends = day(on)
		}
	}
	return f
}

func TestASiteThatCannotBeSplitIsRefusedByNameAndStaysUnassigned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		facts facts
		want  []string
	}{
		"no key": {
			group().with(link(1, "cite")),
			[]string{"L-1 Cité: key: L-1 (Cité) on 2026-05-01: no key in force: 412.50"},
		},
		"a key that begins inside the month": {
			group().with(link(1, "cite")).key("cite", "2026-05-16", "", "region 1", "cea 1"),
			[]string{"L-1 Cité: key: L-1 (Cité) on 2026-05-01: no key in force: 412.50"},
		},
		"a key that ends inside the month": {
			group().with(link(1, "cite")).key("cite", "2025-09-01", "2026-05-16", "region 1", "cea 1"),
			[]string{"L-1 Cité: key: L-1 (Cité) on 2026-05-16: no key in force: 412.50"},
		},
		"a grappe of two members with the key of a site only": {
			group().with(link(1, "cite", "lycee")).key("cite", "2025-09-01", "", "region 1", "cea 1"),
			[]string{"L-1 Cité ; Lycée: key: L-1 (Cité ; Lycée) on 2026-05-01: no key in force: 412.50"},
		},
		"a weight that is no number": {
			group().with(link(1, "cite")).key("cite", "2025-09-01", "", "region x", "cea 1"),
			[]string{`L-1 Cité: key: key of cite, weight of region: "x" is not valid: expected a decimal number such as 121,2 or 121.2: 0.00`},
		},
		"a payer without budget line": {
			group().with(link(1, "cite")).key("cite", "2025-09-01", "", "region 1", "cea 1").member("region", ""),
			[]string{`L-1 Cité: budget-line: L-1 (Cité): payer "region": no imputation is known for the payer: 412.50`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := c.facts.with(link(2, "verdun")).bill(t, "2026-05")
			if diff := cmp.Diff(refusals(b), c.want); diff != "" {
				t.Errorf("refusals (-got +want):\n%s", diff)
			}
			want := []string{"meuse 412.50 + 82.50 = 495.00 - 0.00 = 495.00"}
			if b.Refusals[0].HT > 0 {
				want = append([]string{invoicing.Unassigned + " 412.50 + 82.50 = 495.00 - 0.00 = 495.00"}, want...)
			}
			if diff := cmp.Diff(members(b), want); diff != "" {
				t.Errorf("members (-got +want):\n%s", diff)
			}
		})
	}
}

// member changes the budget line of an organisation.
func (f facts) member(key, budgetLine string) facts {
	f.Organisations = append([]org.Organisation(nil), f.Organisations...)
	for i := range f.Organisations {
		if f.Organisations[i].Key == key {
			f.Organisations[i].BudgetLine = budgetLine
		}
	}
	return f
}

func TestThePenaltyOfARefusedSiteStaysUnassignedToo(t *testing.T) {
	t.Parallel()
	b := group().with(link(1, "cite")).down(1, "2026-05-05T08:00", "2026-05-05T13:00").bill(t, "2026-05")
	want := []string{invoicing.Unassigned + " 412.50 + 82.50 = 495.00 - 20.63 = 474.37"}
	if diff := cmp.Diff(members(b), want); diff != "" {
		t.Errorf("members (-got +want):\n%s", diff)
	}
}

func TestThePenaltyOfASharedSiteIsSplitByTheKeyOfItsDay(t *testing.T) {
	t.Parallel()
	f := group().with(link(1, "cite")).key("cite", "2025-09-01", "2026-05-16", "region 3", "cea 1").key("cite", "2026-05-16", "", "region 1", "cea 1")
	b := f.down(1, "2026-05-15T20:00", "2026-05-16T01:00").bill(t, "2026-05")
	credits := map[string]string{}
	for _, m := range b.Members {
		credits[m.Key] = m.Totals.Credits.String()
	}
	if diff := cmp.Diff(credits, map[string]string{"cea": "10.32", "region": "10.31"}); diff != "" {
		t.Errorf("20.63 split (-got +want):\n%s", diff)
	}
}

package intake

import (
	"regexp"
	"strings"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/org"
)

// The files of the inventory.
const (
	organisationsFile  = "organisations.csv"
	communesFile       = "communes.csv"
	sitesFile          = "sites.csv"
	establishmentsFile = "establishments.csv"
	contactsFile       = "contacts.csv"
	operatorsFile      = "operators.csv"
	popsFile           = "pops.csv"
	marketsFile        = "markets.csv"
	lotsFile           = "lots.csv"
	clausesFile        = "clauses.csv"
	pricesFile         = "prices.csv"
	linksFile          = "links.csv"
	termsFile          = "terms.csv"
	routersFile        = "routers.csv"
	canariesFile       = "canaries.csv"
	keysFile           = "keys.csv"
	maintenancesFile   = "maintenances.csv"
	checksFile         = "checks.csv"
)

// sheets lists every table; what a row refers to comes before it.
var sheets = []sheet{
	organisationTable, communeTable, siteTable, establishmentTable, contactTable, operatorTable, popTable, marketTable,
	lotTable, clauseTable, priceTable, linkTable, termsTable, routerTable, canaryTable, keyShareTable, maintenanceTable,
	checkTable,
}

var organisationTable = table[org.Organisation]{
	file: organisationsFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]org.Organisation { return &s.Organisations },
	columns: []column[org.Organisation]{
		key("key", func(o *org.Organisation) *string { return &o.Key }),
		text("name", func(o *org.Organisation) *string { return &o.Name }).must(),
		enum("kind", func(o *org.Organisation) *org.Kind { return &o.Kind },
			org.Region, org.Departement, org.Collectivite, org.Academie, org.School).must(),
		checked("siret", func(o *org.Organisation) *string { return &o.SIRET }, checkSIRET),
		text("budget_line", func(o *org.Organisation) *string { return &o.BudgetLine }),
		text("source", func(o *org.Organisation) *string { return &o.Source }).must(),
	},
}

var (
	inseeForm       = regexp.MustCompile(`^([0-9]{2}|2[AB])[0-9]{3}$`)
	departementForm = regexp.MustCompile(`^([0-9]{2,3}|2[AB])$`)
	postcodeForm    = regexp.MustCompile(`^[0-9]{5}$`)
)

var communeTable = table[inventory.Commune]{
	file: communesFile,
	key:  []string{"insee"},
	rows: func(s *inventory.Snapshot) *[]inventory.Commune { return &s.Communes },
	columns: []column[inventory.Commune]{
		pattern("insee", func(c *inventory.Commune) *string { return &c.INSEE }, inseeForm, "is not an INSEE code of 5 characters").must(),
		text("name", func(c *inventory.Commune) *string { return &c.Name }).must(),
		pattern("departement", func(c *inventory.Commune) *string { return &c.Departement }, departementForm, "is not the code of a département").must(),
		boolean("temple", func(c *inventory.Commune) *bool { return &c.Temple }).must(),
		text("source", func(c *inventory.Commune) *string { return &c.Source }).must(),
	},
	rules: func(c *inventory.Commune) []finding {
		if strings.HasPrefix(c.INSEE, c.Departement) {
			return nil
		}
		return []finding{{"departement", c.Departement, "does not begin the INSEE code " + c.INSEE}}
	},
}

var siteTable = table[inventory.Site]{
	file: sitesFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]inventory.Site { return &s.Sites },
	columns: []column[inventory.Site]{
		key("key", func(s *inventory.Site) *string { return &s.Key }),
		text("name", func(s *inventory.Site) *string { return &s.Name }).must(),
		enum("kind", func(s *inventory.Site) *inventory.SiteKind { return &s.Kind },
			inventory.College, inventory.Lycee, inventory.CiteScolaire, inventory.CFA, inventory.Agricole, inventory.Internal).must(),
		text("address", func(s *inventory.Site) *string { return &s.Address }),
		pattern("postcode", func(s *inventory.Site) *string { return &s.Postcode }, postcodeForm, "is not a postcode of 5 digits"),
		foreign("commune", func(s *inventory.Site) *string { return &s.Commune }).must(),
		degrees("latitude", func(s *inventory.Site) *float64 { return &s.Latitude }, 90),
		degrees("longitude", func(s *inventory.Site) *float64 { return &s.Longitude }, 180),
		foreign("organisation", func(s *inventory.Site) *string { return &s.Organisation }).must(),
		day("ends", func(s *inventory.Site) *time.Time { return &s.Ends }),
		text("source", func(s *inventory.Site) *string { return &s.Source }).must(),
	},
	refers: func(s *inventory.Site) []reference {
		return []reference{{"commune", s.Commune, []string{communesFile}}, {"organisation", s.Organisation, []string{organisationsFile}}}
	},
	rules:  func(s *inventory.Site) []finding { return bothDegrees(s.Latitude, s.Longitude) },
	period: func(s *inventory.Site) (from, to *time.Time) { return nil, &s.Ends },
}

var establishmentTable = table[inventory.Establishment]{
	file: establishmentsFile,
	key:  []string{"uai"},
	rows: func(s *inventory.Snapshot) *[]inventory.Establishment { return &s.Establishments },
	columns: []column[inventory.Establishment]{
		checked("uai", func(e *inventory.Establishment) *string { return &e.UAI }, checkUAI).must(),
		text("name", func(e *inventory.Establishment) *string { return &e.Name }).must(),
		enum("kind", func(e *inventory.Establishment) *inventory.EstablishmentKind { return &e.Kind },
			inventory.KindCollege, inventory.KindLyceeGT, inventory.KindLyceePro, inventory.KindLyceePoly,
			inventory.KindCFA, inventory.KindAgricole).must(),
		foreign("site", func(e *inventory.Establishment) *string { return &e.Site }).must(),
		foreign("organisation", func(e *inventory.Establishment) *string { return &e.Organisation }).must(),
		integer("pupils", func(e *inventory.Establishment) *int { return &e.Pupils }, 1, 20_000),
		integer("pupils_year", func(e *inventory.Establishment) *int { return &e.PupilsYear }, 1900, 2200),
		day("ends", func(e *inventory.Establishment) *time.Time { return &e.Ends }),
		text("source", func(e *inventory.Establishment) *string { return &e.Source }).must(),
	},
	refers: func(e *inventory.Establishment) []reference {
		return []reference{{"site", e.Site, []string{sitesFile}}, {"organisation", e.Organisation, []string{organisationsFile}}}
	},
	rules: func(e *inventory.Establishment) []finding {
		if (e.Pupils == 0) == (e.PupilsYear == 0) {
			return nil
		}
		return []finding{{"pupils_year", "", "goes with pupils: both or neither"}}
	},
	period: func(e *inventory.Establishment) (from, to *time.Time) { return nil, &e.Ends },
}

var contactTable = table[inventory.Contact]{
	file: contactsFile,
	key:  []string{"key"},
	rows: func(s *inventory.Snapshot) *[]inventory.Contact { return &s.Contacts },
	columns: []column[inventory.Contact]{
		key("key", func(c *inventory.Contact) *string { return &c.Key }),
		foreign("site", func(c *inventory.Contact) *string { return &c.Site }).must(),
		text("name", func(c *inventory.Contact) *string { return &c.Name }).must(),
		text("phone", func(c *inventory.Contact) *string { return &c.Phone }),
		email("email", func(c *inventory.Contact) *string { return &c.Email }),
		custom("hours",
			func(c *inventory.Contact, text string) string {
				service, err := calendar.ParseService(text)
				if err != nil {
					return notService
				}
				c.Hours = service.String()
				return ""
			},
			func(c *inventory.Contact) string { return c.Hours }),
		text("source", func(c *inventory.Contact) *string { return &c.Source }).must(),
	},
	refers: func(c *inventory.Contact) []reference { return []reference{{"site", c.Site, []string{sitesFile}}} },
}

const notService = "is not 24x7 or ISO weekdays and hours such as 1-5 08:00-18:00"

func bothDegrees(latitude, longitude float64) []finding {
	if (latitude == 0) == (longitude == 0) {
		return nil
	}
	return []finding{{"longitude", "", "goes with latitude: both or neither"}}
}

// checkUAI verifies the form and the control letter of a UAI: the seven digits
// modulo 23, in an alphabet without I, O and Q.
func checkUAI(text string) string {
	const letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
	if len(text) != 8 {
		return "is not a UAI (7 digits and a letter)"
	}
	rest := 0
	for _, digit := range []byte(text[:7]) {
		if digit < '0' || digit > '9' {
			return "is not a UAI (7 digits and a letter)"
		}
		rest = (rest*10 + int(digit-'0')) % len(letters)
	}
	if text[7] != letters[rest] {
		return "has a wrong control letter: " + letters[rest:rest+1] + " is expected"
	}
	return ""
}

// checkSIRET verifies the length and the Luhn sum of a SIRET.
func checkSIRET(text string) string {
	if len(text) != 14 || strings.Trim(text, "0123456789") != "" {
		return "is not a SIRET of 14 digits"
	}
	sum := 0
	for i, digit := range []byte(text) {
		value := int(digit - '0')
		if i%2 == 0 {
			value *= 2
		}
		sum += value/10 + value%10
	}
	if sum%10 != 0 {
		return "is not a SIRET: its control digit is wrong"
	}
	return ""
}

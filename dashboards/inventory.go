package dashboards

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/internal/i18n"
	"vigie/internal/intake"
	"vigie/internal/view"
)

// InventoryPage shows what the inventory holds, and takes files.
type InventoryPage struct {
	Shell
	Tables   []intake.TableCount
	Waiting  int      // questions that wait for a person
	Mappings []string // ready ones, by file name
	Problem  string   // of the files just given, a key of the family "import.problem."
	// Doubted are the links that are not watched on an address of their own.
	Doubted []view.DoubtedLink
}

func (*InventoryPage) template() string { return "inventory" }

// RecordsPage lists the rows of a table.
type RecordsPage struct {
	Shell
	Table string
	Text  string // searched for
	Rows  []intake.Listed
	Total int // found; Rows are the first of them
}

func (*RecordsPage) template() string { return "records" }

// RecordPage shows a row as a form, with what happened to it.
type RecordPage struct {
	Shell
	Form    intake.Form
	History []intake.Recorded
	People  map[int64]string
	From    string // the day typed, from which the change holds
	// Typed is what was typed while somebody else changed the row; the form then shows
	// what is stored.
	Typed []intake.Value
	// Again says that the form was given back with problems.
	Again bool
}

func (*RecordPage) template() string { return "record" }

// DraftPage shows what files would change.
type DraftPage struct {
	Shell
	Draft   intake.Draft
	Preview intake.Preview
}

func (*DraftPage) template() string { return "draft" }

// Savable reports whether the draft may be accepted.
func (p *DraftPage) Savable() bool {
	return len(p.Preview.Problems.List) == 0 && p.Preview.Refused == "" && (!p.Preview.Empty() || len(p.Preview.Review) > 0)
}

// ReviewPage asks which stored things rows of files mean.
type ReviewPage struct {
	Shell
	Waiting []intake.Waiting
	// Undecided says that the last answer gave no key, Problems why it was not taken.
	Undecided bool
	Problems  intake.Problems
}

func (*ReviewPage) template() string { return "review" }

// columnLabel names a column of the inventory.
func columnLabel(p i18n.Printer, name string) string {
	if !p.Has("column." + name) {
		return name
	}
	return p.T("column." + name)
}

// choiceLabel names a value of a closed list; the code stands beside it, because files
// hold the code.
func choiceLabel(p i18n.Printer, value string) string {
	if !p.Has("choice." + value) {
		return value
	}
	return p.T("choice."+value) + " (" + value + ")"
}

// columnHint helps to fill in a column, in this table or in any; empty where nothing needs
// to be said.
func columnHint(p i18n.Printer, table, name string) string {
	if p.Has("hint." + table + "." + name) {
		return p.T("hint." + table + "." + name)
	}
	if p.Has("hint." + name) {
		return p.T("hint." + name)
	}
	return ""
}

// worded are the expectations of intake that the catalogues know, with their keys.
var worded = []struct {
	form *regexp.Regexp
	key  string
}{
	{regexp.MustCompile(`^is required$`), "expected.required"},
	{regexp.MustCompile(`^is not a key `), "expected.key"},
	{regexp.MustCompile(`^is not one of (.*)$`), "expected.choice"},
	{regexp.MustCompile(`^is not a date `), "expected.day"},
	{regexp.MustCompile(`^is not a moment `), "expected.moment"},
	{regexp.MustCompile(`^is neither in .* nor stored$`), "expected.reference"},
	{regexp.MustCompile(`^is not an IPv4 or IPv6 address$`), "expected.address"},
	{regexp.MustCompile(`^is not a mail address `), "expected.mail"},
	{regexp.MustCompile(`^is not a postcode `), "expected.postcode"},
	{regexp.MustCompile(`^is not an INSEE code `), "expected.insee"},
	{regexp.MustCompile(`^is not a whole number from (\S+) to (\S+)$`), "expected.integer"},
	{regexp.MustCompile(`^is not a number above 0 and up to (\S+), with at most 3 decimals$`), "expected.positive"},
	{regexp.MustCompile(`^is not a decimal number from 0 to (\S+)$`), "expected.decimal"},
	{regexp.MustCompile(`^is not a decimal number of degrees from `), "expected.degrees"},
	{regexp.MustCompile(`^is not an amount in euros `), "expected.euros"},
	{regexp.MustCompile(`^has a wrong control letter: (.) is expected$`), "expected.uai.letter"},
	{regexp.MustCompile(`^is not a UAI `), "expected.uai"},
	{regexp.MustCompile(`^is longer than (\d+) characters$`), "expected.length"},
	{regexp.MustCompile(`^is before (\S+)$`), "expected.order"},
	{regexp.MustCompile(`^is not after from$`), "expected.after"},
	{regexp.MustCompile(`^is stored already: `), "expected.stored"},
	{regexp.MustCompile(`^is not a day within the period `), "expected.within"},
	{regexp.MustCompile(`^is already the probe address of (.*)$`), "expected.probed"},
	{regexp.MustCompile(`^is the address of router (\S+) of link (\S+), which may answer `), "expected.doubt.other-router"},
	{regexp.MustCompile(`^is the address of router (\S+), the only one known at a site that link (\S+) serves too`), "expected.doubt.only-router"},
	{regexp.MustCompile(`^is the demarcation address of link (\S+), which answers `), "expected.doubt.other-demarcation"},
	{regexp.MustCompile(`^is the address of canary (\S+), which answers `), "expected.doubt.canary"},
	{regexp.MustCompile(`^is the probe address of link (\S+), for which this router `), "expected.doubt.router"},
	{regexp.MustCompile(`^is the probe address of link (\S+) at a site whose link (\S+) has no router`), "expected.doubt.alone"},
	{regexp.MustCompile(`^is the probe address of link (\S+): `), "expected.doubt.probed"},
	{regexp.MustCompile(`^has no price in lot (\S+) on (\S+)$`), "expected.price.day"},
	{regexp.MustCompile(`^has no price in lot (.*)$`), "expected.price"},
	{regexp.MustCompile(`^differs from "(.*)", held since (\S+); give the change `), "expected.held"},
	{regexp.MustCompile(`^differs from "(.*)", held since (\S+); end this link `), "expected.held.link"},
	{regexp.MustCompile(`^is not after the start of the link, (\S+): `), "expected.terms.start"},
	{regexp.MustCompile(`^is not before its terms from (\S+)$`), "expected.terms.before"},
	{regexp.MustCompile(`^is beyond the end of the link, (\S+)$`), "expected.terms.end"},
	{regexp.MustCompile(`^lies before this month: `), "expected.backdated"},
	{regexp.MustCompile(`^overlaps the period of (.*)$`), "expected.overlap"},
	{regexp.MustCompile(`^goes with (\S+): both or neither$`), "expected.both"},
	{regexp.MustCompile(`^is not 24x7 or ISO weekdays `), "expected.hours"},
	{regexp.MustCompile(`^is not among the values that the mapping translates$`), "expected.translated"},
	{regexp.MustCompile(`^is not a known header; known: (.*)$`), "expected.header"},
	{regexp.MustCompile(`^is missing from the header$`), "expected.missing"},
	{regexp.MustCompile(`^is not a file of the inventory; known: (.*)$`), "expected.file"},
	{regexp.MustCompile(`^is named by the mapping and is not a column of the file; it has (.*)$`), "expected.source"},
}

// expectation words what a value is not. One that the catalogues do not know stands as
// intake wrote it.
func expectation(p i18n.Printer, text string) string {
	for _, w := range worded {
		if found := w.form.FindStringSubmatch(text); found != nil {
			return p.T(w.key, written(p, found[1:])...)
		}
	}
	return text
}

// written gives days and large numbers the form of the language; years stay.
func written(p i18n.Printer, args []string) []string {
	out := slices.Clone(args)
	for i, arg := range args {
		if day, err := time.Parse(time.DateOnly, arg); err == nil {
			out[i] = p.CivilDate(day)
		}
		if n, err := strconv.ParseInt(arg, 10, 64); err == nil && n >= 10_000 {
			out[i] = p.Number(n)
		}
	}
	return out
}

// fieldMark says how a field is marked for those who do not see it.
type fieldMark struct {
	Place                   int
	Problem, Hint, Required bool
}

func newFieldMark(p i18n.Printer, table string, place int, f intake.Field) fieldMark {
	return fieldMark{place, f.Problem != "", columnHint(p, table, f.Name) != "", f.Required}
}

// momentField is a stored moment as a datetime-local field takes it, in Paris time; what
// was typed stands as it is.
func momentField(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return at.In(i18n.Paris()).Format("2006-01-02T15:04")
}

// recordAddress is where a row is edited; the empty key makes a new one.
func recordAddress(table, key string) string {
	if key == "" {
		return "/inventory/" + table + "/record"
	}
	return withQuery("/inventory/"+table+"/record", "key", key)
}

// newTermsAddress is the form of new terms of a link, filled in with those of today.
func newTermsAddress(l view.LinkPage) string {
	now := l.Facts.Now
	mbps := func(kbps int64) string { return strconv.FormatFloat(float64(kbps)/1000, 'f', -1, 64) }
	address := withQuery("/inventory/terms/record", "f.link", l.Ref)
	address = withQuery(address, "f.price_item", now.PriceItem)
	address = withQuery(address, "f.down_mbps", mbps(now.DownKbps))
	return withQuery(address, "f.up_mbps", mbps(now.UpKbps))
}

// shownRows is how many lines of one kind a page shows.
const shownRows = 100

// firstKeys cuts a list of keys.
func firstKeys(keys []string) []string { return keys[:min(len(keys), shownRows)] }

func firstChanges(changes []intake.Change) []intake.Change {
	return changes[:min(len(changes), shownRows)]
}

func beyond(length int) int { return max(0, length-shownRows) }

// tableOf is the name of the table in a file of the inventory.
func tableOf(file string) string { return strings.TrimSuffix(file, ".csv") }

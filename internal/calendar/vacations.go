package calendar

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// VacationName identifies a school vacation; the catalogues hold its name in words.
type VacationName string

// The vacations of a school year, in its order.
const (
	Toussaint VacationName = "toussaint"
	Noel      VacationName = "noel"
	Hiver     VacationName = "hiver"
	Printemps VacationName = "printemps"
	// AscensionBridge is the only one that a year may leave out.
	AscensionBridge VacationName = "ascension"
	Ete             VacationName = "ete"
)

var yearOrder = []VacationName{Toussaint, Noel, Hiver, Printemps, AscensionBridge, Ete}

// Vacation is one stretch without school, for pupils.
type Vacation struct {
	// SchoolYear is the civil year in which the school year begins: 2025 for 2025-2026.
	SchoolYear int
	Zone       Zone
	// Academie is empty for the whole zone; a name is an exception of that académie,
	// in place of its zone's vacation of the same year and name.
	Academie string
	Name     VacationName
	// From is the first day without school, Back the first day of school again.
	From, Back time.Time
	Certainty  Certainty
	Source     string
}

// Vacations is the known school calendar. The nil one knows no day.
type Vacations struct {
	zones     map[Zone][]Vacation
	academies map[string][]Vacation // only those with an exception
}

// Of lists the vacations of an académie in order of time, its exceptions in place.
func (v *Vacations) Of(academie string) []Vacation {
	if v == nil {
		return nil
	}
	if own, found := v.academies[academie]; found {
		return own
	}
	return v.zones[ZoneOf(academie)]
}

// KnownUntil is the first day past the calendar of an académie, the zero time when
// nothing is known of it. Weeks before, somebody must add the next year.
func (v *Vacations) KnownUntil(academie string) time.Time {
	list := v.Of(academie)
	if len(list) == 0 {
		return time.Time{}
	}
	return list[len(list)-1].Back
}

// warnBefore is how long before the calendar ends somebody is told: six weeks.
const warnBefore = 6 * 7 * 24 * time.Hour

// Ends is the first day past the calendar of the first zone or académie that ends, the
// zero time for one without any day.
func (v *Vacations) Ends() time.Time {
	var ends time.Time
	if v == nil {
		return ends
	}
	for _, known := range []iter.Seq[[]Vacation]{maps.Values(v.zones), maps.Values(v.academies)} {
		for list := range known {
			if last := list[len(list)-1].Back; ends.IsZero() || last.Before(ends) {
				ends = last
			}
		}
	}
	return ends
}

// EndsSoon is Ends, and whether that is over or less than six weeks away at now.
func (v *Vacations) EndsSoon(now time.Time) (time.Time, bool) {
	ends := v.Ends()
	return ends, !ends.IsZero() && !Day(now).Before(ends.Add(-warnBefore))
}

// Certainty is the weakest degree on which the days [from, to) rest in an académie,
// Beyond when one of them is not known.
func (v *Vacations) Certainty(academie string, from, to time.Time) Certainty {
	weakest := Official
	for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
		year, month, dayOfMonth := day.Date()
		_, certainty := v.at(academie, dayOf(year, month, dayOfMonth))
		weakest = weaker(weakest, certainty)
	}
	return weakest
}

// at names the vacation of a day, if it lies in one. A day of term is as certain as
// the weaker of the vacations around it, which fix its edges.
func (v *Vacations) at(academie string, day civilDay) (VacationName, Certainty) {
	list := v.Of(academie)
	date := day.date()
	next, _ := slices.BinarySearchFunc(list, date, func(v Vacation, d time.Time) int {
		if v.Back.After(d) {
			return 1
		}
		return -1
	})
	switch {
	case next == len(list), next == 0 && date.Before(list[0].From):
		return "", Beyond
	case !date.Before(list[next].From):
		return list[next].Name, list[next].Certainty
	}
	return "", weaker(list[next-1].Certainty, list[next].Certainty)
}

// vacationColumns is the header of the file, in its order.
var vacationColumns = []string{"school_year", "zone", "academie", "name", "from", "back", "certainty", "source"}

// ReadVacations reads the file of vacations (configs/README.md): CSV with the
// columns school_year, zone, academie, name, from, back, certainty, source. A year
// that is left out or has lost a vacation would read as weeks of school, so every
// year between a zone's first and last must be whole. An error names file, line,
// column, value and what is expected.
func ReadVacations(name string, r io.Reader) (*Vacations, error) {
	reader := csv.NewReader(r)
	reader.FieldsPerRecord = len(vacationColumns)
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: header: %w", name, err)
	}
	if !slices.Equal(header, vacationColumns) {
		return nil, fmt.Errorf("%s:1: header %q: expected %q", name, strings.Join(header, ","), strings.Join(vacationColumns, ","))
	}
	out := &Vacations{zones: map[Zone][]Vacation{}, academies: map[string][]Vacation{}}
	exceptions := map[string][]Vacation{}
	for {
		row, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		v, err := parseVacation(row)
		if err != nil {
			line, _ := reader.FieldPos(0)
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		if v.Academie == "" {
			out.zones[v.Zone] = append(out.zones[v.Zone], v)
		} else {
			exceptions[v.Academie] = append(exceptions[v.Academie], v)
		}
	}
	return out, out.settle(name, exceptions)
}

// settle sorts and checks every zone, then every académie with its exceptions.
func (v *Vacations) settle(name string, exceptions map[string][]Vacation) error {
	for zone, list := range v.zones {
		if err := checkYears(list); err != nil {
			return fmt.Errorf("%s: zone %s: %w", name, zone, err)
		}
	}
	for academie, own := range exceptions {
		list := own
		for _, common := range v.zones[ZoneOf(academie)] {
			replaced := slices.ContainsFunc(own, func(e Vacation) bool {
				return e.SchoolYear == common.SchoolYear && e.Name == common.Name
			})
			if !replaced {
				list = append(list, common)
			}
		}
		if err := checkYears(list); err != nil {
			return fmt.Errorf("%s: académie %s: %w", name, academie, err)
		}
		v.academies[academie] = list
	}
	return nil
}

// checkYears sorts a list and refuses one with a hole, a vacation twice or two that
// overlap.
func checkYears(list []Vacation) error {
	slices.SortFunc(list, func(a, b Vacation) int { return a.From.Compare(b.From) })
	wanted := 0
	year := list[0].SchoolYear
	for i, v := range list {
		if yearOrder[wanted] == AscensionBridge && v.Name == Ete {
			wanted++
		}
		if v.SchoolYear != year || v.Name != yearOrder[wanted] {
			return fmt.Errorf("%s of %s from %s: expected %s of %s there: every year between the first and the last must be whole",
				v.Name, schoolYearName(v.SchoolYear), v.From.Format(time.DateOnly), yearOrder[wanted], schoolYearName(year))
		}
		if i > 0 && v.From.Before(list[i-1].Back) {
			return fmt.Errorf("%s of %s from %s: expected a day after %s, the end of %s",
				v.Name, schoolYearName(year), v.From.Format(time.DateOnly), list[i-1].Back.Format(time.DateOnly), list[i-1].Name)
		}
		if wanted++; wanted == len(yearOrder) {
			wanted, year = 0, year+1
		}
	}
	if wanted != 0 {
		return fmt.Errorf("%s ends before its summer: expected %s", schoolYearName(year), yearOrder[wanted])
	}
	return nil
}

func parseVacation(row []string) (Vacation, error) {
	v := Vacation{Zone: Zone(row[1]), Academie: row[2], Name: VacationName(row[3]), Certainty: Certainty(row[6]), Source: row[7]}
	var err error
	if v.SchoolYear, err = parseSchoolYear(row[0]); err != nil {
		return Vacation{}, err
	}
	if v.From, err = time.Parse(time.DateOnly, row[4]); err != nil {
		return Vacation{}, fmt.Errorf("from: %q: expected a day such as 2026-10-17", row[4])
	}
	if v.Back, err = time.Parse(time.DateOnly, row[5]); err != nil {
		return Vacation{}, fmt.Errorf("back: %q: expected a day such as 2026-11-02", row[5])
	}
	first := time.Date(v.SchoolYear, time.September, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case v.Zone != ZoneA && v.Zone != ZoneB && v.Zone != ZoneC:
		return Vacation{}, fmt.Errorf("zone: %q: expected A, B or C", row[1])
	case v.Academie != "" && ZoneOf(v.Academie) != v.Zone:
		return Vacation{}, fmt.Errorf("academie: %q: expected an académie of zone %s, or nothing for all of it", v.Academie, v.Zone)
	case !slices.Contains(yearOrder, v.Name):
		return Vacation{}, fmt.Errorf("name: %q: expected one of %v", row[3], yearOrder)
	case v.From.Before(first) || !v.From.Before(first.AddDate(1, 0, 0)):
		return Vacation{}, fmt.Errorf("from: %q: expected a day of the school year %s", row[4], row[0])
	case !v.Back.After(v.From):
		return Vacation{}, fmt.Errorf("back: %q: expected a day after %s", row[5], row[4])
	case v.Certainty != Official && v.Certainty != Announced && v.Certainty != Assumed:
		return Vacation{}, fmt.Errorf("certainty: %q: expected %s, %s or %s", row[6], Official, Announced, Assumed)
	case v.Source == "":
		return Vacation{}, fmt.Errorf("source: empty: expected where the dates come from")
	}
	return v, nil
}

// parseSchoolYear reads "2025-2026" as 2025.
func parseSchoolYear(text string) (int, error) {
	year, err := strconv.Atoi(text[:min(4, len(text))])
	if err != nil || year < 1900 || year > 9000 || text != schoolYearName(year) {
		return 0, fmt.Errorf("school_year: %q: expected two years such as 2025-2026", text)
	}
	return year, nil
}

func schoolYearName(year int) string { return fmt.Sprintf("%d-%d", year, year+1) }

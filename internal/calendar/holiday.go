package calendar

import (
	"fmt"
	"time"
)

// Holidays names the set of public holidays on which a service in hours is not owed.
type Holidays string

// The sets that a contract can name.
const (
	// NoHolidays excludes no day.
	NoHolidays Holidays = ""
	// Metropole is the eleven public holidays of article L3133-1 of the code du travail.
	Metropole Holidays = "metropole"
	// AlsaceMoselle adds Good Friday and 26 December (article L3134-13): communes
	// with a Protestant temple or a mixed church.
	AlsaceMoselle Holidays = "alsace-moselle"
	// AlsaceMoselleNoGoodFriday adds 26 December only: the other communes of 57, 67, 68.
	AlsaceMoselleNoGoodFriday Holidays = "alsace-moselle-sans-vendredi-saint"
	// SiteHolidays is resolved for each site from its commune (Resolve) before use.
	SiteHolidays Holidays = "site"
)

// ParseHolidays checks the name of a set. The empty text is refused: a file that
// names no set has forgotten one bit worth hours of overrun.
func ParseHolidays(text string) (Holidays, error) {
	switch set := Holidays(text); set {
	case Metropole, AlsaceMoselle, AlsaceMoselleNoGoodFriday, SiteHolidays:
		return set, nil
	}
	return "", fmt.Errorf("holidays %q: expected %q, %q, %q or %q",
		text, Metropole, AlsaceMoselle, AlsaceMoselleNoGoodFriday, SiteHolidays)
}

// HolidayName identifies a public holiday; the catalogues hold its name in words.
type HolidayName string

// The public holidays, in the order of the year.
const (
	NewYear       HolidayName = "new-year"        // 1 January
	GoodFriday    HolidayName = "good-friday"     // Vendredi saint, Alsace-Moselle
	EasterMonday  HolidayName = "easter-monday"   // lundi de Pâques
	LabourDay     HolidayName = "labour-day"      // 1 May
	VictoryDay    HolidayName = "victory-day"     // 8 May
	AscensionDay  HolidayName = "ascension-day"   // Easter + 39 days
	WhitMonday    HolidayName = "whit-monday"     // lundi de Pentecôte, Easter + 50 days
	BastilleDay   HolidayName = "bastille-day"    // 14 July
	AssumptionDay HolidayName = "assumption-day"  // 15 August
	AllSaintsDay  HolidayName = "all-saints-day"  // 1 November
	ArmisticeDay  HolidayName = "armistice-day"   // 11 November
	ChristmasDay  HolidayName = "christmas-day"   // 25 December
	StStephensDay HolidayName = "st-stephens-day" // 26 December, Alsace-Moselle
)

type monthDay struct {
	month time.Month
	day   int
}

var fixedHolidays = map[monthDay]HolidayName{
	{time.January, 1}:   NewYear,
	{time.May, 1}:       LabourDay,
	{time.May, 8}:       VictoryDay,
	{time.July, 14}:     BastilleDay,
	{time.August, 15}:   AssumptionDay,
	{time.November, 1}:  AllSaintsDay,
	{time.November, 11}: ArmisticeDay,
	{time.December, 25}: ChristmasDay,
}

var movableHolidays = map[int]HolidayName{ // by days after Easter Sunday
	1:  EasterMonday,
	39: AscensionDay,
	50: WhitMonday,
}

// Holiday tells whether the civil day named by the date of day is a public
// holiday of the set, and which one. Where two fall on one day (1 May and
// Ascension in 2008) the fixed one is named. SiteHolidays, when it was not
// resolved, holds only what every site has: the eleven of Metropole.
func Holiday(day time.Time, set Holidays) (HolidayName, bool) {
	if set == NoHolidays {
		return "", false
	}
	year, month, dayOfMonth := day.Date()
	if name, found := fixedHolidays[monthDay{month, dayOfMonth}]; found {
		return name, true
	}
	afterEaster := dayOf(year, month, dayOfMonth) - easter(year)
	if name, found := movableHolidays[int(afterEaster)]; found {
		return name, true
	}
	if set == AlsaceMoselle && afterEaster == -2 {
		return GoodFriday, true
	}
	local := set == AlsaceMoselle || set == AlsaceMoselleNoGoodFriday
	if local && month == time.December && dayOfMonth == 26 {
		return StStephensDay, true
	}
	return "", false
}

// easter is the Sunday of the Gregorian computus: the paschal full moon from the
// golden number and the century's corrections, then the Sunday after it.
func easter(year int) civilDay {
	century := year / 100
	epact := (19*(year%19) + century - century/4 - (8*century+13)/25 + 15) % 30
	// The two exceptions keep the full moon on or before 18 April.
	if epact == 29 || (epact == 28 && year%19 > 10) {
		epact--
	}
	fullMoon := dayOf(year, time.March, 21) + civilDay(epact)
	return fullMoon + civilDay(7-fullMoon.isoWeekday()%7)
}

// ForCommune gives the set of holidays of a commune from the code of its
// département ("67", "2A") and from its temple flag: a Protestant temple or a
// mixed church stands there (article L3134-13 of the code du travail).
func ForCommune(departement string, temple bool) Holidays {
	switch departement {
	case "57", "67", "68":
		if temple {
			return AlsaceMoselle
		}
		return AlsaceMoselleNoGoodFriday
	}
	return Metropole
}

// Resolve gives the service of one site: SiteHolidays becomes the set of its
// commune, any other set is the contract's own and stays.
func Resolve(service Service, departement string, temple bool) Service {
	if service.Holidays == SiteHolidays {
		service.Holidays = ForCommune(departement, temple)
	}
	return service
}

package calendar

// Holidays names the set of public holidays on which a service in hours is not owed.
type Holidays string

// The sets that a contract can name.
const (
	// Metropole is the eleven public holidays of article L3133-1 of the code du travail.
	Metropole Holidays = "metropole"
	// AlsaceMoselle adds Good Friday and 26 December (article L3134-13): communes
	// with a Protestant temple or a mixed church.
	AlsaceMoselle Holidays = "alsace-moselle"
	// AlsaceMoselleNoGoodFriday adds 26 December only: the other communes of 57, 67, 68.
	AlsaceMoselleNoGoodFriday Holidays = "alsace-moselle-sans-vendredi-saint"
	// SiteHolidays is resolved for each site from its commune (ForCommune) before use.
	SiteHolidays Holidays = "site"
)

// Service is when a contract's clocks run: always, or weekly hours without holidays.
type Service struct {
	// Always is the 24x7 service; the other fields are then unused.
	Always bool
	// Days says for each ISO weekday (index 1 Monday to 7 Sunday) whether it is served.
	Days [8]bool
	// OpenMinute and CloseMinute are minutes after local midnight, 0 to 1440, open < close.
	OpenMinute, CloseMinute int
	// Holidays is the set of days excluded.
	Holidays Holidays
}

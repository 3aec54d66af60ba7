package calendar

import "strings"

// Zone is one of the three groups of académies whose winter and spring vacations
// are staggered.
type Zone string

// The zones of metropolitan France. Corsica and the overseas académies have
// calendars of their own and stand in none.
const (
	ZoneA Zone = "A"
	ZoneB Zone = "B"
	ZoneC Zone = "C"
)

// academies lists the zones' académies, each with its départements (article
// R222-2 of the code de l'éducation for the perimeters, arrêté of the calendar for
// the zones).
var academies = []struct {
	zone         Zone
	name         string
	departements string
}{
	{ZoneA, "Besançon", "25 39 70 90"},
	{ZoneA, "Bordeaux", "24 33 40 47 64"},
	{ZoneA, "Clermont-Ferrand", "03 15 43 63"},
	{ZoneA, "Dijon", "21 58 71 89"},
	{ZoneA, "Grenoble", "07 26 38 73 74"},
	{ZoneA, "Limoges", "19 23 87"},
	{ZoneA, "Lyon", "01 42 69"},
	{ZoneA, "Poitiers", "16 17 79 86"},
	{ZoneB, "Aix-Marseille", "04 05 13 84"},
	{ZoneB, "Amiens", "02 60 80"},
	{ZoneB, "Lille", "59 62"},
	{ZoneB, "Nancy-Metz", "54 55 57 88"},
	{ZoneB, "Nantes", "44 49 53 72 85"},
	{ZoneB, "Nice", "06 83"},
	{ZoneB, "Normandie", "14 27 50 61 76"},
	{ZoneB, "Orléans-Tours", "18 28 36 37 41 45"},
	{ZoneB, "Reims", "08 10 51 52"},
	{ZoneB, "Rennes", "22 29 35 56"},
	{ZoneB, "Strasbourg", "67 68"},
	{ZoneC, "Créteil", "77 93 94"},
	{ZoneC, "Montpellier", "11 30 34 48 66"},
	{ZoneC, "Paris", "75"},
	{ZoneC, "Toulouse", "09 12 31 32 46 65 81 82"},
	{ZoneC, "Versailles", "78 91 92 95"},
}

// AcademieOf names the académie of a département ("67"), empty when it stands in
// no zone.
func AcademieOf(departement string) string {
	for _, a := range academies {
		for code := range strings.FieldsSeq(a.departements) {
			if code == departement {
				return a.name
			}
		}
	}
	return ""
}

// ZoneOf gives the zone of an académie, empty for one that stands in none.
func ZoneOf(academie string) Zone {
	for _, a := range academies {
		if a.name == academie {
			return a.zone
		}
	}
	return ""
}

package configs

import (
	_ "embed" // the file of vacations
)

// VacationsName is the name of the school calendar in messages.
const VacationsName = "calendar/vacations.csv"

// Vacations is the school calendar that Vigie ships, in the form that README.md fixes.
//
//go:embed calendar/vacations.csv
var Vacations []byte

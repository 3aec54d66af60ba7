package calendar

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

// Served tells whether the service is owed at some time at all: the zero Service is not.
func (s Service) Served() bool {
	if s.Always {
		return true
	}
	return s.Days != [8]bool{} && s.OpenMinute < s.CloseMinute
}

// servesDay tells whether the civil day given by number has hours.
func (s Service) servesDay(day civilDay) bool {
	if !s.Days[day.isoWeekday()] {
		return false
	}
	_, closed := Holiday(day.date(), s.Holidays)
	return !closed
}

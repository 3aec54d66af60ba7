package calendar

import (
	"fmt"
	"strings"
)

const (
	alwaysNotation   = "24x7"
	minutesPerDay    = 24 * 60
	serviceExpected  = `"24x7" or ISO weekdays and hours such as "1-5 08:00-18:00"`
	weekdaysExpected = `ISO weekdays 1 (Monday) to 7 in ascending order, such as "1,2,4-5"`
	hoursExpected    = `opening and closing as "08:00-18:00", 00:00 to 24:00`
)

// ParseService reads the notation of service hours: "24x7", or ISO weekdays and
// one daily window in local time, as in "1-5 08:00-18:00" or
// "1,2,4-5 08:00-12:30". The window stays inside its day: the opening is before
// the closing, which may be 24:00. The notation names no holidays, so Holidays is
// left empty. An error names the value and what is expected.
func ParseService(text string) (Service, error) {
	if text == alwaysNotation {
		return Service{Always: true}, nil
	}
	days, hours, found := strings.Cut(text, " ")
	if !found {
		return Service{}, fmt.Errorf("service hours %q: expected %s", text, serviceExpected)
	}
	service := Service{}
	if err := service.parseDays(days); err != nil {
		return Service{}, fmt.Errorf("service hours %q: %w", text, err)
	}
	if err := service.parseHours(hours); err != nil {
		return Service{}, fmt.Errorf("service hours %q: %w", text, err)
	}
	return service, nil
}

func (s *Service) parseDays(text string) error {
	last := 0
	for _, part := range strings.Split(text, ",") {
		first, end, ok := parseRange(part)
		if !ok || first <= last || end < first {
			return fmt.Errorf("weekdays %q: expected %s", part, weekdaysExpected)
		}
		for day := first; day <= end; day++ {
			s.Days[day] = true
		}
		last = end
	}
	return nil
}

// parseRange reads "4" or "4-5".
func parseRange(text string) (first, last int, ok bool) {
	switch len(text) {
	case 1:
		first, ok = parseWeekday(text[0])
		return first, first, ok
	case 3:
		first, ok = parseWeekday(text[0])
		last, lastOK := parseWeekday(text[2])
		return first, last, ok && lastOK && text[1] == '-' && first < last
	}
	return 0, 0, false
}

func parseWeekday(digit byte) (int, bool) {
	return int(digit - '0'), digit >= '1' && digit <= '7'
}

func (s *Service) parseHours(text string) error {
	opening, closing, _ := strings.Cut(text, "-")
	open, openOK := parseMinute(opening)
	closed, closeOK := parseMinute(closing)
	if !openOK || !closeOK {
		return fmt.Errorf("hours %q: expected %s", text, hoursExpected)
	}
	if open >= closed {
		return fmt.Errorf("hours %q: the opening must be before the closing of the same day", text)
	}
	s.OpenMinute, s.CloseMinute = open, closed
	return nil
}

// parseMinute reads "08:00" as minutes after midnight; "24:00" is the day's end.
func parseMinute(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	hour := int(text[0]-'0')*10 + int(text[1]-'0')
	minute := int(text[3]-'0')*10 + int(text[4]-'0')
	total := hour*60 + minute
	return total, minute < 60 && total <= minutesPerDay
}

// String gives the notation that ParseService reads, consecutive days joined
// ("1-2,4-5 08:00-12:30"). A service without any day is "never", which is not
// part of the notation.
func (s Service) String() string {
	if s.Always {
		return alwaysNotation
	}
	if !s.Served() {
		return "never"
	}
	var runs []string
	for day := 1; day <= 7; day++ {
		if !s.Days[day] {
			continue
		}
		last := day
		for last < 7 && s.Days[last+1] {
			last++
		}
		if last > day {
			runs = append(runs, fmt.Sprintf("%d-%d", day, last))
		} else {
			runs = append(runs, fmt.Sprint(day))
		}
		day = last
	}
	return fmt.Sprintf("%s %02d:%02d-%02d:%02d", strings.Join(runs, ","),
		s.OpenMinute/60, s.OpenMinute%60, s.CloseMinute/60, s.CloseMinute%60)
}

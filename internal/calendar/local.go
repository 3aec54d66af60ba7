package calendar

import (
	"fmt"
	"time"
)

// paris is the zone of every contract. A binary without the system's zone files
// embeds them (time/tzdata).
var paris = mustLoadParis()

func mustLoadParis() *time.Location {
	location, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(fmt.Sprintf("load the time zone Europe/Paris: %v", err))
	}
	return location
}

// Local gives the instant in Europe/Paris, for its civil date and clock.
func Local(at time.Time) time.Time { return at.In(paris) }

// localLayout is the civil time of the case files.
const localLayout = "2006-01-02T15:04"

// ParseLocal reads a civil time of Europe/Paris, "2026-04-02T16:20", as an
// instant in UTC. A time that exists twice (autumn) is its first occurrence; one
// that does not exist (spring) moves forward to the end of the hole, the first
// instant whose clock has passed it.
func ParseLocal(text string) (time.Time, error) {
	wall, err := time.Parse(localLayout, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("local time %q: expected %s: %w", text, localLayout, err)
	}
	return firstInstant(wall), nil
}

// Midnight is the first instant of a civil day of Europe/Paris, in UTC. The day is
// the date of its argument, as for every civil day held at midnight UTC.
func Midnight(day time.Time) time.Time {
	year, month, dayOfMonth := day.Date()
	return dayOf(year, month, dayOfMonth).at(0)
}

// firstInstant is the first instant at which the clocks of Europe/Paris show the
// wall time (given as if it were UTC) or a later one.
func firstInstant(wall time.Time) time.Time {
	before, after := offsetAt(wall.Add(-24*time.Hour)), offsetAt(wall.Add(24*time.Hour))
	early, late := wall.Add(-max(before, after)), wall.Add(-min(before, after))
	if offsetAt(early) == max(before, after) {
		return early
	}
	if offsetAt(late) == min(before, after) {
		return late
	}
	// In the hole the earlier reading lies before the change, at the old offset:
	// its clock is short of the wall time by what is left of the hole.
	_, end := early.In(paris).ZoneBounds()
	return end.UTC()
}

func offsetAt(at time.Time) time.Duration {
	_, seconds := at.In(paris).Zone()
	return time.Duration(seconds) * time.Second
}

// civilDay counts days from 1 January 1970.
type civilDay int64

const secondsPerDay = 24 * 60 * 60

func dayOf(year int, month time.Month, day int) civilDay {
	return civilDay(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

func localDay(at time.Time) civilDay {
	year, month, day := at.In(paris).Date()
	return dayOf(year, month, day)
}

// date is the civil day at midnight UTC.
func (d civilDay) date() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// at is the instant, in UTC, of a minute of the civil day in Europe/Paris.
func (d civilDay) at(minute int) time.Time {
	return firstInstant(d.date().Add(time.Duration(minute) * time.Minute))
}

// isoWeekday is 1 for Monday to 7 for Sunday; 1 January 1970 was a Thursday.
func (d civilDay) isoWeekday() int { return int((d+3)%7+7)%7 + 1 }

// Day is the civil day of an instant in Europe/Paris, as the midnight UTC by which
// contracts and inventories name days.
func Day(at time.Time) time.Time { return localDay(at).date() }

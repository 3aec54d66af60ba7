package httpd

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"vigie/internal/calendar"
	"vigie/internal/fault"
)

// textLimit bounds what is typed into a field, in characters.
const textLimit = 100

// number reads a numeric part of the address. An address that cannot be anything's
// is simply not found.
func number(r *http.Request, name string) (int64, error) {
	text := chi.URLParam(r, name)
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, fault.Errorf(fault.NotFound, "%s %q: expected a positive number", name, text)
	}
	return id, nil
}

// text reads a field of the query or of the form.
func text(field, value string) (string, error) {
	value = strings.TrimSpace(value)
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return "", fault.Errorf(fault.Invalid, "field %s: expected UTF-8 text", field)
	}
	if n := utf8.RuneCountInString(value); n > textLimit {
		return "", fault.Errorf(fault.Invalid, "field %s has %d characters: expected at most %d", field, n, textLimit)
	}
	return value, nil
}

// month reads "2026-11" as the month's first day at midnight UTC; empty is the
// month of now in Paris.
func month(value string, now time.Time) (time.Time, error) {
	if value == "" {
		today := calendar.Day(now)
		return today.AddDate(0, 0, 1-today.Day()), nil
	}
	first, err := time.Parse("2006-01", value)
	if err != nil || first.Year() < 2000 || first.Year() > 2200 {
		return time.Time{}, fault.Errorf(fault.Invalid, "month %.20q: expected one such as 2026-11", value)
	}
	return first, nil
}

// wallClock reads what a datetime-local field sends, "2026-11-24T14:05" with or
// without seconds, as Paris time.
func wallClock(value string) (time.Time, error) {
	minute, seconds := value, 0
	if len(value) == len("2006-01-02T15:04:05") && value[16] == ':' {
		n, err := strconv.ParseUint(value[17:], 10, 8)
		if err != nil || n > 59 {
			minute = ""
		} else {
			minute, seconds = value[:16], int(n)
		}
	}
	at, err := calendar.ParseLocal(minute)
	if err != nil || at.Year() < 2000 || at.Year() > 2200 {
		return time.Time{}, fault.Errorf(fault.Invalid, "time %.40q: expected a Paris time such as 2026-11-24T14:05", value)
	}
	return at.Add(time.Duration(seconds) * time.Second), nil
}

// local keeps an address to come back to inside this site: a path, with its query.
// Anything else is the first page.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(u.Path, "//") || strings.ContainsAny(next, "\\\r\n") {
		return "/"
	}
	back := url.URL{Path: u.Path, RawQuery: u.RawQuery}
	return back.RequestURI()
}

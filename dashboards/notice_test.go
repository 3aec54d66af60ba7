package dashboards

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"vigie/internal/i18n"
	"vigie/internal/view"
)

func TestAPageWarnsOfTheEndOfTheSchoolCalendar(t *testing.T) {
	t.Parallel()
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[i18n.Lang]string{
		i18n.French:  "Le calendrier scolaire connu va jusqu’au 31/08/2027.",
		i18n.English: "The known school calendar goes to 2027-08-31.",
	} {
		for until, warned := range map[time.Time]bool{{}: false, time.Date(2027, 8, 31, 0, 0, 0, 0, time.UTC): true} {
			var out bytes.Buffer
			page := &BoardPage{Shell: Shell{Lang: lang, Notices: &view.Notices{CalendarUntil: until}}}
			if err := r.Render(&out, page); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.String(), want) != warned {
				t.Errorf("%s, calendar until %s: the page has %q: %t", lang, until, want, !warned)
			}
		}
	}
}

package history_test

import (
	"testing"
	"time"

	"vigie/internal/history"
)

func TestSpansAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"24h": now.Add(-24 * time.Hour), "1 hour": now.Add(-time.Hour),
		"35d": now.AddDate(0, 0, -35), "35 days": now.AddDate(0, 0, -35), "1 day": now.AddDate(0, 0, -1),
		"13 months": time.Date(2025, 10, 25, 6, 0, 0, 0, time.UTC), "1month": time.Date(2026, 10, 25, 6, 0, 0, 0, time.UTC),
		"10 years": time.Date(2016, 11, 25, 6, 0, 0, 0, time.UTC), "10y": time.Date(2016, 11, 25, 6, 0, 0, 0, time.UTC),
	} {
		var s history.Span
		if err := s.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := s.Before(now); !got.Equal(want) {
			t.Errorf("%q before %s: got %s, want %s", text, now, got, want)
		}
	}
	for _, text := range []string{"", "35", "days", "0 days", "-1 day", "1.5 days", "35 m", "35 days old", "99999999999999999999 days", "100001 days"} {
		var s history.Span
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %s", text, s)
		}
	}
}

func TestARetentionThatDropsBeforeItPacksIsRefused(t *testing.T) {
	t.Parallel()
	if err := history.DefaultRetention().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*history.Retention){
		"rows of a day":              func(r *history.Retention) { r.Rows = history.Span{Count: 1, Unit: history.Day} },
		"batches longer than rows":   func(r *history.Retention) { r.Batches = history.Span{Count: 36, Unit: history.Day} },
		"rows longer than hours":     func(r *history.Retention) { r.Rows = history.Span{Count: 14, Unit: history.Month} },
		"hours longer than days":     func(r *history.Retention) { r.Hours = history.Span{Count: 11, Unit: history.Year} },
		"days beyond the calendar":   func(r *history.Retention) { r.Days = history.Span{Count: 101, Unit: history.Year} },
		"batches that are not given": func(r *history.Retention) { r.Batches = history.Span{} },
	} {
		r := history.DefaultRetention()
		spoil(&r)
		if err := r.Validate(); err == nil {
			t.Errorf("%s: %+v is taken", name, r)
		}
	}
}

func FuzzSpan(f *testing.F) {
	for _, text := range []string{"24h", "35 days", "13 months", "10y", "1 year"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s, again history.Span
		if s.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%q is %+v, written %q, read again %+v: %v", text, s, s, again, err)
		}
		if s.Days() <= 0 {
			t.Errorf("%q is %f days long", text, s.Days())
		}
	})
}

package audit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/audit"
	"vigie/internal/calendar"
	"vigie/internal/contract"
	"vigie/internal/inventory"
)

// raised is the world with link 1 at 200/200 Mbit/s from a day on.
func raised(w world, from string) world {
	s := w.index.Snapshot
	s.Terms = []contract.Terms{{Link: "L-1", From: day(from), PriceItem: "200M", DownKbps: 200_000, UpKbps: 200_000}}
	w.index = inventory.NewIndex(s)
	return w
}

func TestARateRaisedLaterLeavesAnAuditAsItWas(t *testing.T) {
	t.Parallel()
	p := days("2026-03-01", "2026-04-01")
	w := newWorld()
	w.carry(1, p.From, p.To, steady(10_000_000, 1))
	before, after := w.report(t, p), raised(w, "2026-04-01").report(t, p)
	if diff := cmp.Diff(line(t, after, "L-1"), line(t, before, "L-1"), cmp.AllowUnexported(audit.Line{})); diff != "" {
		t.Errorf("the audit of March (-after +before):\n%s", diff)
	}
	if got := line(t, after, "L-1"); got.DownKbps != 100_000 || !got.Changed.IsZero() {
		t.Errorf("guaranteed %d kbit/s, changed on %s", got.DownKbps, got.Changed)
	}
}

func TestSaturationIsThatOfTheRateOfItsDay(t *testing.T) {
	t.Parallel()
	p := days("2026-03-10", "2026-03-12") // a Tuesday and a Wednesday
	w := raised(newWorld(), "2026-03-11")
	w.carry(1, p.From, p.To, func(at time.Time) (uint32, uint32, bool) {
		if calendar.Local(at).Hour() == 9 {
			return 10_000_000, 1, true // 80 % of 100 Mbit/s
		}
		return 1, 1, true
	})
	l := line(t, w.report(t, p), "L-1")
	if got, ok := l.SaturatedMinutes(); got != 60 || !ok {
		t.Errorf("saturated for %d minutes, want the 60 of Tuesday", got)
	}
	if l.DownKbps != 200_000 || l.UpKbps != 200_000 || !l.Changed.Equal(day("2026-03-11")) {
		t.Errorf("guaranteed %d/%d kbit/s since %s, want the rates of the last day and their date", l.DownKbps, l.UpKbps, l.Changed)
	}
}

func TestTheLadderHasTheRatesOfTheDay(t *testing.T) {
	t.Parallel()
	p := days("2026-03-01", "2026-04-01")
	w := raised(newWorld(), "2026-03-20")
	w.carry(2, p.From, p.To, steady(1, 1))
	// Nobody has 100M any more, so its rate is unknown and it is no rate to go down to.
	if got := line(t, w.report(t, p), "L-2").Tier; got.Item == "100M" {
		t.Errorf("the audit proposes %+v, which nobody has", got)
	}
}

package watch_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/store"
	"vigie/internal/view"
	"vigie/probe"
)

// walk is a report of what a router carries.
func walk(link int64, at time.Time, software string, addresses ...string) probe.Report {
	d := &probe.Device{System: probe.System{Name: "college-a", Software: software}, Requests: 40}
	for _, a := range addresses {
		d.Addresses = append(d.Addresses, probe.Address{Addr: netip.MustParseAddr(a), Bits: 24})
	}
	return probe.Report{Link: link, At: at, Finding: d}
}

func TestTheLastWalkOfARouterIsKeptAndWhatAChangeEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	link, from := w.links[0], store.NewView(w.db)
	at := func(cycle int) time.Time { return w.nth(cycle).Add(5 * time.Second) }
	ended := walk(link, at(5), "4.9")
	ended.Finding.(*probe.Device).Problem = "no answer"
	later := walk(link, at(3).Add(-time.Hour), "3.0") // measured before the last one, delivered after it
	ahead := walk(link, at(6).Add(24*time.Hour), "9.0")
	for cycle, reports := range [][]probe.Report{
		{walk(link, at(0), "4.3", "192.0.2.2")},
		{walk(link, at(1), "4.3", "192.0.2.2"), walk(w.links[1], at(1), "8.0")},
		{walk(link, at(2), "4.4", "192.0.2.2")},
		{walk(link, at(3), "4.4", "192.0.2.2")},
		{later},
		{ended},
		{ahead},
	} {
		b := w.batch("a", w.nth(cycle), false, func(int) result { return "ok" })
		b.Reports = reports
		w.apply(t, b, w.nth(cycle+1))
	}
	sameAddr := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	got, err := from.Device(context.Background(), link)
	if err != nil {
		t.Fatal(err)
	}
	want := &view.Walk{At: at(3), Since: at(2), Prober: "a", Device: *walk(link, at(3), "4.4", "192.0.2.2").Finding.(*probe.Device)}
	if diff := cmp.Diff(want, got, sameAddr); diff != "" {
		t.Errorf("last walk (-want +got):\n%s", diff)
	}
	former, err := from.Findings(context.Background(), link, "device", view.Window{To: at(9)}, 9)
	if err != nil {
		t.Fatal(err)
	}
	before := []view.Finding{{At: at(1), Prober: "a", Finding: walk(link, at(1), "4.3", "192.0.2.2").Finding}}
	if diff := cmp.Diff(before, former, sameAddr); diff != "" {
		t.Errorf("what was before (-want +got):\n%s", diff)
	}
	if none, err := from.Device(context.Background(), w.links[2]); err != nil || none != nil {
		t.Errorf("a router that was never walked: %v, error %v", none, err)
	}
}

// The bounds of a walk may become narrower after one was stored.
func TestAStoredWalkThatWouldBeRefusedNowIsReplacedByTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	link, from := w.links[0], store.NewView(w.db)
	for cycle, software := range []string{"4.3", "4.4"} {
		at := w.nth(cycle).Add(5 * time.Second)
		b := w.batch("a", w.nth(cycle), false, ok)
		b.Reports = []probe.Report{walk(link, at, software)}
		w.apply(t, b, w.nth(cycle+1))
		if software == "4.4" {
			continue
		}
		if _, err := w.db.Pool().Exec(t.Context(), `UPDATE device SET body = jsonb_set(body, '{requests}', '-1')`); err != nil {
			t.Fatal(err)
		}
		if got, err := from.Device(t.Context(), link); err != nil || got != nil {
			t.Errorf("a walk with -1 requests: got %+v, error %v; want none", got, err)
		}
	}
	got, err := from.Device(t.Context(), link)
	if err != nil || got == nil || got.Device.System.Software != "4.4" || !got.Since.Equal(got.At) {
		t.Errorf("after the next walk: got %+v, error %v; want its own", got, err)
	}
}

func TestAWalkThatEndedMidwayIsKeptUntilAWholeOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	link, from := w.links[0], store.NewView(w.db)
	ended := walk(link, w.nth(0), "4.3")
	ended.Finding.(*probe.Device).Problem = "no answer"
	for cycle, report := range []probe.Report{ended, walk(link, w.nth(1), "4.3", "192.0.2.2")} {
		b := w.batch("a", w.nth(cycle), false, func(int) result { return "ok" })
		b.Reports = []probe.Report{report}
		w.apply(t, b, w.nth(cycle+1))
		got, err := from.Device(context.Background(), link)
		if err != nil || got == nil || !got.Since.Equal(w.nth(cycle)) || len(got.Device.Addresses) != cycle {
			t.Errorf("after walk %d: %+v, error %v; want that one", cycle, got, err)
		}
	}
	if former, err := from.Findings(context.Background(), link, "device", view.Window{To: w.nth(9)}, 9); err != nil || len(former) != 0 {
		t.Errorf("kept as ended: %v, error %v; want nothing", former, err)
	}
}

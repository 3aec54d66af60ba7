package watch_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/store"
)

// change replaces rows of the inventory, as an import does.
func (w *world) change(t *testing.T, rows inventory.Snapshot, now time.Time) {
	t.Helper()
	entry := journal.Entry{Chain: intake.Chain, At: now, Actor: "test", Action: "inventory.import", Body: []byte(`{}`)}
	err := store.NewIntake(w.db).ChangeInventory(t.Context(), func(intake.Current) (intake.Saving, error) {
		return intake.Saving{Rows: rows, Entries: []journal.Entry{entry}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnImportIsSeenByTheNextCycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	w.run(t, 0, 2)
	gone, _ := w.index.LinkByID(w.links[2])
	gone.Ends = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	w.change(t, inventory.Snapshot{Links: []inventory.Link{gone}}, w.nth(2))
	w.run(t, 2, 3)
	if got := w.ask(t, `SELECT link_id FROM link_state WHERE link_id = $1`, gone.ID); len(got) > 0 {
		t.Errorf("link %d ended and is still watched", gone.ID)
	}
	if got := w.ask(t, `SELECT count(*) FROM link_state`); !cmp.Equal(got, []string{"5"}) {
		t.Errorf("links watched: got %v, want 5", got)
	}
}

func TestALinkBeginsWithItsDayInParis(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quickPolicy(), someLinks)
	later, _ := w.index.LinkByID(w.links[0])
	later.Starts = time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	w.change(t, inventory.Snapshot{Links: []inventory.Link{later}}, origin)
	midnight := time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		cycle time.Time
		want  string
	}{{midnight.Add(-w.cycle()), "5"}, {midnight, "6"}} {
		w.decide(t, test.cycle, false, test.cycle.Add(w.cycle()))
		if got := w.ask(t, `SELECT count(*) FROM link_state`); got[0] != test.want {
			t.Errorf("links watched at %s: got %s, want %s", test.cycle, got[0], test.want)
		}
	}
}

package intake_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/intake"
	"vigie/internal/inventory"
)

// TestCompare holds one file of routers against what is stored.
func TestCompare(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	stored := inventory.Router{Key: "r-1", Link: "A-1", Source: "test"}
	ended := stored
	ended.Ends = today.AddDate(0, 0, -1)
	endsLater := stored
	endsLater.Ends = today.AddDate(0, 1, 0)
	for name, c := range map[string]struct {
		current inventory.Router
		row     string
		end     time.Time
		want    intake.FileDifference
		save    int
	}{
		"the same row is unchanged": {
			stored, "r-1,A-1,,test", time.Time{}, intake.FileDifference{Unchanged: 1}, 0,
		},
		"another row is added, and the stored one absent": {
			stored, "r-2,A-1,,test", time.Time{}, intake.FileDifference{Added: []string{"r-2"}, Absent: []string{"r-1"}}, 1,
		},
		"an absent row ends on the day": {
			stored, "r-2,A-1,,test", today, intake.FileDifference{Added: []string{"r-2"}, Ended: []string{"r-1"}}, 2,
		},
		"one that was to end later ends on the day": {
			endsLater, "r-2,A-1,,test", today, intake.FileDifference{Added: []string{"r-2"}, Ended: []string{"r-1"}}, 2,
		},
		"one that has ended is no news": {
			ended, "r-2,A-1,,test", today, intake.FileDifference{Added: []string{"r-2"}}, 1,
		},
		"a row without its end is open again": {
			ended, "r-1,A-1,,test",
			time.Time{},
			intake.FileDifference{Changed: []intake.Change{{Key: "r-1", Fields: []intake.FieldChange{{Field: "ends", Old: "2026-09-30"}}}}},
			1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wanted, problems := intake.Read([]intake.File{file("routers.csv", "key,link,ends,source", c.row)})
			if len(problems.List) > 0 {
				t.Fatal(problems)
			}
			got, save := intake.Compare(inventory.Snapshot{Routers: []inventory.Router{c.current}}, wanted, c.end)
			c.want.File = "routers.csv"
			if diff := cmp.Diff(got.Files, []intake.FileDifference{c.want}); diff != "" {
				t.Errorf("difference (-got +want):\n%s", diff)
			}
			if len(save.Routers) != c.save {
				t.Errorf("%d rows to save, want %d", len(save.Routers), c.save)
			}
		})
	}
}

func TestARowThatHasNotBegunEndsOnItsStart(t *testing.T) {
	t.Parallel()
	starts := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	wanted, _ := intake.Read([]intake.File{file("links.csv",
		"ref,operator,sites,down_mbps,up_mbps,probe_address,cpe_owner,starts,source",
		"A-2,op-a,site-1,1,1,10.0.0.2,operator,2026-01-01,test")})
	current := inventory.Snapshot{Links: []inventory.Link{{Ref: "A-1", Starts: starts}}}
	_, save := intake.Compare(current, wanted, starts.AddDate(0, -1, 0))
	if len(save.Links) != 2 || !save.Links[1].Ends.Equal(starts) {
		t.Fatalf("to save: %+v, want A-2 and A-1 ended on %v", save.Links, starts)
	}
	again, _ := intake.Compare(save, wanted, starts.AddDate(0, -1, 0))
	if !again.Empty() {
		t.Errorf("ending it again differs: %+v", again.Files)
	}
}

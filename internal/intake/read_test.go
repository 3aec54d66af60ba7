package intake_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"vigie/billing/money"
	"vigie/internal/intake"
	"vigie/internal/inventory"
)

// exact compares rows by value; an empty list is as good as none.
var exact = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
}

var withoutIDs = cmp.Options{
	cmpopts.IgnoreFields(inventory.Site{}, "ID"),
	cmpopts.IgnoreFields(inventory.Operator{}, "ID"),
	cmpopts.IgnoreFields(inventory.POP{}, "ID"),
	cmpopts.IgnoreFields(inventory.Link{}, "ID"),
	cmpopts.IgnoreFields(inventory.Canary{}, "ID"),
}

func TestUnitsAndTimesBecomeThoseOfTheDomain(t *testing.T) {
	t.Parallel()
	set, problems := intake.Read(base(t))
	if len(problems.List) > 0 {
		t.Fatal(problems)
	}
	rows := set.Rows
	if got := rows.Links[2]; got.DownKbps != 50_000 || got.UpKbps != 12_500 || got.Lot != "" {
		t.Errorf("link B-1 is %+v", got)
	}
	if got := rows.Prices[2].Monthly; got != 38990 {
		t.Errorf("389,90 EUR is %d cents", got)
	}
	clause := rows.Clauses[0]
	if clause.GTR != 4*time.Hour || clause.MaxRTTMicros != 40_000 || clause.Service.OpenMinute != 480 || clause.Service.Holidays != "site" {
		t.Errorf("clause is %+v", clause)
	}
	works := rows.Maintenances[0]
	// 02:30 exists twice that night: the first is still summer time.
	if want := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC); !works.From.Equal(want) {
		t.Errorf("works begin at %v, want %v", works.From, want)
	}
	if want := time.Date(2026, 10, 25, 4, 0, 0, 0, time.UTC); !works.To.Equal(want) {
		t.Errorf("works end at %v, want %v", works.To, want)
	}
}

func TestProblemsAreBoundedAndCounted(t *testing.T) {
	t.Parallel()
	lines := []string{"key,link,source"}
	for i := range 500 {
		lines = append(lines, fmt.Sprintf("é%d,A-1,test", i))
	}
	_, problems := intake.Read([]intake.File{file("routers.csv", lines...)})
	if len(problems.List) != 200 || problems.More != 300 {
		t.Errorf("%d problems listed and %d counted, want 200 and 300", len(problems.List), problems.More)
	}
	if text := problems.String(); !strings.HasSuffix(text, "\nand 300 more\n") {
		t.Errorf("the list does not end with the count: %q", text[len(text)-40:])
	}
}

func TestAHugeFileIsRefused(t *testing.T) {
	t.Parallel()
	_, problems := intake.Read([]intake.File{{Name: "links.csv", Content: make([]byte, 64<<20+1)}})
	if got, want := problems.String(), "links.csv: is larger than 64 MiB\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAFolderGivesItsOwnFilesOnly(t *testing.T) {
	t.Parallel()
	files, err := intake.Folder(fstest.MapFS{
		"routers.csv": {}, "README.md": {}, "old/links.csv": {}, "links.csv": {},
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff(names, []string{"links.csv", "routers.csv"}); diff != "" {
		t.Errorf("files (-got +want):\n%s", diff)
	}
}

func TestTheBaseNameOfAPathSaysTheTable(t *testing.T) {
	t.Parallel()
	files := []intake.File{
		file("nord/routers.csv", "key,link,source", "r-1,A-1,test"),
		file("sud/routers.csv", "key,link,source", "r-2,A-1,test", "r-1,A-2,test"),
	}
	set, problems := intake.Read(files)
	if len(set.Rows.Routers) != 2 {
		t.Errorf("%d routers, want those of both files", len(set.Rows.Routers))
	}
	want := "sud/routers.csv:3: key: \"r-1\" is already on nord/routers.csv:2\n"
	if got := problems.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRowsOutliveBeingWrittenAndRead(t *testing.T) {
	t.Parallel()
	first, _ := intake.Read(base(t))
	second, problems := intake.Read(intake.Format(first.Rows))
	if len(problems.List) > 0 {
		t.Fatal(problems)
	}
	if diff := cmp.Diff(second.Rows, first.Rows, exact); diff != "" {
		t.Errorf("written and read again (-got +want):\n%s", diff)
	}
	difference, save := intake.Compare(first.Rows, second, time.Time{})
	if !difference.Empty() || len(save.Links) > 0 {
		t.Errorf("written and read again they differ: %+v", difference)
	}
}

func TestAnyNumberOutlivesBeingWrittenAndRead(t *testing.T) {
	t.Parallel()
	files := base(t)
	rapid.Check(t, func(t *rapid.T) {
		set, _ := intake.Read(files)
		link := &set.Rows.Links[0]
		link.DownKbps = rapid.Int64Range(1, 1_000_000_000).Draw(t, "kbps")
		link.ProbeAddress = netip.AddrFrom4([4]byte{10, rapid.Byte().Draw(t, "b"), rapid.Byte().Draw(t, "c"), 1})
		link.Starts = time.Unix(rapid.Int64Range(0, 80_000).Draw(t, "day")*86400, 0).UTC()
		set.Rows.Prices[0].Monthly = money.Cents(rapid.Int64Range(0, 1<<40).Draw(t, "cents"))
		set.Rows.Sites[0].Latitude = rapid.Float64Range(1, 89).Draw(t, "latitude")
		again, problems := intake.Read(intake.Format(set.Rows))
		if len(problems.List) > 0 {
			t.Fatal(problems)
		}
		if diff := cmp.Diff(again.Rows, set.Rows, exact); diff != "" {
			t.Errorf("written and read again (-got +want):\n%s", diff)
		}
	})
}

// FuzzRead gives any bytes as any file: it never panics, and what it accepts says the
// same when written and read again.
func FuzzRead(f *testing.F) {
	for i, seed := range base(f) {
		f.Add(i, seed.Content)
	}
	f.Add(0, []byte("key;name\n\"a\nb\";\"\"\"\n"))
	names := intake.FileNames()
	f.Fuzz(func(t *testing.T, table int, content []byte) {
		name := names[(table%len(names)+len(names))%len(names)]
		first, problems := intake.Read([]intake.File{{Name: name, Content: content}})
		if len(problems.List) > 0 {
			return
		}
		second, problems := intake.Read(intake.Format(first.Rows))
		if len(problems.List) > 0 {
			t.Fatalf("written again it has problems:\n%s", problems)
		}
		if diff := cmp.Diff(second.Rows, first.Rows, exact); diff != "" {
			t.Errorf("written and read again (-got +want):\n%s", diff)
		}
	})
}

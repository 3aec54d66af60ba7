package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/configs"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

// imported imports files that have no problem.
func imported(t testing.TB, db *store.DB, o intake.Options, files ...intake.File) intake.Report {
	t.Helper()
	o.Actor, o.Now = "user:7", now
	report, err := intake.Service{Store: store.NewIntake(db)}.Import(context.Background(), files, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func loaded(t testing.TB, db *store.DB) inventory.Snapshot {
	t.Helper()
	s, err := store.NewInventory(db).Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func count(t testing.TB, db *store.DB, sql string) int {
	t.Helper()
	var n int
	if err := db.Pool().QueryRow(context.Background(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheDemoImportsWithoutProblemAndOnce(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	demo, err := configs.Demo()
	if err != nil {
		t.Fatal(err)
	}
	files, err := intake.Folder(demo)
	if err != nil {
		t.Fatal(err)
	}
	first := imported(t, db, intake.Options{}, files...)
	if len(first.Warnings.List) > 0 {
		t.Errorf("the demo has warnings:\n%s", first.Warnings)
	}
	if got, want := len(first.Files), len(intake.FileNames()); got != want {
		t.Errorf("the demo fills %d tables of %d", got, want)
	}
	before := loaded(t, db)
	if n := len(before.Establishments); n != 158 {
		t.Errorf("%d establishments, want 158", n)
	}
	second := imported(t, db, intake.Options{}, files...)
	if !second.Empty() {
		t.Errorf("the second import differs: %+v", second.Files)
	}
	if diff := cmp.Diff(loaded(t, db), before, exact); diff != "" {
		t.Errorf("the second import changed the inventory (-got +want):\n%s", diff)
	}
	if n := count(t, db, `SELECT count(*) FROM journal_entry`); n != 1 {
		t.Errorf("%d journal entries, want that of the first import only", n)
	}
}

func TestWhatIsStoredIsWhatWasRead(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	set, problems := intake.Read(base(t))
	if len(problems.List) > 0 {
		t.Fatal(problems)
	}
	stored, read := loaded(t, db), set.Rows
	read.Sort()
	if diff := cmp.Diff(stored, read, exact, withoutIDs); diff != "" {
		t.Errorf("stored and read (-stored +read):\n%s", diff)
	}
}

func TestOneBadRowLeavesNothing(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	bad := file("routers.csv", "key,link,source", "r-1,A-1,test", "r-2,A-9,test")
	_, err := intake.Service{Store: store.NewIntake(db)}.Import(context.Background(), with(base(t), bad), intake.Options{Actor: "test", Now: now})
	var refused *intake.Refused
	if !errors.As(err, &refused) {
		t.Fatalf("error is %v, want a refusal", err)
	}
	if diff := cmp.Diff(loaded(t, db), inventory.Snapshot{}, exact); diff != "" {
		t.Errorf("something was saved (-got +want):\n%s", diff)
	}
	if n := count(t, db, `SELECT count(*) FROM journal_entry`); n != 0 {
		t.Errorf("%d journal entries, want none", n)
	}
}

func TestADryRunTellsTheDifferenceAndSavesNothing(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	report := imported(t, db, intake.Options{DryRun: true}, base(t)...)
	if report.Empty() || !report.DryRun {
		t.Errorf("the report is %+v, want the difference of a dry run", report)
	}
	if n := len(loaded(t, db).Organisations); n != 0 {
		t.Errorf("%d organisations were saved", n)
	}
}

func TestAChangeKeepsTheIdAndNamesTheField(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	before := inventory.NewIndex(loaded(t, db))
	moved := file("links.csv",
		"ref,operator,lot,pop,sites,price_item,down_mbps,up_mbps,technology,probe_address,cpe_owner,starts,source",
		"A-2,op-a,lot-a,pop-a,site-3,100M,100,100,FTTE,198.18.0.2,operator,2025-09-01,test")
	report := imported(t, db, intake.Options{}, moved)
	want := []intake.FileDifference{{
		File: "links.csv",
		Changed: []intake.Change{{Key: "A-2", Fields: []intake.FieldChange{
			{Field: "sites", Old: "site-2;site-3", New: "site-3"}, {Field: "technology", Old: "FTTO", New: "FTTE"},
		}}},
		Absent: []string{"A-1", "B-1"},
	}}
	if diff := cmp.Diff(report.Files, want); diff != "" {
		t.Errorf("difference (-got +want):\n%s", diff)
	}
	after := inventory.NewIndex(loaded(t, db))
	old, _ := before.Link("A-2")
	link, _ := after.LinkByID(old.ID)
	if link.Ref != "A-2" || link.Technology != "FTTE" || len(link.Sites) != 1 {
		t.Errorf("link %d is now %+v", old.ID, link)
	}
}

func TestAFileMayReferToWhatIsStoredOnly(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	report := imported(t, db, intake.Options{}, file("routers.csv", "key,link,source", "r-9,B-1,test"))
	if got := report.Files[0]; len(got.Added) != 1 || len(got.Absent) != 1 {
		t.Errorf("difference is %+v, want one router added and one absent", got)
	}
}

func TestWhatIsStoredCountsInEveryRule(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	linkHeader := "ref,operator,lot,pop,sites,price_item,down_mbps,up_mbps,probe_address,cpe_owner,starts,source"
	for name, c := range map[string]struct {
		file intake.File
		want string
	}{
		"an address in use": {
			file("links.csv", linkHeader, "A-9,op-a,,,site-1,,1,1,198.18.0.1,operator,2026-01-01,test"),
			`links.csv:2: probe_address: "198.18.0.1" is already the probe address of A-1 (from 2025-09-01 on)`,
		},
		"a price still open": {
			file("prices.csv", "lot,item,from,monthly_ht,source", "lot-b,100M,2026-01-01,1,test"),
			`prices.csv:2: from: "2026-01-01" overlaps the period of lot-b 100M 2025-09-01 (from 2025-09-01 on)`,
		},
		"a price before one that is stored": {
			file("prices.csv", "lot,item,from,monthly_ht,source", "lot-b,100M,2025-01-01,1,test"),
			`prices.csv:2: from: "2025-01-01" overlaps the period of lot-b 100M 2025-09-01 (from 2025-09-01 on)`,
		},
		"a lot that changes hands under its links": {
			file("lots.csv", "key,market,operator,name,source", "lot-a,market,op-b,Lot A,test"),
			`lots.csv:2: operator: "op-b" is not that of link A-1, which is op-a`,
		},
		"a site with the name of a link": {
			file("sites.csv", "key,name,kind,commune,organisation,source", "A-1,Un,college,67001,org-a,test"),
			`sites.csv:2: key: "A-1" is the reference of a link too: a split key could mean either`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := intake.Service{Store: store.NewIntake(db)}
			_, err := service.Import(context.Background(), []intake.File{c.file}, intake.Options{DryRun: true, Now: now})
			var refused *intake.Refused
			if !errors.As(err, &refused) {
				t.Fatalf("error is %v, want a refusal", err)
			}
			if got := refused.Problems.List[0].String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestMissingRowsEndOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	day := time.Date(2026, 10, 15, 0, 0, 0, 0, time.UTC)
	header := "lot,item,from,to,monthly_ht,source"
	files := []intake.File{
		file("prices.csv", header, "lot-b,100M,2025-09-01,,389.90,test"),
		file("contacts.csv", "key,site,name,source", "c-2,site-2,Accueil,test"),
		file("routers.csv", "key,link,source", "r-2,A-2,test"),
	}
	left := imported(t, db, intake.Options{DryRun: true}, files...)
	want := []string{"contacts.csv [c-1] []", "prices.csv [lot-a 100M 2026-09-01] []", "routers.csv [r-1] []"}
	if diff := cmp.Diff(absentAndEnded(left), want); diff != "" {
		t.Errorf("left alone (-got +want):\n%s", diff)
	}
	ended := imported(t, db, intake.Options{EndMissing: day, AcceptEnds: 2}, files...)
	want = []string{"contacts.csv [c-1] []", "prices.csv [] [lot-a 100M 2026-09-01]", "routers.csv [] [r-1]"}
	if diff := cmp.Diff(absentAndEnded(ended), want); diff != "" {
		t.Errorf("ended (-got +want):\n%s", diff)
	}
	x := inventory.NewIndex(loaded(t, db))
	if price, ok := x.PriceAt("lot-a", "100M", day.AddDate(0, 0, -1)); !ok || !price.To.Equal(day) {
		t.Errorf("the open price ends on %v, want %v", price.To, day)
	}
	if price, ok := x.PriceAt("lot-a", "100M", day); ok {
		t.Errorf("a price is still in force on the day of its end: %+v", price)
	}
	again := imported(t, db, intake.Options{EndMissing: day}, files...)
	if !again.Empty() {
		t.Errorf("ending again differs: %+v", again.Files)
	}
}

func absentAndEnded(r intake.Report) []string {
	var out []string
	for _, f := range r.Files {
		out = append(out, fmt.Sprint(f.File, " ", f.Absent, " ", f.Ended))
	}
	return out
}

func TestTheSendingModeIsNotTheImports(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	if _, err := db.Pool().Exec(context.Background(), `UPDATE operator SET sending_mode = 'ask' WHERE key = 'op-a'`); err != nil {
		t.Fatal(err)
	}
	imported(t, db, intake.Options{}, file("operators.csv", "key,name,ticket_email,source", "op-a,Autre nom,desk@op-a.example,test"))
	if n := count(t, db, `SELECT count(*) FROM operator WHERE sending_mode = 'ask' AND name = 'Autre nom'`); n != 1 {
		t.Error("the sending mode did not survive an import that renames the operator")
	}
	if n := count(t, db, `SELECT count(*) FROM operator WHERE sending_mode = 'observe'`); n != 1 {
		t.Error("a new operator does not start with observe")
	}
}

func TestTheJournalSaysWhichFilesChangedHowMuch(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	report := imported(t, db, intake.Options{}, base(t)...)
	var actor, action string
	var body []byte
	row := db.Pool().QueryRow(context.Background(),
		`SELECT actor, action, body FROM journal_entry WHERE chain_kind = $1 AND chain_id = $2`, intake.Chain.Kind, intake.Chain.ID)
	if err := row.Scan(&actor, &action, &body); err != nil {
		t.Fatal(err)
	}
	if actor != "user:7" || action != "inventory.import" {
		t.Errorf("the entry is %s by %s", action, actor)
	}
	var said struct {
		Files  []intake.FileHash
		Tables []struct {
			File  string
			Added int
		}
	}
	if err := json.Unmarshal(body, &said); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(said.Files, report.Read); diff != "" || len(said.Files) != 17 {
		t.Errorf("files (-journal +report):\n%s", diff)
	}
	if got := said.Tables[0]; got.File != "organisations.csv" || got.Added != 2 {
		t.Errorf("the first table is %+v, want 2 organisations added", got)
	}
}

func TestTwoImportsAtOnceTakeTurns(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	errs := make(chan error)
	for range 4 {
		go func() {
			service := intake.Service{Store: store.NewIntake(db)}
			_, err := service.Import(context.Background(), base(t), intake.Options{Actor: "test", Now: now})
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := count(t, db, `SELECT count(*) FROM journal_entry`); n != 1 {
		t.Errorf("%d imports found something to save, want 1", n)
	}
}

func TestTheReportIsReadable(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	routers := []string{"key,link,model,ends,source", "r-1,A-1,R2,2026-11-01,test"}
	for i := range 25 {
		routers = append(routers, fmt.Sprintf("x-%02d,B-1,,,test", i))
	}
	report := imported(t, db, intake.Options{DryRun: true}, file("routers.csv", routers...))
	var table, list bytes.Buffer
	if err := errors.Join(report.WriteTable(&table), report.WriteCSV(&list)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"file         added  changed  unchanged  absent  ended\nrouters.csv  25     1        0          0       0\n",
		"routers.csv: added x-19\n",
		"routers.csv: changed r-1: model: \"R1\" becomes \"R2\"\n",
		"routers.csv: added: and 5 more\n",
		"dry run: nothing was saved\n",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, table.String())
		}
	}
	if got, want := strings.Count(list.String(), "\n"), 1+25+5; got != want {
		t.Errorf("the CSV has %d lines, want %d:\n%s", got, want, list.String())
	}
	if want := "routers.csv,changed,r-1,ends,,2026-11-01\n"; !strings.Contains(list.String(), want) {
		t.Errorf("the CSV lacks %q", want)
	}
}

// BenchmarkImportOfACountry imports 60,000 links of 60,000 sites.
func BenchmarkImportOfACountry(b *testing.B) {
	sites := []string{"key,name,kind,commune,organisation,source"}
	links := []string{"ref,operator,lot,pop,sites,price_item,down_mbps,up_mbps,probe_address,cpe_owner,starts,source"}
	for i := range 60_000 {
		sites = append(sites, fmt.Sprintf("s-%d,Site %d,college,67001,org-a,bench", i, i))
		links = append(links, fmt.Sprintf("l-%d,op-a,lot-a,pop-a,s-%d,100M,100,100,10.%d.%d.%d,operator,2025-09-01,bench",
			i, i, i>>16, i>>8&255, i&255))
	}
	for b.Loop() {
		db := storetest.New(b)
		imported(b, db, intake.Options{}, base(b)...)
		imported(b, db, intake.Options{}, file("sites.csv", sites...), file("links.csv", links...))
	}
}

func TestTheJournalNamesNoContact(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	c := loaded(t, db).Contacts[0]
	for _, who := range []string{"Jeanne", "Paule"} {
		imported(t, db, intake.Options{}, file("contacts.csv", "key,site,name,phone,email,source",
			c.Key+","+c.Site+","+who+",+33 3 "+who+","+who+"@un.example,test"))
	}
	for text, want := range map[string]int{"Jeanne": 0, "Paule": 0, `"field":"phone"`: 2} {
		var n int
		err := db.Pool().QueryRow(context.Background(), `SELECT count(*) FROM journal_entry WHERE position($1::bytea IN body) > 0`, []byte(text)).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n != want {
			t.Errorf("%d entries hold %q, want %d", n, text, want)
		}
	}
	history, err := intake.Service{Store: store.NewIntake(db)}.History(context.Background(), "contacts", c.Key)
	if err != nil || !slices.ContainsFunc(history[0].Fields, func(f intake.FieldChange) bool { return f.Old == "Jeanne" && f.New == "Paule" }) {
		t.Errorf("error %v, history %+v, want the new name on the contact's own page", err, history)
	}
}

package intake_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"vigie/configs"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func shippedMapping(t testing.TB, name string) *intake.File {
	t.Helper()
	folder, err := configs.Mappings()
	if err != nil {
		t.Fatal(err)
	}
	content, err := fs.ReadFile(folder, name)
	if err != nil {
		t.Fatal(err)
	}
	return &intake.File{Name: name, Content: content}
}

func read(t testing.TB, path string) intake.File {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return intake.File{Name: path, Content: content}
}

// importing imports and gives what a person would read: the problems, or nothing.
func importing(t testing.TB, db *store.DB, o intake.Options, files ...intake.File) (intake.Report, string) {
	t.Helper()
	o.Actor, o.Now = "user:7", now
	report, err := intake.Service{Store: store.NewIntake(db)}.Import(context.Background(), files, o)
	var refused *intake.Refused
	switch {
	case errors.As(err, &refused):
		return report, refused.Problems.String()
	case err != nil:
		return report, err.Error()
	}
	return report, ""
}

func TestTheMinistrysFileIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	by := intake.Options{Mapping: shippedMapping(t, "depp-colleges.yaml")}
	file := read(t, "testdata/mapped/brut.csv")
	report, problems := importing(t, db, by, file)
	if problems != "" {
		t.Fatal(problems)
	}
	if diff := cmp.Diff(report.Mapped, []intake.MappedFile{{File: file.Name, Rows: 4, PassedOver: 2}}); diff != "" {
		t.Errorf("rows (-got +want):\n%s", diff)
	}
	got := loaded(t, db)
	want := []inventory.Site{
		{Key: "bar-le-duc-college-du-val", Name: "Collège du Val", Kind: inventory.College, Postcode: "55000", Commune: "55029", Organisation: "meuse", Source: "depp-geoloc (Licence Ouverte)"},
		{
			Key: "strasbourg-college-de-l-oeuvre", Name: "Collège de l'Œuvre", Kind: inventory.College, Address: "12 rue DE L ECOLE", Postcode: "67084",
			Commune: "67482", Latitude: 48.58, Longitude: 7.74, Organisation: "cea", Source: "depp-geoloc (Licence Ouverte)",
		},
	}
	if diff := cmp.Diff(got.Sites, want, withoutIDs); diff != "" {
		t.Errorf("sites (-got +want):\n%s", diff)
	}
	if len(got.Establishments) != 2 || got.Establishments[1].UAI != "0679901Y" || len(got.Organisations) != 2 || len(got.Communes) != 2 {
		t.Errorf("establishments %+v, organisations %+v, communes %+v", got.Establishments, got.Organisations, got.Communes)
	}
	again, problems := importing(t, db, by, file)
	if problems != "" || !again.Empty() {
		t.Errorf("the second import differs: %s%+v", problems, again.Files)
	}
	// The register has "Collège" alone for some, and writes the small words as it likes.
	worse := file
	worse.Content = []byte(strings.NewReplacer("Collège du Val", "Collège", "de l'Œuvre", "de L'Œuvre").Replace(string(file.Content)))
	if third, problems := importing(t, db, by, worse); problems != "" || !third.Empty() || bytes.Equal(worse.Content, file.Content) {
		t.Errorf("a stored name became a worse one: %s%+v", problems, third.Files)
	}
}

func TestAMappingChangesOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	before := loaded(t, db)
	by := file("m.yaml", "files:", "  - tables:", "      establishments:", "        columns:", "          uai: UAI", "          pupils: {from: Total, form: number}", "          pupils_year: {value: '2026'}")
	uai := before.Establishments[0].UAI
	report, problems := importing(t, db, intake.Options{Mapping: &by}, file("effectifs.csv", "UAI;Total", uai+";1 017"))
	if problems != "" {
		t.Fatal(problems)
	}
	if len(report.Files) != 1 || len(report.Files[0].Changed) != 1 {
		t.Errorf("difference %+v", report.Files)
	}
	before.Establishments[0].Pupils, before.Establishments[0].PupilsYear = 1017, 2026
	if diff := cmp.Diff(loaded(t, db), before, exact); diff != "" {
		t.Errorf("inventory (-got +want):\n%s", diff)
	}
}

func TestAProblemOfAMappedFileStandsWhereTheFileHoldsIt(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	broken := read(t, "testdata/mapped/brut.csv")
	broken.Name = "brut.csv"
	broken.Content = []byte(strings.NewReplacer("0679901Y", "0679901A", ";48.58;7.74", ";48,58N;7.74", ";055;55029", ";088;55029").Replace(string(broken.Content)))
	_, problems := importing(t, db, intake.Options{Mapping: shippedMapping(t, "depp-colleges.yaml")}, broken)
	want := `brut.csv:2: latitude → sites.latitude: "48,58N" is not a decimal number of degrees from -90 to 90
brut.csv:2: numero_uai → establishments.uai: "0679901A" has a wrong control letter: Y is expected
brut.csv:4: code_departement → organisations.key: "088" is not among the values that the mapping translates
`
	for _, line := range strings.SplitAfter(strings.TrimSpace(want), "\n") {
		if !strings.Contains(problems, strings.TrimSpace(line)) {
			t.Errorf("problems do not hold %q:\n%s", line, problems)
		}
	}
	wrong := file("m.yaml", "files:", "  - tables:", "      sites:", "        columns: {nom: a}")
	_, problems = importing(t, db, intake.Options{Mapping: &wrong}, broken)
	if !strings.HasPrefix(problems, "m.yaml:4: \"nom\" is not a column of sites; known: key, name") {
		t.Errorf("problems of the mapping:\n%s", problems)
	}
}

// The whole file of the ministry is not kept here.
func TestTheWholeFileOfTheMinistryIsTaken(t *testing.T) {
	t.Parallel()
	const path = "../../../shared/data/etablissements/brut_depp_colleges.csv"
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the file is not here")
	}
	empty, demo := storetest.New(t), storetest.New(t)
	by := intake.Options{Mapping: shippedMapping(t, "depp-colleges.yaml")}
	report, problems := importing(t, empty, by, read(t, path))
	if problems != "" {
		t.Fatal(problems)
	}
	if report.Mapped[0].Rows != 240 || report.Mapped[0].PassedOver != 55 {
		t.Errorf("rows read %+v", report.Mapped)
	}
	if s := loaded(t, empty); len(s.Establishments) != 185 || len(s.Sites) != 185 || len(s.Organisations) != 4 {
		t.Errorf("%d establishments at %d sites of %d members, want 185, 185, 4", len(s.Establishments), len(s.Sites), len(s.Organisations))
	}
	folder, err := configs.Demo()
	if err != nil {
		t.Fatal(err)
	}
	files, err := intake.Folder(folder)
	if err != nil {
		t.Fatal(err)
	}
	imported(t, demo, intake.Options{}, files...)
	before := loaded(t, demo)
	if _, problems := importing(t, demo, by, read(t, path)); problems != "" {
		t.Fatal(problems)
	}
	after := loaded(t, demo)
	for _, e := range before.Establishments {
		at := slices.IndexFunc(after.Establishments, func(other inventory.Establishment) bool { return other.UAI == e.UAI })
		if got := after.Establishments[at]; got.Site != e.Site || got.Organisation != e.Organisation || got.Pupils != e.Pupils {
			t.Errorf("%s moved: %+v was %+v", e.UAI, got, e)
		}
	}
}

func TestEveryShippedMappingIsAccepted(t *testing.T) {
	t.Parallel()
	folder, err := configs.Mappings()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(folder, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no mapping found: %v", err)
	}
	for _, name := range names {
		_, problems := importing(t, storetest.New(t), intake.Options{Mapping: shippedMapping(t, name), DryRun: true})
		if problems != "" {
			t.Errorf("%s: %s", name, problems)
		}
	}
}

func TestMoreThanOneInTwentyEndedAsksAgain(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	imported(t, db, intake.Options{}, base(t)...)
	canaries := file("canaries.csv", "key,name,address,path,source", "k-9,Neuf,192.0.2.99,autre,test")
	const gone = 2 // all that the base holds
	ends := intake.Options{EndMissing: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}

	for _, accepted := range []int{0, gone + 1} {
		ends.AcceptEnds = accepted
		if _, said := importing(t, db, ends, canaries); !strings.Contains(said, "more than 5 %") {
			t.Errorf("%d accepted: %q", accepted, said)
		}
	}
	ends.DryRun = true
	report, said := importing(t, db, ends, canaries)
	if said != "" || report.Ends == nil || report.Ends.Total != gone {
		t.Errorf("dry run: %q, ends %+v", said, report.Ends)
	}
	ends.DryRun, ends.AcceptEnds = false, gone
	if report, said = importing(t, db, ends, canaries); said != "" || len(report.Files[0].Ended) != gone {
		t.Errorf("accepted: %q, %+v", said, report.Files)
	}
}

func TestAWorkbookHoldsOneTableOrSeveral(t *testing.T) {
	t.Parallel()
	book := excelize.NewFile()
	for _, sheet := range []string{"Routers", "canaries"} {
		if _, err := book.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
	}
	set := func(sheet, at string, cells ...any) {
		if err := book.SetSheetRow(sheet, at, &cells); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	set("Routers", "A1", "key", "link", "ends", "source")
	set("Routers", "A2", "r-8", "A-1", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), "test")
	set("canaries", "A1", "key", "name", "address", "path", "source")
	set("canaries", "A2", "k-8", "Huit", "192.0.2.8", "autre", "test")
	set("canaries", "A3", "k-9", "Neuf", "192.0.2.900", "autre", "test")
	var content bytes.Buffer
	if err := book.Write(&content); err != nil {
		t.Fatal(err)
	}
	rows, problems := intake.Read([]intake.File{{Name: "parc.xlsx", Content: content.Bytes()}})
	if got, want := problems.String(), "parc.xlsx[canaries]:3: address: \"192.0.2.900\" is not an IPv4 or IPv6 address\n"; got != want {
		t.Errorf("problems %q, want %q", got, want)
	}
	if r := rows.Rows.Routers; len(r) != 1 || !r[0].Ends.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("routers %+v", r)
	}
	rows, problems = intake.Read([]intake.File{{Name: "dossier/routers.xlsx", Content: content.Bytes()}})
	if len(problems.List) > 0 || len(rows.Rows.Routers) != 1 || len(rows.Rows.Canaries) > 0 {
		t.Errorf("problems %s rows %+v", problems, rows.Rows)
	}
}

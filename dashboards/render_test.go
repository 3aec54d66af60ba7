package dashboards

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/i18n"
)

func TestEveryTemplateIsAViewOrShared(t *testing.T) {
	t.Parallel()
	files, err := sources.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		found = append(found, strings.TrimSuffix(file.Name(), path.Ext(file.Name())))
	}
	known := slices.Concat(views, shared)
	slices.Sort(known)
	if diff := cmp.Diff(known, found); diff != "" {
		t.Errorf("templates (-named +found):\n%s", diff)
	}
}

func TestEveryPageHasItsView(t *testing.T) {
	t.Parallel()
	var named []string
	for _, page := range []Page{
		&BoardPage{}, &MapPage{}, &PlanPage{}, &PrefixPage{}, &SitePlanPage{}, &VLANsPage{}, &LinkPage{}, &DevicePage{}, &TrialPage{}, &SitePage{}, &IncidentsPage{}, &TicketsPage{}, &TicketPage{}, &ProbersPage{}, &StatementPage{}, &AuditPage{}, &TokensPage{},
		&ServicesPage{}, &InventoryPage{}, &RecordsPage{}, &RecordPage{}, &DraftPage{}, &ReviewPage{}, &SignInPage{}, &ErrorPage{},
	} {
		named = append(named, page.template())
	}
	if diff := cmp.Diff(views, named); diff != "" {
		t.Errorf("views (-parsed +named by pages):\n%s", diff)
	}
}

func TestAMissingViewFailsTheStart(t *testing.T) {
	t.Parallel()
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.parse(i18n.French, "nowhere"); err == nil {
		t.Error("a view without a template is parsed")
	}
	if _, err := r.parse(i18n.French, "icons"); err == nil || !strings.Contains(err.Error(), `"title"`) {
		t.Errorf("a view without a title: error %v, want one that names it", err)
	}
}

func TestAPageWithoutALivePartSaysSo(t *testing.T) {
	t.Parallel()
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	page := &SignInPage{Shell: Shell{Lang: i18n.French}}
	if err := r.RenderLive(io.Discard, page); !errors.Is(err, ErrNotLive) {
		t.Errorf("live part of the sign-in page: error %v, want ErrNotLive", err)
	}
}

func TestWhatIsTypedIsEscaped(t *testing.T) {
	t.Parallel()
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	hostile := `"><script>alert(1)</script>`
	if err := r.Render(&page, &SignInPage{Shell: Shell{Lang: i18n.English, Path: hostile}, Login: hostile, Next: hostile}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<script>alert") {
		t.Errorf("the page holds what was typed as it is:\n%s", page.String())
	}
}

func TestStaticFilesAreNamedByTheirContent(t *testing.T) {
	t.Parallel()
	s, err := newStatic()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vigie.css", "vigie.js", "mark.svg"} {
		url, err := s.URL(name)
		if err != nil {
			t.Fatal(err)
		}
		file, ok := s.File(path.Base(url))
		if !ok || len(file.Content) == 0 || url == StaticPrefix+name {
			t.Errorf("%s at %s: found %t", name, url, ok)
		}
	}
	if _, err := s.URL("none.css"); err == nil {
		t.Error("a file that does not exist has an address")
	}
}

func TestASpreadsheetTakesNoTextForAFormula(t *testing.T) {
	t.Parallel()
	s := Statement{Month: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Draft: true, Members: []MemberStatement{{
		Organisation: "=cmd()", BudgetLine: "+1", Lines: []StatementLine{{Link: "@x", Site: "-y", Label: "a;b", Net: -5, VAT: 0, Gross: 123456}},
	}}}
	var out bytes.Buffer
	if err := s.WriteCSV(&out, i18n.For(i18n.French)); err != nil {
		t.Fatal(err)
	}
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff")))
	reader.Comma = ';'
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2026-11", "Brouillon", "'=cmd()", "'+1", "'@x", "'-y", "a;b", "", "-0,05", "0,00", "1234,56"}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

func TestSmallWordsAreWrittenAsPeopleDo(t *testing.T) {
	t.Parallel()
	fr := i18n.For(i18n.French)
	people := map[int64]string{12: "Rémi"}
	for name, row := range map[string]struct{ got, want string }{
		"hours":              {serviceHours(fr, "1,2,4-5 08:00-12:30"), "lun.–mar., jeu.–ven. 08:00–12:30"},
		"all hours":          {serviceHours(fr, "24x7"), "24 h/24, 7 j/7"},
		"hours of no form":   {serviceHours(fr, "le matin"), "le matin"},
		"a person":           {actorName(fr, "user:12", people), "Rémi"},
		"a person long gone": {actorName(fr, "user:13", people), "personne n° 13"},
		"no person":          {actorName(fr, "vigie", people), "vigie"},
		"a strange actor":    {actorName(fr, "user:x", people), "user:x"},
		"a known decision":   {actionName(fr, "ticket.opened"), "ouverture"},
		"a later decision":   {actionName(fr, "ticket.danced"), "ticket.danced"},
		"a telephone":        {telephone("+33 (0)3 53.01"), "+33035301"},
		"an address":         {withQuery("/links/1?range=1h&x=y", "range", "7d"), "/links/1?range=7d&x=y"},
		"an address less":    {withQuery("/?state=up", "state", ""), "/"},
		"no address":         {withQuery("://", "a", "b"), "/"},
	} {
		if row.got != row.want {
			t.Errorf("%s: %q, want %q", name, row.got, row.want)
		}
	}
}

package httpd_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"vigie/internal/httpd"
	"vigie/internal/i18n"
	"vigie/internal/intake"
	"vigie/internal/store"
)

// upload gives files to a page as a browser does; a mapping has a field of its own.
func (b *browser) upload(path string, fields form, files ...intake.File) answer {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range files {
		field := "files"
		if strings.HasSuffix(f.Name, ".yaml") {
			field = "own"
		}
		part, err := w.CreateFormFile(field, f.Name)
		if err != nil {
			b.t.Fatal(err)
		}
		if _, err := part.Write(f.Content); err != nil {
			b.t.Fatal(err)
		}
	}
	for name, values := range fields {
		if err := w.WriteField(name, values[0]); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.t.Fatal(err)
	}
	response, err := b.http.Post(b.base+path, w.FormDataContentType(), &body)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil {
		b.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, text.String()}
}

func csvFile(name string, lines ...string) intake.File {
	return intake.File{Name: name, Content: []byte(strings.Join(lines, "\n") + "\n")}
}

var hidden = regexp.MustCompile(`name="(version|token)" value="([0-9a-f]+)"`)

// held is what a form carries from one request to the next.
func (a answer) held(t *testing.T) string {
	t.Helper()
	found := hidden.FindStringSubmatch(a.body)
	if found == nil {
		t.Fatalf("the page carries no version and no token:\n%s", a.text())
	}
	return found[2]
}

func TestARowIsEditedOnAPageAndShowsItsHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	const page = "/inventory/sites/record?key=achenheim-college-paul-wernert"
	first := b.get(page)
	first.contains(t, "achenheim-college-paul-wernert", "Commune (code INSEE)", "Historique", "créé", "vaut dès maintenant")
	edit := form{"key": {"achenheim-college-paul-wernert"}, "version": {first.held(t)}, "f.name": {"Collège Wernert"}, "f.address": {"5 rue du Collège"}}
	if done := b.post("/inventory/sites/record", edit); done.status != http.StatusSeeOther || done.header.Get("Location") != "/inventory/sites" {
		t.Fatalf("save: status %d to %q", done.status, done.header.Get("Location"))
	}
	b.get("/inventory/sites?q=WERNERT").contains(t, "Enregistré.", "Collège Wernert", "1 ligne")
	b.get(page).contains(t, "Rémi Réseau modifié Nom Collège Paul Wernert → Collège Wernert", "4 rue du Collège → 5 rue du Collège")

	if site := b.get(fmt.Sprintf("/sites/%d", w.id(t, "site", "achenheim-college-paul-wernert"))); !strings.Contains(site.body, page) {
		t.Error("the page of the site does not lead to its row")
	}
	late := b.post("/inventory/sites/record", edit)
	if late.status != http.StatusConflict {
		t.Errorf("an edit of what somebody changed: status %d, want 409", late.status)
	}
	edit["f.address"] = []string{"6 rue du Collège"}
	b.post("/inventory/sites/record", edit).contains(t, "Quelqu’un a modifié cette ligne entre-temps.", "Adresse 6 rue du Collège")
}

func TestAProblemOfAFormIsSaidBesideItsField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "admin")
	wrong := b.post("/inventory/maintenances/record", form{
		"f.key": {"tp-1"}, "f.scope": {"pop"}, "f.subject": {"no-pop"}, "f.from": {"2026-12-01T02:00"}, "f.to": {"2026-12-01T01:00"}, "f.announced": {"2026-11-24T10:00"},
		"f.source": {"<b>lettre</b>"},
	})
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("status %d, want 422", wrong.status)
	}
	wrong.contains(t, "Rien n’a été enregistré", "ne suit pas le début")
	if strings.Contains(wrong.body, "<b>lettre") || !strings.Contains(wrong.body, `value="2026-12-01T02:00"`) || !strings.Contains(wrong.body, `aria-invalid="true"`) {
		t.Errorf("the form does not give back what was typed, escaped and marked:\n%s", wrong.body)
	}
	made := b.post("/inventory/maintenances/record", form{
		"f.key": {"tp-1"}, "f.scope": {"pop"}, "f.subject": {"mir-verdun"}, "f.from": {"2026-12-01T02:00"}, "f.to": {"2026-12-01T05:00"}, "f.announced": {"2026-11-24T10:00"},
		"f.source": {"lettre"},
	})
	if made.status != http.StatusSeeOther {
		t.Fatalf("announce works: status %d\n%s", made.status, made.text())
	}
	if stored, err := store.NewInventory(w.db).Load(context.Background()); err != nil || stored.Maintenances[0].Key != "tp-1" || stored.Maintenances[0].From.Hour() != 1 {
		t.Errorf("error %v, works %+v", err, stored.Maintenances)
	}
}

func TestALinkEndsOnADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	const page = "/inventory/links/record?key=BRE-1001"
	end := form{"key": {"BRE-1001"}, "version": {b.get(page).held(t)}, "day": {"2027-01-01"}}
	if done := b.post("/inventory/links/end", end); done.status != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", done.status, done.text())
	}
	b.get("/inventory/links?q=bre-1001").contains(t, "Fin enregistrée.", "01/01/2027")
	end.Set("version", b.get(page).held(t))
	end.Set("day", "2025-01-01")
	b.post("/inventory/links/end", end).contains(t, "précède le 01/09/2025")
}

func TestFilesAreComparedThenAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	canaries := csvFile("canaries.csv", "key,name,address,path,source", "canari-neuf,Neuf,198.19.255.9,neuf,essai")
	sent := b.upload("/imports", form{"endmissing": {"2026-12-01"}}, canaries)
	address := sent.header.Get("Location")
	if sent.status != http.StatusSeeOther || !strings.HasPrefix(address, "/imports/") {
		t.Fatalf("upload: status %d to %q\n%s", sent.status, address, sent.text())
	}
	shown := b.get(address)
	shown.contains(t, "canaries.csv", "Cibles témoins 1 0 3", "canari-neuf", "plus de 5 %", "saisissez le nombre de lignes terminées : 3")
	if other := w.signIn(t, "admin").get(address); other.status != http.StatusNotFound {
		t.Errorf("somebody else's files: status %d, want 404", other.status)
	}
	accept := form{"token": {shown.held(t)}, "ends": {"2"}}
	if got := b.post(address+"/acceptance", accept).status; got != http.StatusConflict {
		t.Errorf("another number of ends: status %d, want 409", got)
	}
	accept.Set("ends", "3")
	if done := b.post(address+"/acceptance", accept); done.status != http.StatusSeeOther {
		t.Fatalf("accept: status %d\n%s", done.status, done.text())
	}
	b.get("/inventory").contains(t, "Import enregistré.", "Cibles témoins")
	if got := b.get(address).status; got != http.StatusNotFound {
		t.Errorf("accepted files are still there: status %d", got)
	}
}

func TestFilesWithProblemsOrTooLargeAreNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	sent := b.upload("/imports", form{}, csvFile("canaries.csv", "key,name,address,path,source", "canari neuf,Neuf,198.19.255.900,neuf,essai"))
	shown := b.get(sent.header.Get("Location"))
	shown.contains(t, "canaries.csv:2 address 198.19.255.900 n’est pas une adresse IPv4 ou IPv6")
	if strings.Contains(shown.body, "/acceptance") {
		t.Error("files with problems may be accepted")
	}
	if got := b.upload("/imports", form{}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("no file: status %d, want 422", got.status)
	}
	large := b.upload("/imports", form{}, intake.File{Name: "links.csv", Content: make([]byte, 17<<20)})
	if large.status != http.StatusUnprocessableEntity {
		t.Errorf("too large: status %d, want 422", large.status)
	}
	large.contains(t, "dépassent 16 Mio")
	prices := b.upload("/imports", form{}, csvFile("prices.csv", "lot,item,from,monthly_ht,source", "lot-1,9G,2026-12-01,1,essai"))
	if got := b.get(prices.header.Get("Location")).status; got != http.StatusForbidden {
		t.Errorf("prices from somebody who sees none: status %d, want 403", got)
	}
}

func TestARowWithoutKeyIsDecidedOnAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	service := intake.Service{Store: store.NewIntake(w.db)}
	by := csvFile("m.yaml", "files:", "  - tables:", "      contacts:", "        columns:", "          key: {key_of: [Ville, Nom]}",
		"          site: {match: {among: sites, name: Nom, commune: Ville}}", "          name: {value: Accueil}", "          source: {value: liste}")
	list := csvFile("liste.csv", "Nom;Ville", "Clg Paul Wernert;ACHENHEIM")
	if _, err := service.Import(context.Background(), []intake.File{list}, intake.Options{Mapping: &by, Actor: "vigie", Now: now}); err != nil {
		t.Fatal(err)
	}
	b.get("/inventory").contains(t, "1 question sur des lignes sans clé attend une personne")
	b.get("/review").contains(t, "Clg Paul Wernert", "liste.csv, ligne 2 → Contacts", "achenheim-college-paul-wernert 100 %", "seul à correspondre exactement", "nom 100 %, commune 100 %")
	b.get("/review.csv").contains(t, "achenheim-college-paul-wernert 100 %")
	answer := form{"among": {"sites"}, "name": {"Clg Paul Wernert"}, "commune": {"ACHENHEIM"}, "address": {""}, "meant": {"other"}, "other": {"nulle-part"}}
	b.post("/review", answer).contains(t, "ni dans les fichiers ni enregistré")
	answer.Set("meant", "achenheim-college-paul-wernert")
	if done := b.post("/review", answer); done.status != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", done.status, done.text())
	}
	b.get("/review").contains(t, "Réponse enregistrée.", "Aucune ligne n’attend.")
	b.get("/inventory/contacts?q=achenheim-clg").contains(t, "1 ligne")
}

func TestEveryTableColumnAndChoiceHasAName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fr := i18n.For(i18n.French)
	service := intake.Service{Store: store.NewIntake(w.db)}
	for _, table := range intake.TableNames() {
		f, err := service.Form(context.Background(), table, "")
		if err != nil {
			t.Fatal(err)
		}
		wanted := []string{"table." + table}
		for _, field := range f.Fields {
			wanted = append(wanted, "column."+field.Name)
			for _, choice := range field.Choices {
				wanted = append(wanted, "choice."+choice)
			}
		}
		for _, key := range wanted {
			if !fr.Has(key) {
				t.Errorf("table %s: no catalogue holds %q", table, key)
			}
		}
	}
}

func TestAMappingShowsNoPriceToWhoSeesNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	read := csvFile("x.yaml", "files:", "  - tables:", "      sites:", "        columns:", "          key: site",
		"          name: {stored: {column: prices.monthly_ht, by: price}}")
	rows := csvFile("x.csv", "site,price", "achenheim-college-paul-wernert,lot-1 1000M 2025-09-01")
	for login, want := range map[string]bool{"admin": true, "reseau": false} {
		b := w.signIn(t, login)
		draft := b.get(b.upload("/imports", form{}, rows, read).header.Get("Location"))
		if draft.status != http.StatusOK {
			t.Fatalf("%s: status %d", login, draft.status)
		}
		if got := strings.Contains(draft.text(), "Collège Paul Wernert → 645.00"); got != want {
			t.Errorf("%s sees the price: %v, want %v\n%s", login, got, want, draft.text())
		}
	}
}

// patient is an answer on a connection that takes deadlines.
type patient struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (p *patient) SetReadDeadline(at time.Time) error  { p.read = at; return nil }
func (p *patient) SetWriteDeadline(at time.Time) error { p.write = at; return nil }

func TestFilesMayArriveOverASlowLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn(t, "reseau")
	base, err := url.Parse(b.base)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/imports", strings.NewReader("--x--\r\n"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	for _, c := range b.http.Jar.Cookies(base) {
		r.AddCookie(c)
	}
	p := &patient{ResponseRecorder: httptest.NewRecorder()}
	began := time.Now()
	w.server.ServeHTTP(p, r)
	if p.Code != http.StatusUnprocessableEntity {
		t.Fatalf("status %d, want the page that asks for files", p.Code)
	}
	if p.read.Before(began.Add(2*time.Minute)) || !p.write.After(p.read) {
		t.Errorf("read until %v, written until %v: want two minutes for the files, then time for the answer", p.read.Sub(began), p.write.Sub(began))
	}
}

func TestFilesHaveLongerThanAPage(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]time.Duration{"/imports": 2*time.Minute + 20*time.Second, "/review": 20 * time.Second} {
		var left time.Duration
		handler := httpd.LimitTime(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			until, _ := r.Context().Deadline()
			left = time.Until(until)
		}))
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, path, nil))
		if left > want || left < want-time.Second {
			t.Errorf("%s: %v left, want %v", path, left, want)
		}
	}
}

package app

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"vigie/internal/httpd"
	"vigie/internal/intake"
	"vigie/internal/inventory"
	"vigie/internal/journal"
	"vigie/internal/org"
	"vigie/internal/outpost"
	"vigie/internal/store"
	"vigie/internal/vantage"
)

// names is a server of names that knows an address for all of them.
func names(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		packet := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(packet[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			header := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 1}
			m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}}}
			if answer, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

func TestAProberInsideASchoolTellsWhatTheSchoolReaches(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("espace de travail")) }))
	defer page.Close()
	s := startLoopback(t, 2, "127.0.0.1:0")
	check := func(key, service, text string) inventory.Check {
		return inventory.Check{
			Key: key, Scope: inventory.ScopeSite, Subject: "site-01", Name: strings.ToUpper(key), From: inventory.FromSite,
			Service: service, Text: text, Every: 2 * time.Second, Source: "invented for a test",
		}
	}
	rows := inventory.Snapshot{Checks: []inventory.Check{
		check("ent", page.URL+"/", "travail"), check("names", "dns://"+names(t)+"/ent.example", ""),
	}}
	entry := journal.Entry{Chain: intake.Chain, At: time.Now(), Actor: "test", Action: "inventory.import", Body: []byte(`{}`)}
	saving := func(intake.Current) (intake.Saving, error) {
		return intake.Saving{Rows: rows, Entries: []journal.Entry{entry}}, nil
	}
	if err := store.NewIntake(s.instance.db).ChangeInventory(t.Context(), saving); err != nil {
		t.Fatal(err)
	}
	if err := s.retarget(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.insideSchool(t, "inside", "site-01").start(t)
	const working = `SELECT count(*) FROM check_state WHERE status = 'working'`
	soon(t, "both services work", func() bool { return s.ask(t, working) == 2 })
	read := s.reader(t)
	pages := []string{"/services", fmt.Sprintf("/sites/%d", s.ask(t, `SELECT id FROM site WHERE key = 'site-01'`))}
	for _, path := range pages {
		soon(t, path+" shows two services that the school reaches", func() bool {
			shown := read(path)
			return strings.Count(shown, "vu depuis l’établissement") == 2 && strings.Count(shown, "Répond<") == 2
		})
	}

	page.Close()
	soon(t, "the page is missed", func() bool {
		return s.ask(t, `SELECT count(*) FROM check_transition WHERE status = 'failing' AND reason = 'refused'`) == 1
	})
	for _, path := range pages {
		soon(t, path+" shows the service that fails", func() bool {
			shown := read(path)
			return strings.Contains(shown, "Échoue<") && strings.Contains(shown, "Répond<")
		})
	}
	soon(t, "the line is told to be good", func() bool { return strings.Contains(read(pages[1]), "Établissement sans service") })
	if n := s.ask(t, working); n != 1 {
		t.Errorf("%d services work, want the other one", n)
	}
	for _, table := range []string{"incident", "ticket", "transition", "message"} {
		if n := s.ask(t, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%d rows in %s, want none: the lines are good", n, table)
		}
	}
	if n := s.ask(t, `SELECT count(*) FROM prober WHERE name = 'inside' AND site = 'site-01'`); n != 1 {
		t.Error("where the prober stands is not noted")
	}
	if got := s.sharing(); len(got) != 1 || got[0] != "local" {
		t.Errorf("%v share the links, want the core's own alone", got)
	}
}

// insideSchool is a prober elsewhere at a site.
func (s *Server) insideSchool(t *testing.T, name, site string) *away {
	t.Helper()
	made, err := s.addProber(t.Context(), NewProber{Name: name, Site: site})
	if err != nil {
		t.Fatal(err)
	}
	credential, err := vantage.ParseCredential([]byte(made.Credential))
	if err != nil {
		t.Fatal(err)
	}
	return &away{options: outpost.Options{Credential: credential, Dir: t.TempDir(), Say: func(string) {}, Log: s.opts.Log}}
}

// reader is a browser in which somebody who sees everything is signed in.
func (s *Server) reader(t *testing.T) func(path string) string {
	t.Helper()
	hash, err := httpd.HashPassword("a long password")
	if err != nil {
		t.Fatal(err)
	}
	person := NewPerson{Person: Person{Login: "reader", Name: "Reader", Role: string(org.Network), Organisation: "payer", Everything: true}, PasswordHash: hash}
	if _, err := s.instance.AddPerson(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	read := func(answer *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", answer.Request.URL, answer.Status, err)
		}
		return string(body)
	}
	base := "http://" + s.Address()
	read(browser.PostForm(base+"/signin", url.Values{"login": {"reader"}, "password": {"a long password"}, "next": {"/"}}))
	return func(path string) string {
		t.Helper()
		return read(browser.Get(base + path))
	}
}

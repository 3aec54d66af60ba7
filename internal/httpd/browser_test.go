package httpd_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// browser is one person's browser on the pages of a world.
type browser struct {
	t    testing.TB
	base string
	http *http.Client
}

// form is what a page sends.
type form = url.Values

// visit serves the world and opens a browser that nobody signed in with.
func (w *world) visit(t testing.TB) *browser {
	t.Helper()
	server := httptest.NewServer(w.server)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{t: t, base: server.URL, http: &http.Client{Jar: jar, CheckRedirect: stay}}
}

// signIn opens a browser and signs in; login "" leaves nobody signed in.
func (w *world) signIn(t testing.TB, login string) *browser {
	t.Helper()
	b := w.visit(t)
	if login == "" {
		return b
	}
	answer := b.post("/signin", form{"login": {login}, "password": {password}, "next": {"/"}})
	if answer.status != http.StatusSeeOther {
		t.Fatalf("sign in as %s: status %d, want 303", login, answer.status)
	}
	return b
}

// answer is what a page said.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(method, path string, fields form, headers ...string) answer {
	b.t.Helper()
	request, err := http.NewRequest(method, b.base+path, strings.NewReader(fields.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if fields != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := b.http.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	var body strings.Builder
	buffer := make([]byte, 64<<10)
	for {
		n, err := response.Body.Read(buffer)
		body.Write(buffer[:n])
		// A stream has no end: its first words are enough.
		if err != nil || response.Header.Get("Content-Type") == "text/event-stream" {
			break
		}
	}
	return answer{response.StatusCode, response.Header, body.String()}
}

func (b *browser) get(path string, headers ...string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil, headers...)
}

func (b *browser) post(path string, fields form) answer {
	b.t.Helper()
	return b.do(http.MethodPost, path, fields)
}

// text is what a reader reads of a page.
func (a answer) text() string {
	root, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		return a.body
	}
	var words []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(words, " ")
}

package app

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vigie/internal/httpd"
)

// pusherTo is one that sends to an address, with the warnings it gave.
func pusherTo(t *testing.T, address string, labels map[string]string) (*pusher, chan string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte(address+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := newPusher(PushConfiguration{URLFile: file, Every: 5 * time.Second, Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	warned := make(chan string, 100)
	p.warn = func(_ string, args ...any) { warned <- fmt.Sprint(args[1]) }
	p.sent, p.failed = newMeters().pushes()
	p.write = func(w io.Writer) { fmt.Fprint(w, "# TYPE vigie_a gauge\nvigie_a 1\nvigie_b{link=\"L\"} 2\n") }
	return p, warned
}

func TestFiguresAreSentWithTheLabelsOfTheInstallation(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		user, password, _ := r.BasicAuth()
		got <- strings.Join([]string{r.Method, r.URL.String(), user, password, string(text)}, " ")
	}))
	defer server.Close()
	p, _ := pusherTo(t, strings.Replace(server.URL, "http://", "http://vigie:pass@", 1)+"/write?to=x", map[string]string{"region": `grand "est"`, "job": "vigie"})
	if reason := p.push(t.Context()); reason != "" {
		t.Fatal(reason)
	}
	want := `POST /write?to=x vigie pass # TYPE vigie_a gauge
vigie_a{job="vigie",region="grand \"est\""} 1
vigie_b{job="vigie",region="grand \"est\"",link="L"} 2
`
	if text := <-got; text != want {
		t.Errorf("it took\n%s\nwant\n%s", text, want)
	}
}

func TestAFailureIsToldOnceAndWithoutTheAddress(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		http.Error(w, "no such place: "+r.URL.Path, http.StatusUnauthorized)
	}))
	p, warned := pusherTo(t, server.URL+"/s3cret?key=s3cret", nil)
	p.every = 20 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- p.run(ctx) }()
	if got := <-warned; got != "it answered 401" {
		t.Errorf("told %q, want that it answered 401", got)
	}
	for calls.Load() < 4 {
		time.Sleep(time.Millisecond)
	}
	server.Close()
	if got := <-warned; strings.Contains(got, "s3cret") || !strings.Contains(got, "refused") {
		t.Errorf("told %q, want that the connection was refused", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if p.failed.Get() < 4 || p.sent.Get() < p.failed.Get() {
		t.Errorf("%d sent and %d failed, want at least 4", p.sent.Get(), p.failed.Get())
	}
}

// Whatever an error quotes, the secret parts of the address do not go on.
func TestNoReasonShowsTheAddress(t *testing.T) {
	t.Parallel()
	p := &pusher{address: &url.URL{Scheme: "https", User: url.UserPassword("vigie", "pw"), Host: "metrics.example", Path: "/s3cret", RawQuery: "k=s3cret"}}
	for text, want := range map[string]string{
		`cannot push metrics to "https://vigie:xxxxx@metrics.example/s3cret?k=s3cret": dial tcp: refused`:                                                "cannot push metrics to the address: dial tcp: refused",
		`unexpected status code in response from "https://vigie:xxxxx@metrics.example/s3cret?k=s3cret": 503; expecting 2xx; response body: "at /s3cret"`: "it answered 503",
		`parse "/s3cret": wrong`: "it was not reached",
		`vigie:pw is wrong`:      "it was not reached",
	} {
		if got := p.reason(errors.New(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestAPushThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for yaml, want := range map[string]string{
		"every: 1s":               "metrics.push.every: 1s, expected 5s to 1h",
		"labels: {1a: x}":         `metrics.push.labels: name "1a", expected a letter, then letters, digits and _`,
		"labels: {link: x}":       `metrics.push.labels: name "link", which Vigie's own series have: ` + strings.Join(ownLabels, ", "),
		"labels: {region: ''}":    "metrics.push.labels.region: empty, expected a value",
		"url: https://x.example/": `line 1: unknown key "url"; configs/vigie.yaml shows them all`,
	} {
		if _, err := parseConfiguration([]byte("metrics: {push: {" + yaml + "}}")); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", yaml, err, want)
		}
	}
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte("s3cret.example"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newPusher(PushConfiguration{URLFile: file}); err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), file) {
		t.Errorf("an address that is none: %v", err)
	}
	if p, err := newPusher(PushConfiguration{}); p != nil || err != nil {
		t.Errorf("nothing configured: %v, %v", p, err)
	}
}

func TestEachPartSaysWhetherItIsWell(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	writeParts(&text, []httpd.Part{{Name: "database", Healthy: true}, {Name: "prober clock"}})
	if want := "vigie_part_healthy{part=\"database\"} 1\nvigie_part_healthy{part=\"prober clock\"} 0\n"; text.String() != want {
		t.Errorf("%s, want %s", text.String(), want)
	}
}

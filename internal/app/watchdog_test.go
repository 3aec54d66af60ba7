package app

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/internal/httpd"
)

// watchedBy is a transport that counts the calls and answers as it is told.
type watchedBy struct {
	calls  int
	answer func() (*http.Response, error)
}

func (w *watchedBy) RoundTrip(*http.Request) (*http.Response, error) {
	w.calls++
	return w.answer()
}

func TestTheWatchdogIsCalledAsLongAsAllIsWell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ill, status := []httpd.Part{}, http.StatusOK
		outside := &watchedBy{answer: func() (*http.Response, error) {
			if status == 0 {
				return nil, context.DeadlineExceeded
			}
			return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Body: http.NoBody}, nil
		}}
		var warned []string
		w := watchdog{
			address: "https://watch.example/secret", every: time.Minute,
			parts:  func(context.Context) []httpd.Part { return append(ill, httpd.Part{Name: "stream", Healthy: true}) },
			warn:   func(_ string, args ...any) { warned = append(warned, fmt.Sprint(args[1])) },
			client: &http.Client{Transport: outside},
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.run(ctx) }()
		var calls []int
		var unheard []bool
		after := func() {
			outside.calls = 0
			time.Sleep(3 * time.Minute)
			calls, unheard = append(calls, outside.calls), append(unheard, w.unheard.Load())
		}
		time.Sleep(30 * time.Second)
		after()
		ill = []httpd.Part{{Name: "prober"}, {Name: "decisions"}}
		after()
		ill = nil
		status = http.StatusNotFound
		after()
		status = 0
		after()
		status = http.StatusOK
		after()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]int{3, 0, 3, 3, 3}, calls); diff != "" {
			t.Errorf("calls in three minutes (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]bool{false, false, true, true, false}, unheard); diff != "" {
			t.Errorf("calls that were not taken (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"decisions, prober", "it answered 404", "context deadline exceeded"}, warned); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
	})
}

func TestTheAddressOfTheWatchdogStaysSecret(t *testing.T) {
	t.Parallel()
	called := make(chan string, 1)
	outside := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { called <- r.URL.Path }))
	defer outside.Close()
	file := filepath.Join(t.TempDir(), "address")
	write := func(text string) WatchdogConfiguration {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return WatchdogConfiguration{URLFile: file, Every: time.Minute}
	}
	w, err := newWatchdog(write(outside.URL + "/secret\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.call(t.Context()); err != nil {
		t.Error(err)
	}
	if path := <-called; path != "/secret" {
		t.Errorf("called %s", path)
	}
	outside.Close()
	if err := w.call(t.Context()); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody there: %v, want an error without the address", err)
	}
	for _, text := range []string{"", "secret", "ftp://secret.example", "https://"} {
		if _, err := newWatchdog(write(text)); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "watchdog.url_file") {
			t.Errorf("%q: %v, want an error that names the key and not the text", text, err)
		}
	}
	if w, err := newWatchdog(WatchdogConfiguration{}); w != nil || err != nil {
		t.Errorf("none configured: %v, %v", w, err)
	}
}

package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"vigie/internal/httpd"
	"vigie/internal/outpost"
)

// watchdogLimit is how long one call may take.
const watchdogLimit = 10 * time.Second

// watchdog calls an address elsewhere as long as all is well.
type watchdog struct {
	address string
	every   time.Duration
	parts   func(ctx context.Context) []httpd.Part
	warn    func(message string, args ...any)
	client  *http.Client
	unheard atomic.Bool // the last call was not taken
}

// newWatchdog reads the address; it is nil where none is configured. Errors do not show
// the address, which is a secret.
func newWatchdog(c WatchdogConfiguration) (*watchdog, error) {
	address, err := secret("watchdog.url_file", c.URLFile)
	if err != nil || c.URLFile == "" {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("watchdog.url_file: %s does not hold an address such as https://watch.example/token", c.URLFile)
	}
	return &watchdog{address: address, every: c.Every, client: &http.Client{Timeout: watchdogLimit}}, nil
}

// run calls until ctx ends. What keeps it from calling is told when it changes.
func (w *watchdog) run(ctx context.Context) error {
	told := ""
	for pause(ctx, w.every) {
		reason := w.ill(ctx)
		if reason == "" {
			err := w.call(ctx)
			if err != nil && ctx.Err() == nil {
				reason = err.Error()
			}
			w.unheard.Store(err != nil)
		}
		if reason != told {
			told = reason
			if reason != "" {
				w.warn("the watchdog was not called", "reason", reason)
			}
		}
	}
	return nil
}

// ill names the parts that are not well, empty when all are.
func (w *watchdog) ill(ctx context.Context) string {
	asking, cancel := context.WithTimeout(ctx, watchdogLimit)
	defer cancel()
	var names []string
	for _, part := range w.parts(asking) {
		if !part.Healthy {
			names = append(names, part.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (w *watchdog) call(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.address, nil)
	if err != nil {
		return errors.New("the address is not one")
	}
	return outpost.Call(w.client, request)
}

package app

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// MetricsConfiguration is the way of figures to a time-series database that does not
// come for them.
type MetricsConfiguration struct {
	Push PushConfiguration `yaml:"push"`
}

// PushConfiguration is a database that figures are sent to.
type PushConfiguration struct {
	// URLFile holds the address alone: whoever knows it may write there too.
	URLFile string        `yaml:"url_file"`
	Every   time.Duration `yaml:"every"`
	// Labels are added to every series.
	Labels map[string]string `yaml:"labels"`
}

var labelName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)

// ownLabels stand in series already; one twice would be refused.
var ownLabels = []string{"direction", "le", "link", "operator", "part", "pop", "prober", "quantile", "reason", "result", "site", "state"}

func (c PushConfiguration) validate() error {
	if c.Every < 5*time.Second || c.Every > time.Hour {
		return fmt.Errorf("every: %s, expected 5s to 1h", c.Every)
	}
	for name, value := range c.Labels {
		switch {
		case !labelName.MatchString(name):
			return fmt.Errorf("labels: name %q, expected a letter, then letters, digits and _", name)
		case slices.Contains(ownLabels, name):
			return fmt.Errorf("labels: name %q, which Vigie's own series have: %s", name, strings.Join(ownLabels, ", "))
		case value == "":
			return fmt.Errorf("labels.%s: empty, expected a value", name)
		}
	}
	return nil
}

// pusher sends every figure to a database at intervals.
type pusher struct {
	address *url.URL
	every   time.Duration
	labels  string // as series have them
	write   func(w io.Writer)
	warn    func(message string, args ...any)
	sent    *metrics.Counter
	failed  *metrics.Counter
}

// newPusher reads the address; it is nil where none is configured. Errors do not show
// the address, which is a secret.
func newPusher(c PushConfiguration) (*pusher, error) {
	text, err := secret("metrics.push.url_file", c.URLFile)
	if err != nil || c.URLFile == "" {
		return nil, err
	}
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return nil, fmt.Errorf("metrics.push.url_file: %s does not hold an address such as https://metrics.example/api/v1/import/prometheus", c.URLFile)
	}
	p := &pusher{address: address, every: c.Every}
	var labels []string
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		labels = append(labels, name+"="+strconv.Quote(c.Labels[name]))
	}
	p.labels = strings.Join(labels, ",")
	return p, nil
}

// run sends until ctx ends. A failure is told when it changes, and the figures of that
// time are not sent again: they are the present ones, and the next follow soon.
func (p *pusher) run(ctx context.Context) error {
	told := ""
	for pause(ctx, p.every) {
		reason := p.push(ctx)
		if ctx.Err() != nil {
			return nil
		}
		p.sent.Inc()
		if reason != "" {
			p.failed.Inc()
		}
		if reason != told {
			told = reason
			if reason != "" {
				p.warn("the figures were not taken", "reason", reason)
			}
		}
	}
	return nil
}

// push sends the figures of now, and says why they were not taken; empty when they were.
func (p *pusher) push(ctx context.Context) string {
	sending, cancel := context.WithTimeout(ctx, p.every)
	defer cancel()
	err := metrics.PushMetricsExt(sending, p.address.String(), p.write, &metrics.PushOptions{ExtraLabels: p.labels, Method: http.MethodPost})
	if err == nil {
		return ""
	}
	return p.reason(err)
}

var notTaken = regexp.MustCompile(`unexpected status code in response from .*?: (\d{3}); expecting 2xx`)

// reason is what an error says, without the address.
func (p *pusher) reason(err error) string {
	text := err.Error()
	if answered := notTaken.FindStringSubmatch(text); answered != nil {
		return "it answered " + answered[1]
	}
	text = strings.ReplaceAll(text, strconv.Quote(p.address.Redacted()), "the address")
	for _, part := range []string{p.address.Path, p.address.RawQuery, p.address.User.String()} {
		if len(part) > 1 && strings.Contains(text, part) {
			return "it was not reached"
		}
	}
	return text
}

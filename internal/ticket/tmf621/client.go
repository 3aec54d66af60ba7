package tmf621

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Bounds of one exchange.
const (
	requestWithin = 5 * time.Second  // one request with its answer
	deliverWithin = 15 * time.Second // one message with its searches
	maxAnswer     = 1 << 20          // bytes
)

// Options is the way to an operator's interface.
type Options struct {
	// BaseURL ends before /troubleTicket, e.g.
	// https://operator.example/tmf-api/troubleTicket/v4.
	BaseURL string
	// Token is the bearer token, never logged; "" sends none. It travels over TLS
	// or on this machine only.
	Token string
	// Severity and TicketType are words of the operator's for a loss of service.
	Severity   string
	TicketType string
	// Customer is who we are to the operator; without an ID nothing is said of it.
	Customer Customer
}

// Customer is the related party of a ticket.
type Customer struct {
	ID   string // as the operator knows us
	Name string
}

// Client speaks to one operator. Its methods may be called from several
// goroutines; it keeps nothing between two calls.
type Client struct {
	opts Options
	http *http.Client
}

// New returns a client; nothing is asked before the first call. An error names
// the option, what it is and what is expected.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("tmf621: base URL: want https://host/path, got %d characters that are none", len(o.BaseURL))
	}
	switch {
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("tmf621: base URL of %s: want no user, query or fragment in it", u.Host)
	case u.Scheme == "http" && o.Token != "" && !net.ParseIP(u.Hostname()).IsLoopback():
		return nil, fmt.Errorf("tmf621: base URL of %s: want https, since a token would be told", u.Host)
	case o.Severity == "" || o.TicketType == "":
		return nil, fmt.Errorf("tmf621: severity %q, ticket type %q: want both", o.Severity, o.TicketType)
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DisableKeepAlives:      true, // a message every few minutes: nothing to keep open
		MaxResponseHeaderBytes: 64 << 10,
	}
	// A redirection could turn a POST into a GET and take the token elsewhere.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{opts: o, http: &http.Client{Transport: transport, CheckRedirect: stay, Timeout: requestWithin}}, nil
}

// call is one request.
type call struct {
	method  string
	path    string // behind the base
	body    []byte // JSON, nil for none
	version string // entity tag that the resource must still have; "" for any
}

// answer is a 2xx answer.
type answer struct {
	code    int
	version string
	body    []byte
}

// problem is an exchange that did not end with a 2xx answer that can be read.
type problem struct {
	code int  // HTTP status, 0 without an answer
	sent bool // the request left: it may have been carried out
	text string
}

func (p *problem) Error() string { return p.text }

// do sends a request and returns the answer, or a *problem.
func (c *Client) do(ctx context.Context, r call) (answer, error) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, r.method, c.opts.BaseURL+r.path, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, c.problem(0, false, err.Error())
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Vigie")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json;charset=utf-8") // the one that v4 declares
	}
	if r.version != "" {
		req.Header.Set("If-Match", r.version)
	}
	if c.opts.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.opts.Token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, c.problem(0, sent.Load(), err.Error())
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return answer{}, c.problem(0, true, fmt.Sprintf("%s %s: the answer broke off: %v", r.method, r.path, err))
	}
	switch {
	case len(body) > maxAnswer:
		return answer{}, c.problem(resp.StatusCode, true, fmt.Sprintf("%s %s: the answer is over %d bytes", r.method, r.path, maxAnswer))
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return answer{}, c.problem(resp.StatusCode, true, fmt.Sprintf("%s %s: %s%s", r.method, r.path, resp.Status, reasonIn(body)))
	}
	return answer{resp.StatusCode, resp.Header.Get("ETag"), body}, nil
}

// maxProblem is the length of a problem's text, in bytes.
const maxProblem = 500

// problem makes an error of a text that may hold what the operator wrote: one
// line of bounded length, without our token.
func (c *Client) problem(code int, sent bool, text string) *problem {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if c.opts.Token != "" {
		text = strings.ReplaceAll(text, c.opts.Token, "[token]")
	}
	if len(text) > maxProblem {
		text = strings.ToValidUTF8(text[:maxProblem], "") + "…"
	}
	return &problem{code, sent, text}
}

// unreadable is a 2xx answer that says nothing: the request may have been carried
// out, by whoever answered.
func (c *Client) unreadable(r call, a answer, err error) *problem {
	return c.problem(a.code, true, fmt.Sprintf("%s %s: %d with %v", r.method, r.path, a.code, err))
}

// ticket sends a request whose answer is a ticket.
func (c *Client) ticket(ctx context.Context, r call) (found, error) {
	a, err := c.do(ctx, r)
	if err != nil {
		return found{}, err
	}
	f, err := readTicket(a.body)
	if err != nil {
		return found{}, c.unreadable(r, a, err)
	}
	f.version = a.version
	return f, nil
}

// Read returns the operator's ticket as it stands. An error says what was
// answered instead.
func (c *Client) Read(ctx context.Context, id string) (Reading, error) {
	f, err := c.get(ctx, id)
	if err != nil {
		return Reading{}, fmt.Errorf("read ticket %s of the operator's: %w", id, err)
	}
	return f.Reading, nil
}

func (c *Client) get(ctx context.Context, id string) (found, error) {
	return c.ticket(ctx, call{method: http.MethodGet, path: pathOf(id)})
}

func pathOf(id string) string { return "/troubleTicket/" + url.PathEscape(id) }

// Find returns the operator's ticket that bears our key, and false when there is
// none. Of several, which is the operator's doing, it is the oldest. An answer
// that is no search by our key is an error: nothing may be concluded from it.
func (c *Client) Find(ctx context.Context, key string) (Reading, bool, error) {
	f, ok, err := c.find(ctx, key)
	if err != nil {
		return Reading{}, false, fmt.Errorf("search the operator's ticket of %s: %w", key, err)
	}
	return f.Reading, ok, nil
}

func (c *Client) find(ctx context.Context, key string) (found, bool, error) {
	r := call{method: http.MethodGet, path: "/troubleTicket?" + url.Values{"externalId": {key}}.Encode()}
	a, err := c.do(ctx, r)
	if err != nil {
		return found{}, false, err
	}
	all, err := readTickets(a.body)
	if err != nil {
		return found{}, false, c.unreadable(r, a, err)
	}
	var oldest found
	for _, f := range all {
		if f.ExternalID == key && (oldest.ID == "" || f.CreatedAt.Before(oldest.CreatedAt)) {
			oldest = f
		}
	}
	if oldest.ID == "" && len(all) > 0 {
		return found{}, false, c.unreadable(r, a, fmt.Errorf("%d tickets of other external ids: the search cannot be trusted", len(all)))
	}
	return oldest, oldest.ID != "", nil
}

// marshal writes a body of ours, made of plain fields and of JSON that was read.
func marshal(body any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(body)
	return b.Bytes(), err
}

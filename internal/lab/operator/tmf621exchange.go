package operator

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxExchanges is how many exchanges are remembered; the oldest are forgotten.
const maxExchanges = 2_000

// Exchange is a request as it came and the answer that went back.
type Exchange struct {
	At      time.Time
	Method  string
	Target  string // path and query
	Headers []string
	Body    string
	Status  int // 0: the connection was broken off
	Answer  string
	Times   int // how often the same was asked of the same address and answered alike
}

// same reports whether two exchanges tell the same.
func (e Exchange) same(o Exchange) bool {
	return e.Method == o.Method && e.Target == o.Target && e.Body == o.Body && e.Status == o.Status && e.Answer == o.Answer
}

// Exchanges returns what was asked and answered since the start, the oldest first.
// A token is never in it.
func (s *TicketServer) Exchanges() []Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.exchanges)
}

// remember keeps an exchange. A customer who asks again and again is one exchange.
func (s *TicketServer) remember(e Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range slices.Backward(s.exchanges) {
		last := &s.exchanges[i]
		if last.Target != e.Target {
			continue
		}
		if e.Method == http.MethodGet && last.same(e) {
			last.Times++
			return
		}
		break
	}
	e.Times = 1
	if len(s.exchanges) == maxExchanges {
		s.exchanges = slices.Delete(s.exchanges, 0, 1)
	}
	s.exchanges = append(s.exchanges, e)
}

// toldHeaders are those that say something about the exchange.
var toldHeaders = []string{"Accept", "Authorization", "Content-Type", "If-Match"}

// hidden stands for a secret.
const hidden = "[hidden]"

// recording begins to note a request; the body is noted as it is read.
type recording struct {
	exchange Exchange
	body     bytes.Buffer
	rest     io.Reader
}

func (s *TicketServer) record(r *http.Request) *recording {
	c := &recording{exchange: Exchange{At: s.now(), Method: r.Method, Target: r.URL.RequestURI()}}
	for _, name := range toldHeaders {
		value := r.Header.Get(name)
		if name == "Authorization" && value != "" {
			scheme, _, _ := strings.Cut(value, " ")
			value = scheme + " " + hidden
		}
		if value != "" {
			c.exchange.Headers = append(c.exchange.Headers, name+": "+value)
		}
	}
	c.rest = io.TeeReader(r.Body, &c.body)
	r.Body = io.NopCloser(c.rest)
	return c
}

// end completes the exchange with its answer.
func (c *recording) end(a reply) Exchange {
	_, _ = io.Copy(io.Discard, c.rest) // what nobody read; a body that breaks off ends here
	c.exchange.Body, c.exchange.Status, c.exchange.Answer = c.body.String(), a.code, string(a.body)
	return c.exchange
}

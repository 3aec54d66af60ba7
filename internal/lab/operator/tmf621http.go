package operator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// TicketAnswer is how a ticket server answers a request.
type TicketAnswer string

// The answers.
const (
	Answered TicketAnswer = ""         // as the interface says
	Failing  TicketAnswer = "failing"  // 503
	Conflict TicketAnswer = "conflict" // 409
	Page     TicketAnswer = "page"     // 200 with an HTML page, as a portal in between does
	Silence  TicketAnswer = "silence"  // the connection breaks
)

// TicketBehaviour is how a ticket server answers. The zero value answers at once
// and as the interface says.
type TicketBehaviour struct {
	Answer TicketAnswer
	Taken  bool          // the request is carried out all the same: its sender cannot know
	Method string        // of the requests it applies to; "": all
	Next   int           // such requests it applies to; 0: all
	Delay  time.Duration // between carrying a request out and answering it
}

// Behave changes how the next requests are answered.
func (s *TicketServer) Behave(b TicketBehaviour) error {
	if !slices.Contains([]TicketAnswer{Answered, Failing, Conflict, Page, Silence}, b.Answer) {
		return fmt.Errorf("operator tickets: unknown answer %q", b.Answer)
	}
	if b.Next < 0 || b.Delay < 0 {
		return fmt.Errorf("operator tickets: the next %d after %v, want 0 or more of both", b.Next, b.Delay)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behaviour = b
	return nil
}

// next returns the behaviour for a request and uses it up.
func (s *TicketServer) next(method string) TicketBehaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.behaviour
	if now.Method != "" && now.Method != method {
		return TicketBehaviour{}
	}
	if now.Next == 1 {
		s.behaviour = TicketBehaviour{}
	} else if now.Next > 1 {
		s.behaviour.Next--
	}
	return now
}

// refusal is an error that the sender is to know.
type refusal struct {
	code   int
	reason string
}

func (r refusal) Error() string { return r.reason }

// reply is an answer before it is written.
type reply struct {
	code   int
	header http.Header
	body   []byte
}

// jsonReply answers with a value.
func jsonReply(code int, value any) reply {
	body, err := marshal(value)
	if err != nil {
		return failure(err)
	}
	return reply{code, http.Header{"Content-Type": {"application/json;charset=utf-8"}}, body}
}

// failure answers with an Error of the interface.
func failure(err error) reply {
	told := refusal{http.StatusInternalServerError, err.Error()}
	errors.As(err, &told)
	return jsonReply(told.code, map[string]string{
		"code": strconv.Itoa(told.code), "reason": http.StatusText(told.code), "message": told.reason, "status": strconv.Itoa(told.code),
	})
}

// ticketReply answers with a ticket and its version.
func ticketReply(code int, t TroubleTicket, err error) reply {
	if err != nil {
		return failure(err)
	}
	r := jsonReply(code, t)
	r.header.Set("Etag", version(t))
	if code == http.StatusCreated {
		r.header.Set("Location", t.Href)
	}
	return r
}

// version is the entity tag of a ticket (RFC 9110, 8.8.3).
func version(t TroubleTicket) string {
	content, _ := json.Marshal(t) // plain fields and times of this century: it cannot fail
	sum := sha256.Sum256(content)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

func (s *TicketServer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+ticketBase+"/troubleTicket", s.answer(s.create))
	mux.HandleFunc("GET "+ticketBase+"/troubleTicket", s.answer(s.list))
	mux.HandleFunc("GET "+ticketBase+"/troubleTicket/{id}", s.answer(s.retrieve))
	mux.HandleFunc("PATCH "+ticketBase+"/troubleTicket/{id}", s.answer(s.update))
	mux.HandleFunc("POST "+ticketBase+"/hub", s.answer(s.subscribe))
	return mux
}

// answer carries a request out and answers it as the server behaves.
func (s *TicketServer) answer(carry func(*http.Request) reply) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxTicketBytes)
		recording := s.record(r)
		if s.options.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.options.Token {
			refused := failure(refusal{http.StatusUnauthorized, "the bearer token is missing or wrong"})
			s.remember(recording.end(refused))
			refused.write(w)
			return
		}
		b := s.next(r.Method)
		var answer reply
		if b.Answer == Answered || b.Taken {
			answer = carry(r)
		}
		select {
		case <-time.After(b.Delay):
		case <-r.Context().Done():
		case <-s.stop:
		}
		switch b.Answer {
		case Failing:
			answer = failure(refusal{http.StatusServiceUnavailable, "simulated fault"})
		case Conflict:
			answer = failure(refusal{http.StatusConflict, "simulated conflict"})
		case Page:
			answer = reply{http.StatusOK, http.Header{"Content-Type": {"text/html"}}, []byte("<!DOCTYPE html><title>Maintenance</title>")}
		case Silence:
			s.remember(recording.end(reply{}))
			breakOff(w)
			return
		}
		s.remember(recording.end(answer))
		answer.write(w)
	}
}

func (r reply) write(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.code)
	_, _ = w.Write(r.body) // a client that has gone away loses nothing
}

// breakOff closes the connection without an answer.
func breakOff(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close() // the client may have closed it first
	}
}

// readBody reads a JSON body of one of the media types.
func readBody(r *http.Request, media ...string) ([]byte, error) {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(media, got) {
		return nil, refusal{http.StatusUnsupportedMediaType, fmt.Sprintf("media type %q, want one of %q", got, media)}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, refusal{http.StatusBadRequest, "the body: " + err.Error()}
	}
	return body, nil
}

func (s *TicketServer) create(r *http.Request) reply {
	body, err := readBody(r, "application/json")
	if err != nil {
		return failure(err)
	}
	t, err := readNew(body)
	if err == nil {
		t, err = s.add(t)
	}
	if err == nil {
		s.options.Received(t)
	}
	return ticketReply(http.StatusCreated, t, err)
}

// list answers with the tickets of an external id, or with all.
func (s *TicketServer) list(r *http.Request) reply {
	query := r.URL.Query()
	found := []TroubleTicket{}
	for _, t := range s.Tickets() {
		if !query.Has("externalId") || t.ExternalID == query.Get("externalId") {
			found = append(found, t)
		}
	}
	return jsonReply(http.StatusOK, found)
}

func (s *TicketServer) retrieve(r *http.Request) reply {
	for _, t := range s.Tickets() {
		if t.ID == r.PathValue("id") {
			return ticketReply(http.StatusOK, t, nil)
		}
	}
	return failure(refusal{http.StatusNotFound, fmt.Sprintf("no ticket %q", r.PathValue("id"))})
}

// update patches a ticket, unless it is no longer the one that the client read.
func (s *TicketServer) update(r *http.Request) reply {
	body, err := readBody(r, "application/json", "application/merge-patch+json")
	if err != nil {
		return failure(err)
	}
	t, err := s.change(r.PathValue("id"), func(t TroubleTicket, now time.Time) (TroubleTicket, error) {
		if read := r.Header.Get("If-Match"); read != "" && read != version(t) {
			return TroubleTicket{}, refusal{http.StatusPreconditionFailed, "the ticket has changed since"}
		}
		return patch(t, body, now)
	})
	return ticketReply(http.StatusOK, t, err)
}

// subscribe registers a callback. A lab talks to its own machine only.
func (s *TicketServer) subscribe(r *http.Request) reply {
	body, err := readBody(r, "application/json")
	if err != nil {
		return failure(err)
	}
	var wanted subscription
	if err := unmarshal(body, &wanted); err != nil {
		return failure(refusal{http.StatusBadRequest, "the body: " + err.Error()})
	}
	callback, err := url.Parse(wanted.Callback)
	if err != nil || callback.Scheme != "http" || !net.ParseIP(callback.Hostname()).IsLoopback() {
		return failure(refusal{http.StatusBadRequest, "callback: want http:// and a loopback address"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.subscriptions) >= maxSubscriptions {
		return failure(refusal{http.StatusServiceUnavailable, "no room for another subscription"})
	}
	wanted.ID = fmt.Sprintf("hub-%04d", len(s.subscriptions)+1)
	if err := writeJSON(s.options.Folder, wanted.ID, wanted); err != nil {
		return failure(err)
	}
	s.subscriptions = append(s.subscriptions, wanted)
	return jsonReply(http.StatusCreated, wanted)
}

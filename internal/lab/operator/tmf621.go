package operator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Limits of the ticket server.
const (
	maxTickets       = 10_000  // one more is answered with 503
	maxSubscriptions = 20      // one more is answered with 503
	maxTicketBytes   = 1 << 20 // of one request; a larger one is answered with 400
	stopWithin       = 5 * time.Second
)

// ticketBase is the basePath of the TMF621 v4.0.0 description.
const ticketBase = "/tmf-api/troubleTicket/v4"

// TicketOptions say where a ticket server listens and what it keeps.
type TicketOptions struct {
	Address string       // to listen on, such as 127.0.0.1:0
	Folder  string       // where tickets and subscriptions are kept; made when missing
	Token   string       // bearer token that requests must carry; "" asks for none
	Log     *slog.Logger // of events that reached nobody; may be nil
	// Received is told of each new ticket; may be nil.
	Received func(TroubleTicket)
}

// TicketServer is a simulated operator's trouble-ticket system, TMF621 v4.0.0.
// A ticket begins without a status: it is received, and nobody has read it yet.
// From there it moves along the transitions of [TicketStep], whoever asks for
// them. Two tickets of one external id are both taken and counted, as an
// operator would that trusts its customers. Tickets and subscriptions survive a
// restart on the same folder; a script and a behaviour do not.
//
// It is strict about what it reads: an attribute that it does not know, one that
// a client may not set, and a status out of order are refused. Its methods may
// be called from several goroutines.
type TicketServer struct {
	options TicketOptions
	server  *http.Server
	running sync.WaitGroup
	stop    chan struct{}
	events  chan ticketEvent

	mu            sync.Mutex
	listener      net.Listener // nil until Start
	stopped       bool
	behaviour     TicketBehaviour
	spread        EventBehaviour
	script        []TicketStep
	tickets       []TroubleTicket // by number, from 1
	subscriptions []subscription
	eventsSaid    int
	exchanges     []Exchange
}

// NewTicketServer returns a ticket server that is not started yet.
func NewTicketServer(options TicketOptions) (*TicketServer, error) {
	if options.Folder == "" {
		return nil, errors.New("operator tickets: no folder, want one for the tickets")
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Received == nil {
		options.Received = func(TroubleTicket) {}
	}
	s := &TicketServer{options: options, stop: make(chan struct{}), events: make(chan ticketEvent, 1_000)}
	s.server = &http.Server{Handler: s.routes(), ReadTimeout: idleTimeout}
	return s, nil
}

// Start reads the folder, listens, and returns when tickets are taken. A ticket
// server starts once.
func (s *TicketServer) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil || s.stopped {
		return errors.New("operator tickets: the server was started or stopped before")
	}
	if err := s.load(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.options.Address)
	if err != nil {
		return fmt.Errorf("operator tickets: listen on %s: %w", s.options.Address, err)
	}
	s.listener = listener
	s.running.Go(s.tell)
	s.running.Go(func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.options.Log.Error("the operator takes no more tickets", "error", err)
		}
	})
	return nil
}

// Stop ends the open requests and the scripts, and returns when nothing is left
// running. It may be called twice, or without Start.
func (s *TicketServer) Stop() error {
	s.mu.Lock()
	started, again := s.listener != nil, s.stopped
	s.stopped = true
	s.mu.Unlock()
	if !started || again {
		return nil
	}
	close(s.stop)
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.server.Close())
	}
	s.running.Wait()
	return err
}

// URL returns the base of the interface, e.g.
// http://127.0.0.1:4080/tmf-api/troubleTicket/v4, "" before Start.
func (s *TicketServer) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return ""
	}
	return "http://" + s.listener.Addr().String() + ticketBase
}

// Tickets returns the tickets kept, in order of arrival.
func (s *TicketServer) Tickets() []TroubleTicket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tickets)
}

// Duplicates returns how many of the tickets carry the external id of an earlier
// one.
func (s *TicketServer) Duplicates() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, again := map[string]bool{}, 0
	for _, t := range s.tickets {
		if t.ExternalID != "" && known[t.ExternalID] {
			again++
		}
		known[t.ExternalID] = true
	}
	return again
}

// Play has every ticket that comes from now on go through the steps.
func (s *TicketServer) Play(script ...TicketStep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = script
}

// Step has the operator do one thing with a ticket, at once: After is not
// waited for.
func (s *TicketServer) Step(id string, step TicketStep) error {
	_, err := s.change(id, func(t TroubleTicket, now time.Time) (TroubleTicket, error) { return step.apply(t, now) })
	return err
}

// run plays a script on one ticket. A step that does not fit any more, because
// the customer moved the ticket, ends it.
func (s *TicketServer) run(id string, script []TicketStep) {
	for _, step := range script {
		select {
		case <-time.After(step.After):
		case <-s.stop:
			return
		}
		if err := s.Step(id, step); err != nil {
			s.options.Log.Info("the operator's script ended early", "ticket", id, "error", err)
			return
		}
	}
}

// now is the operator's clock.
func (s *TicketServer) now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// add keeps a new ticket, says so, and starts its script.
func (s *TicketServer) add(t TroubleTicket) (TroubleTicket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tickets) >= maxTickets || s.stopped {
		return TroubleTicket{}, refusal{http.StatusServiceUnavailable, "no room for another ticket"}
	}
	now := s.now()
	t.ID = fmt.Sprintf("TT-%06d", len(s.tickets)+1)
	t.Href = ticketBase + "/troubleTicket/" + t.ID
	t.CreationDate, t.LastUpdate = now, now
	if t.Status != "" {
		t = t.moved(t.Status, t.StatusChangeReason, now)
	}
	t.Note = numbered(t.Note, now)
	if err := s.keep(t); err != nil {
		return TroubleTicket{}, err
	}
	s.tickets = append(s.tickets, t)
	s.publish(TroubleTicket{}, t, now)
	if script := s.script; len(script) > 0 {
		s.running.Go(func() { s.run(t.ID, script) })
	}
	return t, nil
}

// change replaces a ticket by what f makes of it, keeps it and says so.
func (s *TicketServer) change(id string, f func(TroubleTicket, time.Time) (TroubleTicket, error)) (TroubleTicket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.tickets, func(t TroubleTicket) bool { return t.ID == id })
	if i < 0 {
		return TroubleTicket{}, refusal{http.StatusNotFound, fmt.Sprintf("no ticket %q", id)}
	}
	now := s.now()
	after, err := f(s.tickets[i], now)
	if err != nil {
		return TroubleTicket{}, err
	}
	after.LastUpdate = now
	after.Note = numbered(after.Note, now)
	if err := s.keep(after); err != nil {
		return TroubleTicket{}, err
	}
	before := s.tickets[i]
	s.tickets[i] = after
	s.publish(before, after, now)
	return after, nil
}

// load reads what the folder keeps.
func (s *TicketServer) load() error {
	if err := prepareFolder(s.options.Folder); err != nil {
		return err
	}
	var err error
	if s.tickets, err = readAll[TroubleTicket](filepath.Join(s.options.Folder, "TT-*.json")); err != nil {
		return err
	}
	s.subscriptions, err = readAll[subscription](filepath.Join(s.options.Folder, "hub-*.json"))
	return err
}

// keep writes a ticket to its file.
func (s *TicketServer) keep(t TroubleTicket) error { return writeJSON(s.options.Folder, t.ID, t) }

func writeJSON(folder, name string, value any) error {
	content, err := marshal(value)
	if err == nil {
		err = writeWhole(filepath.Join(folder, name+".json"), content)
	}
	if err != nil {
		return fmt.Errorf("operator tickets: keep %s: %w", name, err)
	}
	return nil
}

// readAll reads the files of a pattern, in the order of their names.
func readAll[T any](pattern string) ([]T, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("operator tickets: look for %s: %w", pattern, err)
	}
	all := make([]T, len(paths))
	for i, path := range paths {
		content, err := os.ReadFile(path)
		if err == nil {
			err = unmarshal(content, &all[i])
		}
		if err != nil {
			return nil, fmt.Errorf("operator tickets: read %s: %w", path, err)
		}
	}
	return all, nil
}

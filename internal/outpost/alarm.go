package outpost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"vigie/internal/i18n"
	"vigie/internal/ticket"
	"vigie/internal/ticket/email"
)

// Alarm is whom a prober tells by itself that its core does not answer: once for each
// silence, and once at its end.
type Alarm struct {
	// After is how long a silence lasts before it is told; 0 = nobody is told.
	After time.Duration
	// Mail carries messages to each of To, from an address at Domain; nil = none.
	Mail   *email.Channel
	To     []string
	Domain string
	// URL is called with a JSON document; it may hold a secret. Empty = none.
	URL string
}

const (
	silenceFile = "silence.json"
	callTime    = 10 * time.Second
	// byURL names the way that is no address of mail.
	byURL = "url"
	// lastLook is the longest time between two looks at the silence.
	lastLook = 30 * time.Second
)

// ways are the names of the ways.
func (a Alarm) ways() []string {
	var out []string
	if a.Mail != nil {
		out = append(out, a.To...)
	}
	if a.URL != "" {
		out = append(out, byURL)
	}
	return out
}

// sentry watches the core from a prober.
type sentry struct {
	Alarm
	dir, prober, core string
	sight             *sight
	nudge             func() // has the core asked now
	log               *slog.Logger
	client            *http.Client

	mu       sync.Mutex
	silence  silence
	answered time.Time // when the core answered last
}

// newSentry goes on where the last run of the prober was.
func newSentry(o Options, nudge func(), now time.Time) (*sentry, error) {
	s := &sentry{
		Alarm: o.Alarm, dir: o.Dir, prober: o.Credential.Name, core: o.Credential.Core, sight: newSight(), nudge: nudge, log: o.Log,
		client: &http.Client{Timeout: callTime}, answered: now,
	}
	text, err := os.ReadFile(filepath.Join(o.Dir, silenceFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("read what was told of the core's silence: %w", err)
	default:
		if err := json.Unmarshal(text, &s.silence); err != nil {
			return nil, fmt.Errorf("read what was told of the core's silence, %s: %w", silenceFile, err)
		}
	}
	return s, nil
}

// heard notes that the core answered.
func (s *sentry) heard(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = now
	if s.silence.answered(now) {
		s.save()
	}
}

// run looks at intervals until ctx ends.
func (s *sentry) run(ctx context.Context) {
	if s.After <= 0 || len(s.ways()) == 0 {
		return
	}
	ticker := time.NewTicker(min(s.After/10, lastLook))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.look(ctx, time.Now())
		}
	}
}

// look tells what is due.
func (s *sentry) look(ctx context.Context, now time.Time) {
	s.mu.Lock()
	if now.Sub(s.answered) > s.After/3 {
		s.nudge()
	}
	changed := now.Sub(s.answered) > s.After/2 && s.silence.doubt(s.answered)
	changed = s.silence.saw(s.sight.down()) || changed
	if changed {
		s.save()
	}
	due, links := s.silence.due(now, s.After, s.ways()), len(s.silence.Down)
	s.mu.Unlock()
	for _, c := range due {
		if err := s.tell(ctx, c, links); err != nil {
			s.log.Warn("the silence of the core was not told, will be tried again", "by", c.name(), "error", err)
			continue
		}
		s.mu.Lock()
		s.silence.told(c)
		s.save()
		s.mu.Unlock()
	}
}

// name is the way without what may be secret.
func (c call) name() string {
	if c.way == byURL {
		return byURL
	}
	return "mail to " + c.way
}

// save keeps what is known; the lock is held. One that cannot be kept is told again after
// a restart, under the same name.
func (s *sentry) save() {
	text, err := json.Marshal(s.silence)
	if err == nil {
		err = writeWhole(s.dir, silenceFile, text)
	}
	if err != nil {
		s.log.Error("what was told of the core's silence was not kept", "error", err)
	}
}

func (s *sentry) tell(ctx context.Context, c call, links int) error {
	subject, body := s.words(c, links)
	if c.way == byURL {
		return s.post(ctx, c, links, subject, body)
	}
	out := s.Mail.Send(ctx, ticket.Letter{To: c.way, Subject: subject, Body: body, MessageID: s.id(c), Date: time.Now()})
	switch out.Kind {
	case ticket.Done:
		return nil
	case ticket.GiveUp:
		s.log.Error("the silence of the core was refused by mail, no further attempt", "to", c.way, "problem", out.Problem)
		return nil
	}
	return errors.New(out.Problem)
}

// id names a message: the same one again after a crash has the same name.
func (s *sentry) id(c call) string {
	hash := fnv.New32a()
	hash.Write([]byte(c.way)) // a hash never fails to write (hash.Hash)
	kind := "begins"
	if c.ended {
		kind = "ended"
	}
	return fmt.Sprintf("<silence-%s-%d-%s-%08x@%s>", s.prober, c.since.Unix(), kind, hash.Sum32(), s.Domain)
}

// words are the subject and the text, in French and English.
func (s *sentry) words(c call, links int) (subject, body string) {
	var subjects, bodies []string
	for _, lang := range i18n.Languages() {
		p := i18n.For(lang)
		if c.ended {
			subjects = append(subjects, p.T("silence.subject.ended"))
			bodies = append(bodies, p.T("silence.ended", s.prober, s.core, p.TimeSeconds(c.back), p.TimeSeconds(c.since)))
		} else {
			subjects = append(subjects, p.T("silence.subject.begins"))
			bodies = append(bodies, p.T("silence.begins", s.prober, s.core, p.TimeSeconds(c.since))+"\n"+p.T("silence.meanwhile"))
		}
		bodies[len(bodies)-1] += "\n" + p.N("silence.links", links)
	}
	return "[Vigie " + s.prober + "] " + strings.Join(subjects, " / "), strings.Join(bodies, "\n\n") + "\n"
}

// post calls the address. Errors do not show it.
func (s *sentry) post(ctx context.Context, c call, links int, subject, body string) error {
	document := struct {
		ID        string     `json:"id"` // the same again for the same message
		Prober    string     `json:"prober"`
		Core      string     `json:"core"`
		Answers   bool       `json:"answers"` // again
		Since     time.Time  `json:"since"`   // when it answered last before
		Back      *time.Time `json:"back,omitempty"`
		LinksDown int        `json:"links_down"` // seen from here meanwhile
		Subject   string     `json:"subject"`
		Text      string     `json:"text"`
	}{ID: s.id(c), Prober: s.prober, Core: s.core, Answers: c.ended, Since: c.since, LinksDown: links, Subject: subject, Text: body}
	if c.ended {
		document.Back = &c.back
	}
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(text))
	if err != nil {
		return errors.New("the address is not one")
	}
	request.Header.Set("Content-Type", "application/json")
	return Call(s.client, request)
}

// Call sends a request to an address that somebody configured, and takes any answer of
// success. Its errors do not show the address, which may hold a secret.
func Call(client *http.Client, request *http.Request) error {
	request.Header.Set("User-Agent", "Vigie")
	answer, err := client.Do(request)
	if err != nil {
		var wrapped *url.Error // it would show the address
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("it answered %s", answer.Status)
	}
	return nil
}

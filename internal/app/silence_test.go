package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vigie/internal/lab/operator"
	"vigie/internal/outpost"
	"vigie/internal/ticket/email"
)

// callsTaken answers calls of an alarm, and notes whether each says that the core answers.
type callsTaken struct {
	broken atomic.Bool
	taken  chan bool
}

func (c *callsTaken) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var document struct {
		Prober  string
		Answers bool
	}
	if c.broken.Load() || json.NewDecoder(r.Body).Decode(&document) != nil || document.Prober != "lyon" {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	c.taken <- document.Answers
}

func TestAProberTellsByItselfOnceThatItsCoreIsSilentAndOnceThatItIsBack(t *testing.T) {
	t.Parallel()
	s := startLoopback(t, 4, "127.0.0.1:0")
	box, err := operator.New(operator.Options{Address: "127.0.0.1:0", Domains: []string{"region.example"}, Folder: t.TempDir(), MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Stop(); err != nil {
			t.Error(err)
		}
	})
	calls := &callsTaken{taken: make(chan bool, 10)}
	calls.broken.Store(true)
	outside := httptest.NewServer(calls)
	t.Cleanup(outside.Close)
	host, port, err := hostPort(box.Addr())
	if err != nil {
		t.Fatal(err)
	}

	way := newProxy(t, s.pipe.Address())
	lyon := s.newAway(t, "lyon", way.listener.Addr().String())
	lyon.options.Alarm = outpost.Alarm{
		After: 3 * time.Second, To: []string{"reseau@region.example"}, Domain: "region.example",
		Mail: email.New(email.Options{Host: host, Port: port, From: "vigie@region.example"}), URL: outside.URL,
	}
	lyon.start(t)
	applied := func() int { return s.ask(t, `SELECT coalesce(max(last_seq), 0) FROM prober WHERE name = 'lyon'`) }
	soon(t, "a few batches", func() bool { return applied() > 2 })
	time.Sleep(5 * time.Second) // longer than the silence that is told
	if n := len(box.Mails()); n > 0 {
		t.Fatalf("%d messages, though the core answers", n)
	}

	way.set(true)
	soon(t, "the first message", func() bool { return len(box.Mails()) == 1 })
	lyon.halt(t)
	lyon.start(t) // with what it noted: the mail was sent, the call was not taken yet
	calls.broken.Store(false)
	if answers := <-calls.taken; answers {
		t.Error("the first call says that the core answers")
	}
	time.Sleep(4 * time.Second)
	way.set(false)
	soon(t, "the second message", func() bool { return len(box.Mails()) > 1 })
	if answers := <-calls.taken; !answers {
		t.Error("the second call says that the core is silent")
	}
	time.Sleep(2 * time.Second)
	mails := box.Mails()
	if len(mails) != 2 || len(calls.taken) > 0 || box.Duplicates() > 0 {
		t.Fatalf("%d messages, %d more calls, %d doubles; expected one at each end", len(mails), len(calls.taken), box.Duplicates())
	}
	for i, want := range []string{"le serveur central ne répond plus / the core does not answer", "le serveur central répond de nouveau / the core answers again"} {
		if got := mails[i].Subject; got != "[Vigie lyon] "+want {
			t.Errorf("subject of message %d: %q, want %q", i+1, got, want)
		}
		text, err := os.ReadFile(mails[i].File)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "0 links were seen down from here meanwhile") {
			t.Errorf("message %d tells no number of links:\n%s", i+1, text)
		}
	}
}

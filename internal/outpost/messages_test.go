package outpost

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAQuestionBeyondItsBoundsIsRefused(t *testing.T) {
	t.Parallel()
	whole := Question{Kind: Ping, Hosts: []string{"192.0.2.1"}, Count: 5, Interval: time.Second, Timeout: time.Second}
	for want, change := range map[string]func(*Question){
		"expected ping, trace or poll": func(q *Question) { q.Kind = "shell" },
		"hosts: 0":                     func(q *Question) { q.Hosts = nil },
		"hosts: 17, expected 1 to 16":  func(q *Question) { q.Hosts = make([]string, 17) },
		"hosts: 2, expected 1 to 1":    func(q *Question) { q.Kind, q.Hosts = Trace, make([]string, 2) },
		"count: 101":                   func(q *Question) { q.Count = 101 },
		"count: 0":                     func(q *Question) { q.Count = 0 },
		"at most 2m0s":                 func(q *Question) { q.Interval = time.Hour },
	} {
		q := whole
		change(&q)
		if err := q.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", q, err, want)
		}
	}
	if err := whole.Validate(); err != nil {
		t.Error(err)
	}
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"kind":"ping","hosts":["192.0.2.1"],"count":5,"interval":1000000000,"timeout":1000000000}`))
	f.Add([]byte(`{"last_seq":7,"plan":"AAAA"}`))
	f.Add([]byte(`{"kind":"poll","link":4}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if q, err := DecodeQuestion(text); err == nil {
			if q.Takes() <= 0 || q.Takes() > MaxDuration {
				t.Errorf("%s may take %s", text, q.Takes())
			}
			again, err := json.Marshal(q)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := DecodeQuestion(again); err != nil {
				t.Errorf("written and read again: %v", err)
			}
		}
		if w, err := decodeWelcome(text); err == nil {
			if again, err := json.Marshal(w); err != nil || len(again) == 0 {
				t.Errorf("written again: %v", err)
			}
		}
	})
}

func TestWhatIsUrgentIsKeptForTheNextProber(t *testing.T) {
	t.Parallel()
	p := &post{Options: Options{Log: slog.New(slog.DiscardHandler)}, notices: make(chan struct{}, 1)}
	p.told([]byte(`{"links":[7,9]}`))
	p.told([]byte(`nonsense`))
	if len(p.notices) > 0 || !slices.Equal(p.urgent, []int64{7, 9}) {
		t.Errorf("urgent: %v, %d notices; want 7 and 9, none", p.urgent, len(p.notices))
	}
	p.told(nil)
	if len(p.notices) != 1 {
		t.Error("an empty notice does not have the core asked")
	}
}

func FuzzDecodeUrgent(f *testing.F) {
	f.Add([]byte(`{"links":[1,2]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		u, err := decodeUrgent(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decodeUrgent(again); err != nil || len(back.Links) != len(u.Links) {
			t.Errorf("written and read again: %v, %v", back, err)
		}
	})
}

package prober

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vigie/probe"
	"vigie/probe/service"
)

// work notes when errands are done.
type work struct {
	mu       sync.Mutex
	at       map[int64][]time.Time
	together map[string]int // by place, and in all under ""
	most     map[string]int
	left     int
}

// errand takes a while at a place, or until it is given up.
func (w *work) errand(id int64, every time.Duration, place string, takes time.Duration) errand {
	return errand{id: id, every: every, place: place, do: func(ctx context.Context) {
		w.enter(id, place, 1)
		pause(ctx, takes)
		w.enter(0, place, -1)
	}}
}

func (w *work) enter(id int64, place string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id != 0 {
		w.at[id] = append(w.at[id], time.Now())
	}
	for _, name := range []string{"", place} {
		w.together[name] += n
		w.most[name] = max(w.most[name], w.together[name])
	}
}

func (w *work) run(d time.Duration, most int, list func() []errand) {
	w.at, w.together, w.most = map[int64][]time.Time{}, map[string]int{"": 0}, map[string]int{}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	e := errands{name: "metz", most: most, list: list, left: func() { w.left++ }}
	e.run(ctx)
}

func TestEachErrandIsDoneAtItsOwnMomentOfItsOwnInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w work
		var list []errand
		for id := range int64(100) {
			every := time.Minute
			if id%2 == 0 {
				every = 5 * time.Minute
			}
			list = append(list, w.errand(id+1, every, fmt.Sprint(id), 50*time.Millisecond))
		}
		w.run(30*time.Minute, 8, func() []errand { return list })
		moments := map[time.Duration]bool{}
		for _, e := range list {
			times := w.at[e.id]
			if want := int(30 * time.Minute / e.every); len(times) < want-1 || len(times) > want+1 {
				t.Errorf("%d was done %d times in half an hour, want one each %s", e.id, len(times), e.every)
			}
			for i := 1; i < len(times); i++ {
				if apart := times[i].Sub(times[i-1]); apart != e.every {
					t.Errorf("%d was done after %s, want %s", e.id, apart, e.every)
				}
			}
			moments[times[0].Sub(times[0].Truncate(time.Minute)).Truncate(10*time.Second)] = true
		}
		if len(moments) != 6 || w.left != 0 {
			t.Errorf("done in %d of six parts of a minute, %d left out", len(moments), w.left)
		}
	})
}

func TestOnePlaceIsAskedOneThingAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w work
		var list []errand
		for id := range int64(20) {
			list = append(list, w.errand(id+1, time.Minute, "192.0.2.7", 2*time.Second))
		}
		w.run(10*time.Minute, 8, func() []errand { return list })
		if w.most["192.0.2.7"] != 1 {
			t.Errorf("%d were done together at one place", w.most["192.0.2.7"])
		}
		for _, e := range list {
			if len(w.at[e.id])+w.left < 8 {
				t.Errorf("%d was done %d times in ten minutes", e.id, len(w.at[e.id]))
			}
		}
	})
}

func TestWhatFindsNoRoomIsLeftOutAndCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w work
		var list []errand
		for id := range int64(100) {
			list = append(list, w.errand(id+1, time.Minute, fmt.Sprint(id), time.Hour)) // given up after half its interval
		}
		w.run(10*time.Minute, 4, func() []errand { return list })
		if w.most[""] != 4 {
			t.Errorf("%d were done together, want 4", w.most[""])
		}
		done := 0
		for _, times := range w.at {
			done += len(times)
		}
		if done < 60 || done > 84 || done+w.left < 900 || done+w.left > 1100 {
			t.Errorf("%d done and %d left out of a thousand, with room for about 80", done, w.left)
		}
	})
}

func TestANewListIsFollowedAndWhatStaysKeepsItsMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w work
		before := []errand{w.errand(1, time.Minute, "a", 0), w.errand(2, time.Minute, "b", 0)}
		after := []errand{w.errand(2, time.Minute, "b", 0), w.errand(3, time.Minute, "c", 0)}
		begun := time.Now()
		w.run(10*time.Minute, 4, func() []errand {
			if time.Since(begun) < 5*time.Minute {
				return before
			}
			return after
		})
		if one, two, three := len(w.at[1]), len(w.at[2]), len(w.at[3]); one != 5 || two != 10 || three != 5 {
			t.Errorf("done %d, %d and %d times; want 5, 10 and 5", one, two, three)
		}
	})
}

func TestAQuestionThatCannotBeAskedIsRefused(t *testing.T) {
	t.Parallel()
	p := &Prober{opts: Options{Name: "metz"}}
	good := service.Check{Kind: service.TCP, Host: "192.0.2.7", Port: 443, Timeout: time.Second}
	for want, list := range map[string][]Question{
		"prober metz: check 3 stands twice in the list":               {{ID: 3, Every: time.Minute, Check: good}, {ID: 3, Every: time.Minute, Check: good}},
		"prober metz: check 4: every 0s, expected more than 0":        {{ID: 4, Check: good}},
		"prober metz: check 5: kind: \"\", expected tcp, dns or http": {{ID: 5, Every: time.Minute}},
	} {
		if err := p.SetQuestions(list); err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
	if len(p.questions) > 0 {
		t.Error("a refused list was taken")
	}
}

func TestWhatACheckFindsTravelsAsAReport(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p, err := New(Options{
		Name: "metz", Configuration: DefaultConfiguration(), NextSeq: 1, Publish: func(context.Context, probe.Batch) error { return nil }, Log: slog.New(slog.DiscardHandler),
		Ask: service.Prober{}.Run,
	})
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(listener.Addr().(*net.TCPAddr).Port)
	check := service.Check{Kind: service.TCP, Host: "127.0.0.1", Port: port, Timeout: time.Second}
	if err := p.SetQuestions([]Question{{ID: 7, Link: 3, Every: time.Second, Check: check}}); err != nil {
		t.Fatal(err)
	}
	p.questions[0].do(context.Background())
	listener.Close()
	p.questions[0].do(context.Background())
	stopped, stop := context.WithCancel(context.Background())
	stop()
	p.questions[0].do(stopped)
	var reasons []string
	for _, r := range p.reports.take(time.Now().Add(time.Second), time.Minute) {
		if r.Link != 3 || r.Finding.Kind() != "check" {
			t.Errorf("got %+v", r)
		}
		found := r.Finding.(*probe.Check)
		reasons = append(reasons, fmt.Sprint(found.ID, " ", found.Reason))
	}
	if fmt.Sprint(reasons) != "[7 ok 7 refused]" {
		t.Errorf("got %v, want one that is well and one refused; what the stop cuts off is not told", reasons)
	}
}

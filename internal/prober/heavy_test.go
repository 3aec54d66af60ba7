package prober

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vigie/probe/schedule"
)

func TestTwoHeavyProbesNeverHoldOneLink(t *testing.T) {
	t.Parallel()
	var h heavy
	release, ok := h.take(schedule.Occupied{Link: 1}, nil)
	if !ok {
		t.Fatal("a free link was refused")
	}
	if _, ok := h.take(schedule.Occupied{Link: 1, Sites: []string{"s"}}, nil); ok {
		t.Error("a link was given twice")
	}
	if _, ok := h.take(schedule.Occupied{Link: 2}, nil); !ok {
		t.Error("another link was refused")
	}
	release()
	if _, ok := h.take(schedule.Occupied{Link: 1}, nil); !ok {
		t.Error("a link that was given back was refused")
	}
}

// Each kind of probe wants the same few links again and again, as hard as it can.
func TestHowEverALinkIsTakenItHasOneHeavyProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h heavy
		const links = 3
		var mu sync.Mutex
		var on [links]int
		count := map[string]int{}
		probing := func(ctx context.Context, name string, link int64) {
			mu.Lock()
			on[link]++
			if on[link] > 1 {
				t.Errorf("a %s is not alone on link %d", name, link)
			}
			count[name]++
			mu.Unlock()
			pause(ctx, 7*time.Second)
			mu.Lock()
			on[link]--
			mu.Unlock()
		}
		ctx, end := context.WithTimeout(t.Context(), time.Hour)
		defer end()
		var running sync.WaitGroup
		for name, rest := range map[string]time.Duration{"walk": 5 * time.Second, "reference": 11 * time.Second, "trace": 40 * time.Second} {
			for link := range int64(links) {
				running.Go(func() {
					for ; ctx.Err() == nil; pause(ctx, rest) {
						mine, stop := context.WithCancel(ctx)
						o := schedule.Occupied{Link: link}
						var release func()
						var free bool
						switch name {
						case "walk":
							release, free = h.take(o, stop)
						case "reference":
							release, free = h.await(mine, o, stop)
						default:
							release, free = h.seize(mine, o)
						}
						if free {
							probing(mine, name, link)
							release()
						}
						stop()
					}
				})
			}
		}
		running.Wait()
		for _, name := range []string{"walk", "reference", "trace"} {
			if count[name] < 30 {
				t.Errorf("%d times a %s in an hour, want each to have its turn", count[name], name)
			}
		}
		if held := h.occupied(); len(held) > 0 {
			t.Errorf("still held: %v", held)
		}
	})
}

func TestALinkThatIsNotGivenUpIsWaitedForNoLongerThanTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h heavy
		stopped := 0
		if _, free := h.take(schedule.Occupied{Link: 1, POP: "p"}, func() { stopped++ }); !free {
			t.Fatal("a free link was refused")
		}
		for what, wait := range map[string]func(context.Context) (func(), bool){
			"await": func(ctx context.Context) (func(), bool) { return h.await(ctx, schedule.Occupied{Link: 1}, nil) },
			"seize": func(ctx context.Context) (func(), bool) { return h.seize(ctx, schedule.Occupied{Link: 1}) },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if _, free := wait(ctx); free || ctx.Err() == nil {
				t.Errorf("%s: got a link that another holds", what)
			}
			cancel()
		}
		if stopped != 1 {
			t.Errorf("the holder was stopped %d times, want once, by evidence alone", stopped)
		}
		if pops := slices.ContainsFunc(h.occupied(), func(o schedule.Occupied) bool { return o.POP == "p" }); !pops {
			t.Error("the plan does not know what is held")
		}
	})
}

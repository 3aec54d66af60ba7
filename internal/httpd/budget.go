package httpd

import (
	"strconv"
	"sync"
	"time"
)

// Limits of the API: a burst of a minute's requests, given back evenly.
const (
	requestsPerMinute = 600
	budgetsKept       = 10_000 // askers remembered at once, under 1 MB
)

// budgets counts down what each asker may still ask, as a bucket that fills again. It
// is bounded: when full it forgets those whose bucket would be full again, then any.
type budgets struct {
	mu    sync.Mutex
	byKey map[string]budget
}

type budget struct {
	left float64
	at   time.Time
}

func newBudgets() *budgets { return &budgets{byKey: map[string]budget{}} }

// spend takes one request from an asker's budget. Without one left it returns how long
// until there is.
func (b *budgets) spend(now time.Time, key string) (left int, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one, ok := b.byKey[key]
	if !ok {
		b.makeRoom(now)
		one = budget{left: requestsPerMinute, at: now}
	}
	one = one.refilled(now)
	if one.left < 1 {
		wait = time.Duration((1 - one.left) / requestsPerMinute * float64(time.Minute))
	} else {
		one.left--
	}
	b.byKey[key] = one
	return int(one.left), wait
}

// refilled is the budget at a later time; a clock that went back gives nothing.
func (b budget) refilled(now time.Time) budget {
	passed := max(0, now.Sub(b.at))
	return budget{left: min(requestsPerMinute, b.left+requestsPerMinute*passed.Minutes()), at: now}
}

func (b *budgets) makeRoom(now time.Time) {
	if len(b.byKey) < budgetsKept {
		return
	}
	for key, one := range b.byKey {
		if one.refilled(now).left >= requestsPerMinute {
			delete(b.byKey, key)
		}
	}
	for key := range b.byKey {
		if len(b.byKey) < budgetsKept {
			return
		}
		delete(b.byKey, key)
	}
}

// retryAfter writes a wait as whole seconds, at least one (RFC 9110, 10.2.3).
func retryAfter(wait time.Duration) string {
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

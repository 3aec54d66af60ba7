package icmp

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"vigie/probe"
)

const (
	testGap     = 100 * time.Millisecond
	testTimeout = time.Second
	ms          = time.Millisecond
)

// epoch is where the wall clock of the tests stands when their engine is made.
const epoch = int64(1_800_000_000_000_000_000)

func testLedger() ledger {
	return newLedger(Options{Echoes: 3, Gap: testGap, Timeout: testTimeout})
}

// clocks is a reading when the wall clock was never set.
func clocks(running time.Duration) reading {
	return reading{wallNanos: epoch + int64(running), running: running}
}

// sendAt sends the next echo of the only round due, which the kernel stamps at once.
func sendAt(t *testing.T, l *ledger, at time.Duration) {
	t.Helper()
	r := l.nextDue(at)
	if r == nil {
		t.Fatalf("nothing is due at %s", at)
	}
	index := uint8(r.next)
	l.sent(r, clocks(at))
	r.transmitted(index, clocks(at).wallNanos)
}

// answerAt has the reply to an echo of the first round arrive.
func answerAt(l *ledger, index uint8, at time.Duration) {
	l.collection++
	n := name{serial: 1, index: index}
	l.replied(n, l.sequence(n), arrival{stampNanos: clocks(at).wallNanos})
}

// finished returns the only result there is at the end.
func finished(t *testing.T, l *ledger) Result {
	t.Helper()
	results := l.finish(time.Hour, nil)
	if len(results) != 1 || l.underWay(name{serial: 1}) != nil {
		t.Fatalf("got %d results, the round still under way: %t; want 1, false", len(results), l.underWay(name{serial: 1}) != nil)
	}
	return results[0]
}

func TestWhatBecomesOfTheThreeEchoesOfARound(t *testing.T) {
	t.Parallel()
	type outcome struct {
		RTTMicros    []int32
		Unsent, Void int
		Lag          time.Duration
		// Duplicates and Reordered are those of the observation.
		Duplicates, Reordered int
		// From and To are when the first and the last of the lost echoes left.
		From, To time.Duration
	}
	tests := map[string]struct {
		happen   func(t *testing.T, l *ledger)
		want     outcome
		counters Counters
	}{
		"answered, lost, answered": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				answerAt(l, 0, 20*ms)
				sendAt(t, l, 100*ms)
				sendAt(t, l, 200*ms)
				answerAt(l, 2, 200*ms+1500)
			},
			outcome{RTTMicros: []int32{20_000, probe.Lost, 2}, From: 100 * ms, To: 100 * ms},
			Counters{Sent: 3},
		},
		"the kernel's stamp of the request replaces ours": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				l.rounds[0].transmitted(0, epoch+int64(15*ms))
				answerAt(l, 0, 20*ms)
				sendAt(t, l, 100*ms)
				sendAt(t, l, 200*ms)
			},
			outcome{RTTMicros: []int32{5000, probe.Lost, probe.Lost}, From: 100 * ms, To: 200 * ms},
			Counters{Sent: 3},
		},
		"a request without the kernel's stamp is answered by ours, and counted": {
			func(t *testing.T, l *ledger) {
				l.sent(l.nextDue(0), clocks(0))
				answerAt(l, 0, 20*ms)
				sendAt(t, l, 100*ms)
				l.sent(l.nextDue(200*ms), clocks(200*ms)) // lost: no round trip is too long
			},
			outcome{RTTMicros: []int32{20_000, probe.Lost, probe.Lost}, From: 100 * ms, To: 200 * ms},
			Counters{Sent: 3, Unstamped: 1},
		},
		"in time to the microsecond, late by one": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				sendAt(t, l, 100*ms)
				answerAt(l, 0, testTimeout)
				answerAt(l, 1, 100*ms+testTimeout+1)
				sendAt(t, l, 200*ms)
			},
			outcome{RTTMicros: []int32{1_000_000, probe.Lost, probe.Lost}, From: 100 * ms, To: 200 * ms},
			Counters{Sent: 3, Late: 1},
		},
		"a second reply counts apart and changes nothing": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				answerAt(l, 0, 10*ms)
				answerAt(l, 0, 30*ms)
				sendAt(t, l, 100*ms)
				sendAt(t, l, 200*ms)
			},
			outcome{RTTMicros: []int32{10_000, probe.Lost, probe.Lost}, Duplicates: 1, From: 100 * ms, To: 200 * ms},
			Counters{Sent: 3, Duplicate: 1},
		},
		"replies overtake one another: those behind a reply to a later echo are reordered": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				sendAt(t, l, 100*ms)
				sendAt(t, l, 200*ms)
				answerAt(l, 2, 210*ms)
				answerAt(l, 0, 220*ms)
				answerAt(l, 1, 230*ms)
			},
			outcome{RTTMicros: []int32{220_000, 130_000, 10_000}, Reordered: 2},
			Counters{Sent: 3},
		},
		"a lost echo has no place in the order": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				answerAt(l, 0, 10*ms)
				sendAt(t, l, 100*ms)
				sendAt(t, l, 200*ms)
				answerAt(l, 2, 210*ms)
				answerAt(l, 1, 100*ms+testTimeout+1) // too late, and behind the third
			},
			outcome{RTTMicros: []int32{10_000, probe.Lost, 10_000}, From: 100 * ms, To: 100 * ms},
			Counters{Sent: 3, Late: 1},
		},
		"another sequence is forged": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				l.replied(name{serial: 1}, l.sequence(name{serial: 1})+1, arrival{stampNanos: epoch})
				sendAt(t, l, 100*ms)
				sendAt(t, l, 200*ms)
			},
			outcome{RTTMicros: []int32{probe.Lost, probe.Lost, probe.Lost}, To: 200 * ms},
			Counters{Sent: 3, Forged: 1},
		},
		"a pause longer than the gap: missed echoes are unsent, not lost, and no burst follows": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 250*ms)
				if r := l.nextDue(250 * ms); r != nil {
					t.Error("a second echo is due at once")
				}
			},
			outcome{RTTMicros: []int32{probe.Lost}, Unsent: 2, Lag: 250 * ms, From: 250 * ms, To: 250 * ms},
			Counters{Sent: 1},
		},
		"a pause longer than the round: nothing is sent": {
			func(t *testing.T, l *ledger) {
				if r := l.nextDue(time.Minute); r != nil {
					t.Error("an echo is due a minute late")
				}
			},
			outcome{RTTMicros: []int32{}, Unsent: 3, Lag: time.Minute},
			Counters{},
		},
		"refused by the host": {
			func(t *testing.T, l *ledger) {
				for i := range time.Duration(3) {
					r := l.nextDue(i * testGap)
					l.refused(errBusy)
					l.passed(r, unsent, i*testGap)
				}
			},
			outcome{RTTMicros: []int32{}, Unsent: 3},
			Counters{Refused: 3, Refusal: errBusy},
		},
		"the clock is set: echoes out and answered since the last look are void": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				answerAt(l, 0, 10*ms)
				sendAt(t, l, 100*ms)
				sendAt(t, l, 200*ms)
				answerAt(l, 1, 210*ms-time.Hour) // its stamps lie on both sides of the jump
				l.clockSet()
				answerAt(l, 2, 220*ms-time.Hour)
			},
			outcome{RTTMicros: []int32{10_000}, Void: 2},
			Counters{Sent: 3},
		},
		"our buffer overflowed: echoes out are void unless their reply is there": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				sendAt(t, l, 100*ms)
				l.repliesDropped(v6, 3) // nothing of ours
				l.repliesDropped(v4, 7)
				answerAt(l, 1, 150*ms)
				sendAt(t, l, 200*ms)
			},
			outcome{RTTMicros: []int32{50_000, probe.Lost}, Void: 1, From: 200 * ms, To: 200 * ms},
			Counters{Sent: 3, Dropped: 10},
		},
		"a reply without a stamp is void": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				l.replied(name{serial: 1}, l.sequence(name{serial: 1}), arrival{})
				sendAt(t, l, 100*ms)
				sendAt(t, l, 200*ms)
			},
			outcome{RTTMicros: []int32{probe.Lost, probe.Lost}, Void: 1, From: 100 * ms, To: 200 * ms},
			Counters{Sent: 3},
		},
		"a reply stamped before its request is void": {
			func(t *testing.T, l *ledger) {
				sendAt(t, l, 0)
				answerAt(l, 0, -1)
				sendAt(t, l, 100*ms)
				sendAt(t, l, 200*ms)
			},
			outcome{RTTMicros: []int32{probe.Lost, probe.Lost}, Void: 1, From: 100 * ms, To: 200 * ms},
			Counters{Sent: 3},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := testLedger()
			l.add(Round{Target: probe.Target{ID: 1, Addr: target}}, 0)
			test.happen(t, &l)
			result := finished(t, &l)
			got := outcome{
				RTTMicros: result.Observation.RTTMicros, Unsent: result.Unsent, Void: result.Void, Lag: result.WorstLag,
				Duplicates: result.Observation.Duplicates, Reordered: result.Observation.Reordered,
				From: sinceEpoch(result.FirstLost), To: sinceEpoch(result.LastLost),
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(test.counters, l.counters, cmp.Comparer(errors.Is)); diff != "" {
				t.Errorf("counters -want +got:\n%s", diff)
			}
		})
	}
}

// sinceEpoch is 0 for no time.
func sinceEpoch(at time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return time.Duration(at.UnixNano() - epoch)
}

func TestARoundMayHaveAShapeOfItsOwn(t *testing.T) {
	t.Parallel()
	l := testLedger()
	l.add(Round{Target: probe.Target{ID: 1}}, 0)
	l.add(Round{Target: probe.Target{ID: 2}, Echoes: 2, Gap: 30 * ms}, 0)
	type due struct {
		At time.Duration
		ID int64
	}
	var sent []due
	for at := time.Duration(0); at <= time.Second; at += tick {
		for r := l.nextDue(at); r != nil; r = l.nextDue(at) {
			sent = append(sent, due{at, r.Target.ID})
			l.sent(r, clocks(at))
		}
	}
	want := []due{{0, 1}, {0, 2}, {30 * ms, 2}, {100 * ms, 1}, {200 * ms, 1}}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("sent -want +got:\n%s", diff)
	}
	got := map[int64]int{}
	for _, r := range l.finish(time.Hour, nil) {
		got[r.Target.ID] = len(r.Observation.RTTMicros)
	}
	if diff := cmp.Diff(map[int64]int{1: 3, 2: 2}, got); diff != "" {
		t.Errorf("echoes -want +got:\n%s", diff)
	}
}

func TestAReplyAfterItsRoundIsLate(t *testing.T) {
	t.Parallel()
	l := testLedger()
	l.add(Round{}, 0)
	l.nextDue(time.Minute)
	finished(t, &l)
	answerAt(&l, 0, time.Minute)
	if l.counters.Late != 1 {
		t.Errorf("got %+v, want one late", l.counters)
	}
}

func TestAnObservationIsDatedByTheFirstEchoThatLeft(t *testing.T) {
	t.Parallel()
	l := testLedger()
	l.add(Round{Target: probe.Target{ID: 67, Kind: probe.Canary}}, 0)
	sendAt(t, &l, 150*ms+1999) // the first one was given up
	sendAt(t, &l, 200*ms)
	got := finished(t, &l).Observation
	want := probe.Observation{
		Target: 67, Kind: probe.Canary,
		At:        time.Unix(0, epoch+int64(150*ms+1000)).UTC(),
		RTTMicros: []int32{probe.Lost, probe.Lost},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRoundsAreSentAndFinishedInOrderOfTimeNotOfAdding(t *testing.T) {
	t.Parallel()
	l := testLedger()
	for id, start := range []time.Duration{40 * ms, 10 * ms, 90 * ms} {
		l.add(Round{Target: probe.Target{ID: int64(id)}}, start)
	}
	var sent, done []int64
	for at := time.Duration(0); at < 3*time.Second; at += 10 * ms {
		for r := l.nextDue(at); r != nil; r = l.nextDue(at) {
			sent = append(sent, r.Target.ID)
			l.sent(r, clocks(at))
		}
		for _, result := range l.finish(at, nil) {
			done = append(done, result.Target.ID)
		}
	}
	if diff := cmp.Diff([]int64{1, 0, 2, 1, 0, 2, 1, 0, 2}, sent); diff != "" {
		t.Errorf("sent -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]int64{1, 0, 2}, done); diff != "" {
		t.Errorf("finished -want +got:\n%s", diff)
	}
}

// The wall clock is set again and again, by an hour or a millisecond, while rounds run
// and the program looks at the socket when it comes to it. Each round trip that is told
// is the true one, nothing is called lost, and only echoes that were out, or answered
// and not yet read, when the clock was set are left out.
func TestNoRoundTripIsWrongWhileTheClockIsSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const trip, length = 23 * ms, 8 * time.Second
		type set struct{ at, by time.Duration }
		var sets []set
		for i := range rapid.IntRange(1, 4).Draw(t, "sets") {
			by := rapid.SampledFrom([]time.Duration{time.Hour, -time.Hour, ms, -ms}).Draw(t, "by")
			for range i { // no two make up for each other: what is set back between two looks is not seen
				by *= 3
			}
			sets = append(sets, set{time.Duration(rapid.Int64Range(0, int64(length)).Draw(t, "at")), by})
		}
		wall := func(at time.Duration) int64 {
			nanos := epoch + int64(at)
			for _, s := range sets {
				if s.at <= at {
					nanos += int64(s.by)
				}
			}
			return nanos
		}
		type reply struct {
			at time.Duration
			n  name
		}
		var out []reply
		var results []Result
		l, offset, last := testLedger(), wall(0), time.Duration(0)
		mayBeVoid := 0
		for at := time.Duration(0); at < length+2*testTimeout; at += tick * time.Duration(rapid.Int64Range(1, 8).Draw(t, "ticks")) {
			for l.collection++; len(out) > 0 && out[0].at <= at; out = out[1:] {
				l.replied(out[0].n, l.sequence(out[0].n), arrival{stampNanos: wall(out[0].at)})
				if slices.ContainsFunc(sets, func(s set) bool { return out[0].at-trip < s.at && s.at <= at }) {
					mayBeVoid++
				}
			}
			if now := wall(at) - int64(at); now != offset {
				l.clockSet()
				offset = now
			}
			results = l.finish(at, results)
			for ; last <= at && last < length; last += 50 * ms {
				l.add(Round{Target: probe.Target{Addr: target}}, last)
			}
			for r := l.nextDue(at); r != nil; r = l.nextDue(at) {
				out = append(out, reply{at + trip, r.name()})
				l.sent(r, reading{wallNanos: wall(at), running: at})
			}
		}
		void := 0
		for _, r := range results {
			void += r.Void
			for _, micros := range r.Observation.RTTMicros {
				if micros != int32(trip/time.Microsecond) {
					t.Fatalf("a round trip of %d us with the clock set %v, want %s", micros, sets, trip)
				}
			}
		}
		if len(results) != int(length/(50*ms)) || void > mayBeVoid {
			t.Fatalf("%d rounds, %d echoes void; want %d, at most %d", len(results), void, length/(50*ms), mayBeVoid)
		}
	})
}

func TestRoomIsUsedAgain(t *testing.T) { // not beside others, whose allocations would count
	l := testLedger()
	at, kept := time.Duration(0), 0
	run := func() {
		for range 10 {
			l.add(Round{Target: probe.Target{Addr: target}}, at)
		}
		for range 3 {
			for r := l.nextDue(at); r != nil; r = l.nextDue(at) {
				l.sent(r, clocks(at))
			}
			at += testGap
		}
		at += testTimeout
		l.rttMicros = l.rttMicros[:0]
		kept = len(l.finish(at, make([]Result, 0, 10)))
	}
	run()
	if allocations := testing.AllocsPerRun(100, run); allocations > 1 || kept != 10 || len(l.rounds) != roomsAtOnce {
		t.Errorf("%.0f allocations, %d results, room for %d rounds; want the results' 1, 10, %d", allocations, kept, len(l.rounds), roomsAtOnce)
	}
}

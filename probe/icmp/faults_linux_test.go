package icmp_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"vigie/probe/icmp"
)

func nobody(netip.Addr) bool { return false }

func TestExactlyTheDeadTargetsLoseTheirEchoes(t *testing.T) {
	t.Parallel()
	const all, each = 500, 10
	list := behind(all)
	dead := map[netip.Addr]bool{}
	for i, target := range list {
		if i%each == 3 {
			dead[target.Addr] = true
		}
	}
	n := newNamespace(t)
	newTunnel(t, n, func(addr netip.Addr) bool { return dead[addr] })
	e := newEngine(t, inside(n))
	begin(t, e, list, time.Millisecond)
	type outcome struct{ Sent, Received int }
	want, got := map[int64]outcome{}, map[int64]outcome{}
	for _, r := range finish(t, e, all) {
		known := r.Observation.Sent() // a busy machine may send less than all, and says so
		if known+r.Unsent+r.Void != 2 {
			t.Errorf("target %d: got %d sent, %d unsent, %d void; want 2 together", r.Target.ID, known, r.Unsent, r.Void)
		}
		got[r.Target.ID] = outcome{known, r.Observation.Received()}
		if want[r.Target.ID] = (outcome{known, known}); dead[r.Target.Addr] {
			want[r.Target.ID] = outcome{known, 0}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if c := e.Counters(); c.Sent < all || c.Rejected() != 0 || c.Dropped != 0 {
		t.Errorf("got %+v, want most sent and nothing refused or dropped", c)
	}
}

func TestAnInterfaceRemovedAndBackIsNoLoss(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	o := inside(n)
	e := newEngine(t, o)
	line := newTunnel(t, n, nobody)
	target := behind(1)[0]
	wantTally(t, measure(t, e, target), tally{Sent: 2, Received: 2})
	line.remove()
	wantTally(t, measure(t, e, target), tally{Unsent: 2})
	if got := e.Counters(); got.Refused == 0 || !errors.Is(got.Refusal, unix.ENETUNREACH) {
		t.Errorf("got %+v, want the refusals of a host without a way", got)
	}
	newTunnel(t, n, nobody)
	wantTally(t, measure(t, e, target), tally{Sent: 2, Received: 2})
}

// The interface goes while an echo is out: its reply cannot come, and the host knows of
// no trouble of its own. That is a loss like that of a cable, and the echoes after it
// are unsent.
func TestAnInterfaceRemovedWhileAnEchoIsOut(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	e := newEngine(t, inside(n))
	line := newTunnel(t, n, func(netip.Addr) bool { return true })
	begin(t, e, behind(1), 0)
	leave(t, e)
	line.remove()
	wantTally(t, finish(t, e, 1), tally{Sent: 1, Unsent: 1})
}

func TestWithoutTheRightToForceTheBufferTheEngineTakesWhatItGets(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	o := quick
	o.Open = without(n, unix.CAP_NET_ADMIN) // which SO_RCVBUFFORCE takes
	e := newEngine(t, o)
	begin(t, e, targets(500), time.Millisecond)
	results := finish(t, e, 500)
	got := count(results)
	if got.Received != got.Sent || got.Sent+got.Unsent+got.Void != 1000 || got.Sent < 500 {
		t.Errorf("got %+v, want 1000 echoes, few left out, none lost", got)
	}
}

// A round that is repeated under the same numbers is what a replayed capture looks
// like; the reply of one engine is no answer to another.
func TestAReplyToAnotherEngineWithTheSameIdentifierIsForged(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	var first []byte
	respond(t, n, func(r request) []answer {
		if first == nil {
			first = r.reply
			return []answer{{source: r.target, message: r.reply}}
		}
		replayed := append([]byte{}, first...)
		copy(replayed[4:6], r.reply[4:6]) // passes the filter of the second engine
		return []answer{{source: r.target, message: resum(replayed)}}
	})
	o := inside(n)
	o.Echoes = 1
	wantTally(t, measure(t, newEngine(t, o), targets(1)...), tally{Sent: 1, Received: 1})
	e := newEngine(t, o)
	wantTally(t, measure(t, e, targets(1)...), tally{Sent: 1})
	if diff := cmp.Diff(icmp.Counters{Sent: 1, Forged: 1}, e.Counters()); diff != "" {
		t.Errorf("counters -want +got:\n%s", diff)
	}
}

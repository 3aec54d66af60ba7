package icmp_test

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"vigie/probe/icmp"
)

// answer is a message a responder sends for a request.
type answer struct {
	after   time.Duration // since the answer before
	source  netip.Addr
	message []byte
}

// request is what a responder received.
type request struct {
	target netip.Addr
	reply  []byte // the message its target should answer
}

// respond has a program of ours answer the echoes of a silent namespace, and
// counts its messages.
func respond(t *testing.T, n *namespace, script func(request) []answer) *atomic.Int64 {
	t.Helper()
	n.silence(t)
	var fd int
	err := n.run(func() (err error) {
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
		if err != nil {
			return err
		}
		return errors.Join(
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_HDRINCL, 1),
			unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 20_000}))
	})
	if err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() {
		close(stop)
		<-stopped
		unix.Close(fd)
	})
	go func() {
		defer close(stopped)
		var packet [512]byte
		for {
			select {
			case <-stop:
				return
			default:
			}
			length, _, err := unix.Recvfrom(fd, packet[:], 0)
			if err != nil || length < 28 || packet[20] != 8 {
				continue
			}
			for _, a := range script(read(packet[:length])) {
				if a.after > 0 {
					<-time.After(a.after)
				}
				send(t, fd, a, netip.AddrFrom4([4]byte(packet[12:16])))
				sent.Add(1)
			}
		}
	}()
	return &sent
}

func read(packet []byte) request {
	reply := slices.Clone(packet[20:])
	reply[0] = 0
	return request{
		target: netip.AddrFrom4([4]byte(packet[16:20])),
		reply:  resum(reply),
	}
}

func send(t *testing.T, fd int, a answer, to netip.Addr) {
	source, destination := a.source.As4(), to.As4()
	header := make([]byte, 20)
	header[0], header[8], header[9] = 0x45, 64, 1
	copy(header[12:], source[:])
	copy(header[16:], destination[:])
	if err := unix.Sendto(fd, append(header, a.message...), 0, &unix.SockaddrInet4{Addr: destination}); err != nil {
		t.Errorf("responder: %v", err)
	}
}

// resum sets the checksum (RFC 1071) of a message of even length.
func resum(message []byte) []byte {
	message[2], message[3] = 0, 0
	var sum uint32
	for i := 0; i+1 < len(message); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(message[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(message[2:], ^uint16(sum))
	return message
}

// changed returns the true reply with one byte turned and a right checksum.
func (r request) changed(at int) []byte {
	message := slices.Clone(r.reply)
	message[at] ^= 0x40
	return resum(message)
}

func TestOnlyTheTrueReplyCounts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script   func(request) []answer
		answered bool
		want     icmp.Counters // beside Sent
	}{
		"the true reply": {
			func(r request) []answer { return []answer{{source: r.target, message: r.reply}} },
			true,
			icmp.Counters{},
		},
		"repeated twice": {
			func(r request) []answer {
				one := answer{source: r.target, message: r.reply}
				return []answer{one, one, one}
			},
			true,
			icmp.Counters{Duplicate: 2},
		},
		"from another address": {
			func(r request) []answer { return []answer{{source: r.target.Next(), message: r.reply}} },
			false,
			icmp.Counters{Forged: 1},
		},
		"with another mark": {
			func(r request) []answer { return []answer{{source: r.target, message: r.changed(20)}} },
			false,
			icmp.Counters{Forged: 1},
		},
		"of another echo of the round": {
			func(r request) []answer { return []answer{{source: r.target, message: r.changed(12)}} },
			false,
			icmp.Counters{Forged: 1},
		},
		"with another sequence": {
			func(r request) []answer { return []answer{{source: r.target, message: r.changed(7)}} },
			false,
			icmp.Counters{Forged: 1},
		},
		"truncated": {
			func(r request) []answer {
				return []answer{{source: r.target, message: resum(slices.Clone(r.reply[:40]))}}
			},
			false,
			icmp.Counters{Malformed: 1},
		},
		"cut inside the header": {
			func(r request) []answer {
				return []answer{{source: r.target, message: slices.Clone(r.reply[:6])}}
			},
			false,
			icmp.Counters{}, // the filter cannot read an identifier at its place
		},
		"with a wrong checksum": {
			func(r request) []answer {
				broken := slices.Clone(r.reply)
				broken[60] ^= 1
				return []answer{{source: r.target, message: broken}}
			},
			false,
			icmp.Counters{Malformed: 1},
		},
		"with another identifier: not even read": {
			func(r request) []answer { return []answer{{source: r.target, message: r.changed(4)}} },
			false,
			icmp.Counters{},
		},
		"after a forged one": {
			func(r request) []answer {
				return []answer{{source: r.target, message: r.changed(20)}, {source: r.target, message: r.reply}}
			},
			true,
			icmp.Counters{Forged: 1},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNamespace(t)
			respond(t, n, test.script)
			o := inside(n)
			o.Echoes = 1
			var told icmp.Counters
			o.Rejected = func(from netip.Addr, why icmp.Rejection) {
				if from != targets(1)[0].Addr && name != "from another address" {
					t.Errorf("a reply from %s is refused", from)
				}
				switch why {
				case icmp.Malformed:
					told.Malformed++
				case icmp.Forged:
					told.Forged++
				case icmp.Duplicate:
					told.Duplicate++
				case icmp.Late:
					told.Late++
				}
			}
			e := newEngine(t, o)
			want := tally{Sent: 1}
			if test.answered {
				want.Received = 1
			}
			wantTally(t, measure(t, e, targets(1)...), want)
			if diff := cmp.Diff(test.want, told); diff != "" {
				t.Errorf("told of each reply -want +got:\n%s", diff)
			}
			test.want.Sent = 1
			if diff := cmp.Diff(test.want, e.Counters()); diff != "" {
				t.Errorf("counters -want +got:\n%s", diff)
			}
		})
	}
}

func TestDuplicatesAndReorderingAreToldOfTheirRound(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	list := targets(2)
	var held []answer
	respond(t, n, func(r request) []answer { // only the responder's goroutine calls this
		one := answer{source: r.target, message: r.reply}
		switch {
		case r.target == list[1].Addr:
			return []answer{one}
		case held == nil:
			held = []answer{one}
			return nil
		}
		return append([]answer{one, one}, held...)
	})
	o := inside(n)
	o.Gap = 100 * time.Millisecond
	e := newEngine(t, o)
	type disorder struct{ Received, Duplicates, Reordered int }
	got := map[int64]disorder{}
	for _, r := range measure(t, e, list...) {
		got[r.Target.ID] = disorder{r.Observation.Received(), r.Observation.Duplicates, r.Observation.Reordered}
	}
	if diff := cmp.Diff(map[int64]disorder{1: {2, 1, 1}, 2: {2, 0, 0}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A reply that was true once is no answer to a later echo.
func TestAReplyReplayedInALaterRoundAnswersNothing(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	var first []answer
	respond(t, n, func(r request) []answer {
		if first == nil {
			first = []answer{{source: r.target, message: r.reply}}
		}
		return first
	})
	o := inside(n)
	o.Echoes = 1
	e := newEngine(t, o)
	wantTally(t, measure(t, e, targets(1)...), tally{Sent: 1, Received: 1})
	wantTally(t, measure(t, e, targets(1)...), tally{Sent: 1})
	if diff := cmp.Diff(icmp.Counters{Sent: 2, Late: 1}, e.Counters()); diff != "" {
		t.Errorf("counters -want +got:\n%s", diff)
	}
}

func TestAReplyAfterTheTimeoutIsLossAndCountedLate(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	respond(t, n, func(r request) []answer {
		return []answer{{after: 700 * time.Millisecond, source: r.target, message: r.reply}}
	})
	o := inside(n)
	o.Echoes = 1
	var late []netip.Addr
	o.Rejected = func(from netip.Addr, why icmp.Rejection) {
		if why == icmp.Late {
			late = append(late, from)
		}
	}
	e := newEngine(t, o)
	wantTally(t, measure(t, e, targets(1)...), tally{Sent: 1})
	begin(t, e, targets(1), 200*time.Millisecond) // reads the socket while the late reply comes in
	finish(t, e, 1)
	if got := e.Counters(); got.Late == 0 || int(got.Late) != len(late) || late[0] != targets(1)[0].Addr {
		t.Errorf("got %+v and late from %v, want one late", got, late)
	}
}

// A reply dropped because our own buffer was full looks like loss from inside.
func TestAnOverflowOfOurBufferIsNoLoss(t *testing.T) {
	t.Parallel()
	const flood = 30_000
	n := newNamespace(t)
	sent := respond(t, n, func(r request) []answer {
		answers := make([]answer, flood, flood+1)
		for i := range answers {
			answers[i] = answer{source: r.target, message: r.changed(20)}
		}
		return append(answers, answer{source: r.target, message: r.reply})
	})
	o := inside(n)
	o.Echoes, o.Timeout = 1, 2*time.Second
	e := newEngine(t, o)
	begin(t, e, targets(1), 0)
	leave(t, e)
	for deadline := time.Now().Add(time.Minute); sent.Load() <= flood; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d messages sent", sent.Load(), flood+1)
		}
	}
	results := finish(t, e, 1)
	wantTally(t, results, tally{Void: 1})
	got := e.Counters()
	if got.Dropped == 0 || got.Forged+got.Dropped < flood {
		t.Errorf("got %+v, want the flood of %d forged or dropped", got, flood)
	}
}

func TestATargetAnswersInItsOwnNameOnly(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	list := targets(2)
	respond(t, n, func(r request) []answer { // the second address answers for both
		return []answer{{source: list[1].Addr, message: r.reply}}
	})
	e := newEngine(t, inside(n))
	got := map[int64]int{}
	for _, r := range measure(t, e, list...) {
		got[r.Target.ID] = r.Observation.Received()
	}
	if diff := cmp.Diff(map[int64]int{1: 0, 2: 2}, got); diff != "" {
		t.Errorf("received -want +got:\n%s", diff)
	}
}

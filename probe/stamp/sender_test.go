package stamp_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe/stamp"
)

func TestTheReflectorsTimeIsNoDelay(t *testing.T) {
	t.Parallel()
	const held = 300 * time.Millisecond
	for name, sealed := range map[string]bool{"open": false, "authenticated": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Its clock is three hours off, which is nobody's business.
			wrong := 3 * time.Hour
			address := peer(t, func(request []byte, came time.Time) [][]byte {
				<-time.After(held)
				if sealed {
					return [][]byte{sealedReply(request, came.Add(wrong), time.Now().Add(wrong))}
				}
				return [][]byte{openReply(request, sequence(request), came.Add(wrong), time.Now().Add(wrong))}
			})
			o := options(address)
			o.Count = 1
			if sealed {
				o.Key = key
			}
			m := measure(t, o)
			if got := m.packets[0]; got.Lost || got.Delay >= held/2 {
				t.Errorf("packet is %+v, want a delay far below the %s it was held", got, held)
			}
			if m.standing.Uncorrected != 0 {
				t.Errorf("%d delays hold the reflector's time", m.standing.Uncorrected)
			}
			if e := m.standing.Reflector; e.Synchronised || e.Multiplier != 1 {
				t.Errorf("the reflector's error estimate is %+v, want unsynchronised and 1", e)
			}
		})
	}
}

func TestShortRepliesOfTWAMPLightAreNoLoss(t *testing.T) {
	t.Parallel()
	for _, size := range []int{38, 41} {
		address := peer(t, func(request []byte, came time.Time) [][]byte {
			reply := openReply(request, sequence(request), came, came) // T2 = T3, as seen of one
			clear(reply[14:16])
			return [][]byte{reply[:size]}
		})
		m := measure(t, options(address))
		if m.lost() != 0 || m.standing.Short != 5 || m.standing.Uncorrected != 5 || m.standing.SSID || m.standing.Rejected != 0 {
			t.Errorf("replies of %d octets: %d lost, standing %+v", size, m.lost(), m.standing)
		}
	}
}

func TestNothingElseIsTakenForAReply(t *testing.T) {
	t.Parallel()
	change := func(request []byte, came time.Time, f func(reply []byte)) []byte {
		reply := openReply(request, sequence(request), came, came.Add(1))
		f(reply)
		return reply
	}
	address := peer(t, func(request []byte, came time.Time) [][]byte {
		return [][]byte{
			{},
			[]byte("garbage"),
			slices.Repeat([]byte{0xff}, 44),
			make([]byte, 44),
			slices.Clone(request),
			change(request, came, func(r []byte) { r[35]++ }),                                 // sender's timestamp
			change(request, came, func(r []byte) { binary.BigEndian.PutUint32(r[24:], 999) }), // sender's sequence number
			change(request, came, func(r []byte) { r[14] ^= 0x55 }),                           // SSID
			change(request, came, func(r []byte) {})[:30],
		}
	})
	o := options(address)
	o.Count, o.Timeout = 2, 500*time.Millisecond
	m := measure(t, o)
	if m.lost() != 2 || m.standing.Rejected != 2*9 || m.standing.Answered {
		t.Errorf("%d of 2 lost, standing %+v, want 18 rejected and both lost", m.lost(), m.standing)
	}
}

func TestAReplyUnderAnotherKeyIsNoReply(t *testing.T) {
	t.Parallel()
	address := peer(t, func(request []byte, came time.Time) [][]byte {
		forged := sealedReply(request, came, came.Add(1))
		forged[40]++ // an octet of the reply that must be zero is sealed too
		return [][]byte{forged, openReply(request, sequence(request), came, came)}
	})
	o := options(address)
	o.Key, o.Count, o.Timeout = key, 1, 500*time.Millisecond
	if m := measure(t, o); m.lost() != 1 || m.standing.Rejected != 2 {
		t.Errorf("%d of 1 lost, standing %+v, want two rejected", m.lost(), m.standing)
	}
}

func TestDuplicatesAreCountedApart(t *testing.T) {
	t.Parallel()
	address := peer(t, func(request []byte, came time.Time) [][]byte {
		reply := openReply(request, sequence(request), came, time.Now())
		return [][]byte{reply, reply, reply}
	})
	if m := measure(t, options(address)); m.lost() != 0 || m.standing.Duplicates != 10 {
		t.Errorf("%d lost and %d duplicates, want 0 and 10", m.lost(), m.standing.Duplicates)
	}
}

func TestACountingReflectorTellsTheWayOnWhichPacketsWereLost(t *testing.T) {
	t.Parallel()
	var counted atomic.Uint32
	address := peer(t, func(request []byte, came time.Time) [][]byte {
		switch sequence(request) {
		case 1, 2: // lost on the way there
			return nil
		case 4: // lost on the way back
			counted.Add(1)
			return nil
		}
		return [][]byte{openReply(request, counted.Add(1)-1, came, time.Now())}
	})
	o := options(address)
	o.Count, o.Timeout = 8, time.Second
	if m := measure(t, o); m.lost() != 3 || !m.standing.Counts || m.standing.ForwardLost != 2 {
		t.Errorf("%d lost, standing %+v, want 3, of which 2 forward", m.lost(), m.standing)
	}
}

func TestACountThatIsNotOfThisSessionTellsNoWay(t *testing.T) {
	t.Parallel()
	address := peer(t, func(request []byte, came time.Time) [][]byte {
		if sequence(request) == 1 {
			return nil
		}
		return [][]byte{openReply(request, 5000+sequence(request), came, time.Now())}
	})
	o := options(address)
	o.Timeout = time.Second
	if m := measure(t, o); m.lost() != 1 || m.standing.Counts || m.standing.ForwardLost != 0 {
		t.Errorf("%d lost, standing %+v, want 1 on a way that is not known", m.lost(), m.standing)
	}
}

func TestAnAuthenticatedReplyStandsWhereTheRFCPutsIt(t *testing.T) {
	t.Parallel()
	// No agreed vector has one; the other side of this comparison is written by hand.
	came := time.Date(2026, 3, 2, 8, 0, 0, 500_000_000, time.UTC)
	sender := stamp.Request{Sequence: 7, SSID: 258, Timestamp: stamp.NTP(came.Add(-time.Second)), Error: stamp.ErrorEstimate{Synchronised: true, Multiplier: 3}}
	want := sealedReply(sender.Encode(key), came, came.Add(time.Second))
	sender.SSID = 0 // stands in the reply
	reply := stamp.Reply{
		Sequence: 7, SSID: 258, Timestamp: stamp.NTP(came.Add(time.Second)), Error: stamp.ErrorEstimate{Multiplier: 1},
		Receive: stamp.NTP(came), Sender: sender, TTL: 64,
	}
	if diff := cmp.Diff(want, reply.Encode(key)); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	got, err := stamp.ParseReply(want, key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(reply, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestAClosedPortIsLossAndSaidToBeClosed(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	closed := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	o := options(closed)
	o.Timeout = 100 * time.Millisecond
	m := measure(t, o)
	if m.lost() != 5 || m.standing.Unreachable == 0 {
		t.Errorf("%d of 5 lost, standing %+v, want all lost and unreachable", m.lost(), m.standing)
	}
}

func TestTheEndOfTheContextIsNoError(t *testing.T) {
	t.Parallel()
	address := peer(t, func([]byte, time.Time) [][]byte { return nil })
	ctx, cancel := context.WithCancel(t.Context())
	o := options(address)
	o.Count = 0
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := stamp.Run(ctx, o, func(p stamp.Packet, _ stamp.Standing) { t.Errorf("packet %+v was reported", p) }); err != nil {
		t.Error(err)
	}
}

func TestOptionsThatCannotWorkAreNamed(t *testing.T) {
	t.Parallel()
	good := options(netip.MustParseAddrPort("127.0.0.1:862"))
	for want, change := range map[string]func(*stamp.Options){
		"reflector: 127.0.0.1:0, expected an address and a port": func(o *stamp.Options) { o.Reflector = netip.MustParseAddrPort("127.0.0.1:0") },
		"count: -1, expected 0 or more":                          func(o *stamp.Options) { o.Count = -1 },
		"interval: 1ms, expected at least 10ms":                  func(o *stamp.Options) { o.Interval = time.Millisecond },
		"timeout: 2m0s, expected more than 0 and at most 1m0s":   func(o *stamp.Options) { o.Timeout = 2 * time.Minute },
		"padding: 2000 octets, expected 0 to 1200":               func(o *stamp.Options) { o.Padding = 2000 },
		"DSCP: 64, expected 0 to 63":                             func(o *stamp.Options) { o.DSCP = 64 },
	} {
		o := good
		change(&o)
		if err := o.Validate(); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	if _, err := stamp.ParseRequest(make([]byte, 13), nil); !errors.Is(err, stamp.ErrShort) {
		t.Errorf("13 octets: %v", err)
	}
}

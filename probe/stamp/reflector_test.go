package stamp_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"vigie/probe/stamp"
)

func TestASenderAndAReflectorUnderstandEachOther(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0"} {
		for _, sealed := range []bool{false, true} {
			for _, stateful := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s sealed %v stateful %v", listen, sealed, stateful), func(t *testing.T) {
					t.Parallel()
					ro := stamp.ReflectorOptions{Listen: listen, Stateful: stateful}
					if sealed {
						ro.Key = key
					}
					r := reflector(t, ro)
					o := options(r.Addr())
					o.Key, o.Padding, o.Class, o.DSCP = ro.Key, 200, true, 46
					m := measure(t, o)
					if m.lost() != 0 || m.standing.Uncorrected != 0 || m.standing.Rejected != 0 || m.standing.ExtensionsRefused != 0 || !m.standing.SSID {
						t.Errorf("%d of 5 lost, standing %+v", m.lost(), m.standing)
					}
					for _, p := range m.packets {
						if p.Delay <= 0 || p.Delay > time.Second {
							t.Errorf("packet %d took %s", p.Sequence, p.Delay)
						}
					}
					if want := (stamp.Class{Known: true, Forward: 46, Back: 46, Told: true}); m.standing.Class != want {
						t.Errorf("class of service is %+v, want %+v", m.standing.Class, want)
					}
					counts(t, r, stamp.ReflectorCounters{Answered: 5})
				})
			}
		}
	}
}

func TestAClassForNetworkControlIsRefusedToStrangers(t *testing.T) {
	t.Parallel()
	o := options(reflector(t, stamp.ReflectorOptions{Listen: "127.0.0.1:0"}).Addr())
	o.Count, o.Class, o.DSCP = 1, true, 48
	want := stamp.Class{Known: true, Forward: 48, Back: 48, Told: true, Refused: true}
	if m := measure(t, o); m.standing.Class != want {
		t.Errorf("class of service is %+v, want %+v", m.standing.Class, want)
	}
}

func TestAReplyComesFromTheAddressThatWasAsked(t *testing.T) {
	t.Parallel()
	// A connected socket takes nothing from another address.
	port := reflector(t, stamp.ReflectorOptions{Listen: ":0"}).Addr().Port()
	for _, address := range []string{"127.0.0.1", "127.0.0.9", "::1"} {
		if m := measure(t, options(netip.AddrPortFrom(netip.MustParseAddr(address), port))); m.lost() != 0 {
			t.Errorf("%s: %d of 5 lost", address, m.lost())
		}
	}
}

// ask sends packets and returns what they are answered by. Another source asks after
// them: the reflector takes one after another, so its answer is the last.
func ask(t *testing.T, r *stamp.Reflector, packets ...[]byte) [][]byte {
	t.Helper()
	conn, last := dial(t, r, "127.0.0.1"), dial(t, r, "127.0.0.3")
	for _, packet := range packets {
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := last.Write(stamp.Request{Timestamp: stamp.NTP(time.Now())}.Encode(r.Key)); err != nil {
		t.Fatal(err)
	}
	if receive(t, last, 10*time.Second) == nil {
		t.Fatal("the reflector is silent")
	}
	var replies [][]byte
	for {
		reply := receive(t, conn, 20*time.Millisecond)
		if reply == nil {
			return replies
		}
		replies = append(replies, reply)
	}
}

func dial(t *testing.T, r *stamp.Reflector, from string) *net.UDPConn {
	t.Helper()
	conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.ParseIP(from)}, net.UDPAddrFromAddrPort(r.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// receive returns the next packet, nil when none comes in time.
func receive(t *testing.T, conn *net.UDPConn, wait time.Duration) []byte {
	t.Helper()
	room := make([]byte, 16_000)
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	n, err := conn.Read(room)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return room[:n]
}

// counts waits until the reflector's counters are as wanted.
func counts(t *testing.T, r *stamp.Reflector, want stamp.ReflectorCounters) {
	t.Helper()
	for range 5000 {
		if r.Counters() == want {
			return
		}
		<-time.After(time.Millisecond)
	}
	t.Errorf("the reflector counts %+v, want %+v", r.Counters(), want)
}

func TestAReplyIsNeverLongerThanItsRequest(t *testing.T) {
	t.Parallel()
	r := reflector(t, stamp.ReflectorOptions{Listen: "127.0.0.1:0"})
	request := stamp.Request{Sequence: 7, SSID: 258, Timestamp: stamp.NTP(time.Now()), Error: stamp.ErrorEstimate{Multiplier: 1}}.Encode(nil)
	for _, size := range []int{0, 1, 13, 14, 27, 38, 41, 44, 45, 47, 48, 64, 1400, 9216, 9217, 12_000} {
		packet := append(bytes.Clone(request), make([]byte, 12_000)...)[:size]
		replies := ask(t, r, packet)
		want := 1
		if size < 14 || size > 9216 {
			want = 0
		}
		if len(replies) != want || want == 1 && len(replies[0]) != size {
			t.Errorf("%d octets are answered by %d packets", size, len(replies))
			continue
		}
		if want == 0 || size < 41 {
			continue
		}
		reply, err := stamp.ParseReply(replies[0], nil)
		if err != nil || reply.Sender.Sequence != 7 || reply.Sequence != 7 || reply.TTL == 0 || reply.Receive == 0 {
			t.Errorf("%d octets are answered by %+v, %v", size, reply, err)
		}
		if size > 44 && !bytes.Equal(replies[0][44:], packet[44:]) {
			t.Errorf("plain padding of a packet of %d octets came back changed", size)
		}
	}
}

func TestAReplyIsNotAnswered(t *testing.T) {
	t.Parallel()
	r := reflector(t, stamp.ReflectorOptions{Listen: "127.0.0.1:0"})
	request := stamp.Request{Timestamp: stamp.NTP(time.Now()), Error: stamp.ErrorEstimate{Multiplier: 1}}.Encode(nil)
	replies := ask(t, r, request)
	if len(replies) != 1 {
		t.Fatalf("%d replies", len(replies))
	}
	if again := ask(t, r, replies[0]); len(again) != 0 {
		t.Errorf("a reply was answered by %x", again)
	}
	counts(t, r, stamp.ReflectorCounters{Answered: 3, Malformed: 1})
}

func TestAKeyedReflectorAnswersItsKeyOnly(t *testing.T) {
	t.Parallel()
	r := reflector(t, stamp.ReflectorOptions{Listen: "127.0.0.1:0", Key: key})
	request := stamp.Request{Timestamp: stamp.NTP(time.Now()), Error: stamp.ErrorEstimate{Multiplier: 1}}
	changed := request.Encode(key)
	changed[50] ^= 1
	for _, packet := range [][]byte{request.Encode(nil), request.Encode([]byte("another key")), changed} {
		if replies := ask(t, r, packet); len(replies) != 0 {
			t.Errorf("%x was answered by %x", packet, replies)
		}
	}
	counts(t, r, stamp.ReflectorCounters{Answered: 3, Malformed: 1, Forged: 2})
}

func TestASourceOverItsRateIsNotAnswered(t *testing.T) {
	t.Parallel()
	r := reflector(t, stamp.ReflectorOptions{Listen: "127.0.0.1:0", Rate: 3})
	request := stamp.Request{Timestamp: stamp.NTP(time.Now()), Error: stamp.ErrorEstimate{Multiplier: 1}}.Encode(nil)
	replies := ask(t, r, request, request, request, request, request, request)
	// A slow machine may let another become due.
	if len(replies) < 3 || len(replies) > 5 {
		t.Errorf("%d of 6 were answered, want 3", len(replies))
	}
	answered := uint64(len(replies))
	counts(t, r, stamp.ReflectorCounters{Answered: answered + 1, Limited: 6 - answered})
	if _, err := stamp.Listen(stamp.ReflectorOptions{Listen: "127.0.0.1:0"}); err == nil {
		t.Error("a reflector without a rate was opened")
	}
}

func TestAStatefulReflectorCountsForEachSession(t *testing.T) {
	t.Parallel()
	r := reflector(t, stamp.ReflectorOptions{Listen: "127.0.0.1:0", Stateful: true})
	request := func(sequence uint32, ssid uint16) []byte {
		return stamp.Request{Sequence: sequence, SSID: ssid, Timestamp: stamp.NTP(time.Now()), Error: stamp.ErrorEstimate{Multiplier: 1}}.Encode(nil)
	}
	var got []uint32
	for _, packet := range ask(t, r, request(10, 1), request(20, 2), request(12, 1), request(21, 2)) {
		reply, err := stamp.ParseReply(packet, nil)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, reply.Sequence)
	}
	if fmt.Sprint(got) != "[0 0 1 1]" {
		t.Errorf("replies are numbered %v, want 0 0 1 1", got)
	}
}

package icmp

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"vigie/probe"
)

const identifier = 0x5649

var target = netip.MustParseAddr("127.67.0.1")

// replyTo turns a request into what its target would answer.
func replyTo(request []byte) []byte {
	reply := slices.Clone(request)
	reply[0] = replyType[v4]
	resum(reply)
	return reply
}

func resum(message []byte) {
	binary.BigEndian.PutUint16(message[2:], 0)
	binary.BigEndian.PutUint16(message[2:], checksum(message))
}

func testSeal(t testing.TB) *seal {
	t.Helper()
	s, err := newSeal()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testRequest(t testing.TB, s *seal, n name) []byte {
	t.Helper()
	request := make([]byte, messageLen)
	s.request(request, identifier, 9, n, target)
	return request
}

func TestAReplyIsReadAsItsRequestWasWritten(t *testing.T) {
	t.Parallel()
	s := testSeal(t)
	asked := name{serial: 1 << 31, slot: maxRounds - 3, index: 4}
	reply := replyTo(testRequest(t, s, asked))
	got, sequence, ok := parseReply(v4, reply, identifier)
	if !ok || got != asked || sequence != 9 {
		t.Errorf("got %+v, sequence %d, %t; want %+v, 9, true", got, sequence, ok, asked)
	}
	if !s.check(reply, got, target) {
		t.Error("the mark of a true reply is refused")
	}
}

func TestARequestHasAValidChecksum(t *testing.T) {
	t.Parallel()
	if sum := checksum(testRequest(t, testSeal(t), name{serial: 7})); sum != 0 {
		t.Errorf("got %#04x over the whole message, want 0", sum)
	}
	// The worked example of RFC 1071, section 3: the sum of the words is ddf2.
	if got := checksum([]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}); got != ^uint16(0xddf2) {
		t.Errorf("got %#04x, want %#04x", got, ^uint16(0xddf2))
	}
	if got := checksum([]byte{0x12}); got != ^uint16(0x1200) {
		t.Errorf("got %#04x for one byte, want %#04x", got, ^uint16(0x1200))
	}
}

func TestRepliesOfAnotherFormAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]func(reply []byte) []byte{
		"empty":               func([]byte) []byte { return nil },
		"truncated":           func(b []byte) []byte { return b[:messageLen-1] },
		"longer":              func(b []byte) []byte { return append(b, 0) },
		"a request":           func(b []byte) []byte { b[0] = requestType[v4]; resum(b); return b },
		"another code":        func(b []byte) []byte { b[1] = 1; resum(b); return b },
		"another identifier":  func(b []byte) []byte { b[4]++; resum(b); return b },
		"another padding":     func(b []byte) []byte { b[messageLen-1] = 1; resum(b); return b },
		"a bit turned on way": func(b []byte) []byte { b[60] ^= 4; return b },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := make([]byte, messageLen)
			testSeal(t).request(request, identifier, 1, nameOf(request), target)
			if _, _, ok := parseReply(v4, change(replyTo(request)), identifier); ok {
				t.Error("accepted")
			}
		})
	}
}

func TestAMarkHoldsForOneEchoOneAddressAndOneEngine(t *testing.T) {
	t.Parallel()
	s := testSeal(t)
	n := name{serial: 5, index: 2}
	reply := replyTo(testRequest(t, s, n))
	tests := map[string]bool{
		"the echo asked":   s.check(reply, n, target),
		"another round":    s.check(reply, name{serial: 6, index: 2}, target),
		"another echo":     s.check(reply, name{serial: 5, index: 3}, target),
		"another address":  s.check(reply, n, target.Next()),
		"another engine's": testSeal(t).check(reply, n, target),
		"no address":       s.check(reply, n, netip.Addr{}),
		"another place":    s.check(reply, name{serial: 5, slot: 1, index: 2}, target),
		"its mapped form":  s.check(reply, n, netip.AddrFrom16(target.As16())),
	}
	for name, got := range tests {
		if want := name == "the echo asked"; got != want {
			t.Errorf("%s: got %t, want %t", name, got, want)
		}
	}
}

func TestTheHeaderOfAnIPv4PacketIsStripped(t *testing.T) {
	t.Parallel()
	packet := func(first, protocol byte, length int) []byte {
		p := make([]byte, length)
		p[0], p[9] = first, protocol
		return p
	}
	tests := map[string]struct {
		packet []byte
		want   int // bytes left, -1 when refused
	}{
		"plain":               {packet(0x45, 1, 84), 64},
		"with options":        {packet(0x46, 1, 88), 64},
		"header only":         {packet(0x45, 1, 20), 0},
		"too short":           {packet(0x45, 1, 19+1)[:19], -1},
		"header past the end": {packet(0x4f, 1, 40), -1},
		"header too small":    {packet(0x44, 1, 84), -1},
		"IPv6":                {packet(0x60, 1, 84), -1},
		"UDP":                 {packet(0x45, 17, 84), -1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			message := stripIPv4(test.packet)
			if refused := message == nil; refused != (test.want < 0) || !refused && len(message) != test.want {
				t.Errorf("got %d bytes, refused: %t; want %d", len(message), refused, test.want)
			}
		})
	}
}

// FuzzReply throws bytes at everything that reads them: nothing but the one true
// reply may answer the echo, and no packet may be taken for a request of ours.
func FuzzReply(f *testing.F) {
	s := testSeal(f)
	genuine := replyTo(testRequest(f, s, name{serial: 1}))
	header := append([]byte{0x45}, make([]byte, ipHeaderLen-1)...)
	header[ipProtocolAt] = protocolICMP
	f.Add(append(slices.Clone(header), genuine...))
	f.Add(append(slices.Clone(header), genuine[:40]...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, packet []byte) {
		l := testLedger()
		l.add(Round{Target: probe.Target{Addr: target}}, 0)
		l.sent(l.nextDue(0), reading{wallNanos: 1})
		e := Engine{seal: s, ledger: l}
		message := stripIPv4(packet)
		in := &socket{identifier: identifier}
		e.reply(in, arrival{message: message, from: target, stampNanos: 2})
		e.stamp(in, arrival{message: packet, stampNanos: 3})
		echo := l.rounds[0].echoes[0]
		if echo.fate == answered && !slices.Equal(message[8:], genuine[8:]) {
			t.Errorf("answered by % x", message)
		}
		if echo.sentNanos != 1 {
			t.Errorf("stamped by % x", packet)
		}
	})
}

func TestAMarkCoversEveryBitOfAnIPv6Address(t *testing.T) {
	t.Parallel()
	s := testSeal(t)
	n := name{serial: 5, index: 2}
	addr := netip.MustParseAddr("2001:db8::67")
	request := make([]byte, messageLen)
	s.request(request, identifier, 1, n, addr)
	reply := slices.Clone(request)
	reply[0] = replyType[v6]
	if got, sequence, ok := parseReply(v6, reply, identifier); !ok || got != n || sequence != 1 || !s.check(reply, n, addr) {
		t.Errorf("the true reply is read as %+v, %d, %t", got, sequence, ok)
	}
	for bit := range 128 {
		other := addr.As16()
		other[bit/8] ^= 1 << (bit % 8)
		if s.check(reply, n, netip.AddrFrom16(other)) {
			t.Errorf("the mark holds for %s", netip.AddrFrom16(other))
		}
	}
}

// FuzzReply6 is the same for IPv6, whose packets come without their IP header.
func FuzzReply6(f *testing.F) {
	s := testSeal(f)
	addr := netip.MustParseAddr("2001:db8::67")
	genuine := make([]byte, messageLen)
	s.request(genuine, identifier, 3, name{serial: 1}, addr)
	f.Add(slices.Clone(genuine))
	genuine[0] = replyType[v6]
	f.Add(slices.Clone(genuine))
	f.Add(genuine[:40])
	f.Fuzz(func(t *testing.T, packet []byte) {
		l := testLedger()
		l.add(Round{Target: probe.Target{Addr: addr}}, 0)
		l.sent(l.nextDue(0), reading{wallNanos: 1})
		e := Engine{seal: s, ledger: l}
		in := &socket{family: v6, identifier: identifier}
		e.reply(in, arrival{message: packet, from: addr, stampNanos: 2})
		// The checksum is the kernel's business, and the padding nobody's.
		want := len(packet) == messageLen && slices.Equal(packet[:2], genuine[:2]) && slices.Equal(packet[4:markAt+16], genuine[4:markAt+16])
		if got := l.rounds[0].echoes[0].fate == answered; got != want {
			t.Errorf("answered: %t, want %t, by % x", got, want, packet)
		}
	})
}

package path

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
)

var secret = mark{1, 2, 3, 4, 5, 6, 7, 8}

func TestAllEchoesOfATraceHaveOneChecksum(t *testing.T) {
	t.Parallel()
	want := echo(false, 77, 0, secret)[2:4]
	for number := range uint16(numbers) {
		b := echo(false, 77, number, secret)
		if !bytes.Equal(b[2:4], want) {
			t.Fatalf("echo %d has the checksum %x, the first %x", number, b[2:4], want)
		}
		if checksum(b) != 0 {
			t.Fatalf("the checksum of echo %d is wrong", number)
		}
	}
}

func TestAnAnswerIsKnownByItsMark(t *testing.T) {
	t.Parallel()
	for _, six := range []bool{false, true} {
		b := echo(six, 77, 300, secret)
		if n, ok := readQuoted(b, six, secret); !ok || n != 300 {
			t.Errorf("quoted: %d, %t", n, ok)
		}
		if n, ok := readQuoted(b[:8], six, secret); !ok || n != 300 {
			t.Errorf("8 octets quoted: %d, %t", n, ok)
		}
		if _, ok := readQuoted(b, six, mark{}); ok {
			t.Error("the request of another counts")
		}
		if _, ok := readReply(b, six, secret); ok {
			t.Error("a request counts as a reply")
		}
		if b[0]++; !six {
			b[0] = echoReply4
		}
		if n, ok := readReply(b, six, secret); !ok || n != 300 {
			t.Errorf("reply: %d, %t", n, ok)
		}
		if _, ok := readReply(b, six, mark{}); ok {
			t.Error("the reply to another counts")
		}
	}
}

// extended is what Linux writes beside an error.
func extended(origin, kind, code byte, from netip.Addr) []byte {
	b := make([]byte, extendedLen)
	b[4], b[5], b[6] = origin, kind, code
	address := make([]byte, 16)
	if from.Is4() {
		binary.NativeEndian.PutUint16(address, family4)
		copy(address[4:], from.AsSlice())
		return append(b, address...)
	}
	binary.NativeEndian.PutUint16(address, family6)
	address = append(address, make([]byte, 12)...)
	copy(address[8:], from.AsSlice())
	return append(b, address...)
}

func TestAMessageOfARouterIsRead(t *testing.T) {
	t.Parallel()
	six := netip.MustParseAddr("2001:db8::1")
	for name, c := range map[string]struct {
		told   []byte
		method Method
		host   netip.Addr
		want   Kind
		code   int
	}{
		"the hop limit ended":             {extended(2, 11, 0, router), ICMP, far, Passing, 0},
		"the hop limit ended, IPv6":       {extended(3, 3, 0, six), ICMP, far, Passing, 0},
		"a fragment that waited too long": {extended(2, 11, 1, router), ICMP, far, "", 0},
		"no route":                        {extended(2, 3, 0, router), ICMP, far, Unreachable, 0},
		"forbidden":                       {extended(2, 3, 13, router), ICMP, far, Unreachable, 13},
		"forbidden, IPv6":                 {extended(3, 1, 1, six), UDP, far, Unreachable, 1},
		"the port, by the host":           {extended(2, 3, 3, far), UDP, far, Reached, 0},
		"the port, by the host, IPv6":     {extended(3, 1, 4, six), UDP, six, Reached, 0},
		"the port, by a firewall":         {extended(2, 3, 3, router), UDP, far, Unreachable, 3},
		"an error of this machine":        {extended(1, 0, 0, router), UDP, far, "", 0},
		"too short":                       {extended(2, 11, 0, router)[:20], UDP, far, "", 0},
		"from nowhere":                    {make([]byte, 32), UDP, far, "", 0},
	} {
		a, ok := readError(c.told, c.host, c.method)
		if ok != (c.want != "") || ok && (a.kind != c.want || a.code != c.code) {
			t.Errorf("%s: %+v, %t, want %q with code %d", name, a, ok, c.want, c.code)
		}
	}
}

func FuzzMessages(f *testing.F) {
	f.Add(echo(false, 1, 2, secret), false)
	f.Add(extended(2, 11, 0, router), false)
	f.Add(extended(3, 1, 4, netip.MustParseAddr("2001:db8::1")), true)
	f.Add(append([]byte{0x46, 23: 0}, echo(false, 1, 2, secret)...), false)
	f.Fuzz(func(t *testing.T, b []byte, six bool) {
		if rest, ok := stripHeader(b); ok && len(rest) > len(b)-20 {
			t.Errorf("a header of %d octets", len(b)-len(rest))
		}
		if n, ok := readQuoted(b, six, secret); ok && len(b) >= markAt+markLen && !bytes.Equal(echo(six, 0, n, secret)[headerLen:markAt+markLen], b[headerLen:markAt+markLen]) {
			t.Errorf("number %d of a request that is not ours", n)
		}
		if _, ok := readReply(b, six, secret); ok && !bytes.Contains(b, secret[:]) {
			t.Error("a reply without the mark")
		}
		if a, ok := readError(b, far, UDP); ok && (!a.from.IsValid() || a.kind == Reached && a.from != far) {
			t.Errorf("%+v", a)
		}
	})
}

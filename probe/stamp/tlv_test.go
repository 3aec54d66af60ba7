package stamp

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

// marked came with DSCP 10 and ECN 2.
var marked = arrival{from: netip.MustParseAddrPort("192.0.2.1:4000"), tos: 10<<2 | 2, classed: true, ttl: 60, at: began, wall: began}

// reflects answers a request with extensions and returns those of the reply.
func reflects(t *testing.T, key []byte, extensions string) (string, uint8) {
	t.Helper()
	behind, err := hex.DecodeString(extensions)
	if err != nil {
		t.Fatal(err)
	}
	packet := append(Request{Sequence: 9, Timestamp: NTP(began)}.Encode(key), behind...)
	if len(key) > 0 && bytes.HasSuffix(behind, make([]byte, macSize)) {
		at := len(packet) - macSize - tlvHeader
		copy(packet[at+tlvHeader:], mark(key, packet[:4], packet[AuthenticatedSize:at]))
	}
	l := layoutFor(key)
	tos := l.answer(packet, key, marked, func() Reply { return Reply{Sequence: 9, Timestamp: NTP(began)} })
	return hex.EncodeToString(packet[l.size:]), tos
}

func TestAReflectorSetsTheFlagsOfExtensions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ request, reply string }{
		"padding":                             {"80010002beef", "00010002beef"},
		"class of service, EF wanted":         {"80040004b8000000", "00040004b8a80000"},
		"class of service, CS6 refused":       {"80040004c0000000", "00040004c0a90000"},
		"unknown":                             {"80f20001ff" + "80010000", "80f20001ff" + "00010000"},
		"flags that a sender should not send": {"7f010000", "00010000"},
		"longer than what is left":            {"80010002beef" + "800100ffabcdef", "00010002beef" + "400100ffabcdef"},
		"class of service of a wrong length":  {"80040003b80000" + "80f20000", "40040003b80000" + "80f20000"},
		"unknown and too long":                {"80f2ffff", "c0f2ffff"},
		"a HMAC without a key":                {"80080010" + "000102030405060708090a0b0c0d0e0f", "20080010" + "000102030405060708090a0b0c0d0e0f"},
		"fewer octets than a header":          {"800100", "800100"},
		"zeros, as TWAMP pads":                {"0000000000000000", "0000000000000000"},
		"nothing":                             {"", ""},
	} {
		if got, _ := reflects(t, nil, c.request); got != c.reply {
			t.Errorf("%s: %s comes back as %s, want %s", name, c.request, got, c.reply)
		}
	}
}

func TestTheClassOfTheReplyIsTheOneWantedWherePolicyAllows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		extensions string
		want       uint8
	}{
		{"", 10 << 2}, // as it came, without ECN
		{"80040004b8000000", 46 << 2},
		{"80040004c0000000", 10 << 2},
		{"80040004b8000000" + "8004000400000000", 46 << 2}, // the first decides
	} {
		if _, got := reflects(t, nil, c.extensions); got != c.want {
			t.Errorf("%q is answered with traffic class %d, want %d", c.extensions, got, c.want)
		}
	}
}

const sealedSpace = "80080010" + "00000000000000000000000000000000"

func TestExtensionsUnderAKeyAreVerifiedAndSealedAnew(t *testing.T) {
	t.Parallel()
	got, tos := reflects(t, secret, "80040004b8000000"+sealedSpace)
	reply, err := hex.DecodeString(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("00040004b8a80000"+"00080010", got[:24]); diff != "" || tos != 46<<2 {
		t.Errorf("traffic class %d, extensions (-want +got):\n%s", tos, diff)
	}
	if want := mark(secret, []byte{0, 0, 0, 9}, reply[:8]); !bytes.Equal(reply[12:], want) {
		t.Errorf("the HMAC of the reply is %x, want %x", reply[12:], want)
	}
}

func TestExtensionsThatFailTheirHMACAreNotUsed(t *testing.T) {
	t.Parallel()
	wrong := "ff0102030405060708090a0b0c0d0e0f"
	for name, c := range map[string]struct{ request, reply string }{
		"wrong":                      {"80040004b8000000" + "80080010" + wrong, "20040004b8000000" + "20080010" + wrong},
		"missing":                    {"80040004b8000000", "20040004b8000000"},
		"missing, unknown extension": {"80f20000", "a0f20000"},
		"not needed for padding":     {"80010001ff", "00010001ff"},
		"followed by more than padding": {
			"80080010" + wrong + "80040004b8000000", "20080010" + wrong + "20040004b8000000",
		},
	} {
		got, tos := reflects(t, secret, c.request)
		if got != c.reply || tos != 10<<2 {
			t.Errorf("%s: %s comes back as %s with traffic class %d, want %s and 40", name, c.request, got, tos, c.reply)
		}
	}
}

func TestPaddingMayFollowTheHMAC(t *testing.T) {
	t.Parallel()
	packet := Request{Sequence: 9}.Encode(secret)
	behind := appendTLV(nil, typeCoS, []byte{0xb8, 0, 0, 0})
	behind = appendTLV(behind, typeMAC, mark(secret, packet[:4], behind))
	behind = appendTLV(behind, typePadding, []byte{1, 2, 3})
	found, malformed := walk(behind)
	if malformed != nil || len(found) != 3 || !intact(packet, behind, secret, found) {
		t.Errorf("%d extensions, malformed %v: want 3 that are intact", len(found), malformed)
	}
}

func TestASenderReadsNoExtensionThatIsFlagged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		extensions string
		known      bool
		refused    int
	}{
		"good":                    {"00040004b8a80000", true, 0},
		"unrecognised":            {"80040004b8000000", false, 0},
		"malformed":               {"40040004b8a80000", false, 1},
		"integrity":               {"20040004b8a80000", false, 1},
		"integrity of another":    {"00040004b8a80000" + "20010000", false, 1},
		"longer than what's left": {"00010010", false, 1},
		"behind a malformed one":  {"40010000" + "00040004b8a80000", false, 1},
	} {
		behind, err := hex.DecodeString(c.extensions)
		if err != nil {
			t.Fatal(err)
		}
		b := newBook().leaves(1)
		reply := Reply{Sender: Request{Timestamp: NTP(began)}, SSID: 5}
		b.judge(append(reply.Encode(nil), behind...), arrival{at: began.Add(time.Millisecond)})
		if b.Class.Known != c.known || b.ExtensionsRefused != c.refused || len(b.reported) != 1 || b.reported[0].Lost {
			t.Errorf("%s: class %+v, %d refused, reported %v", name, b.Class, b.ExtensionsRefused, b.reported)
		}
	}
}

// FuzzReflector holds what a reflector promises of any packet: it never panics, the
// reply has the length of the request, and a sender can read it.
func FuzzReflector(f *testing.F) {
	plain := Request{Sequence: 7, SSID: 258, Timestamp: NTP(began)}
	f.Add(plain.Encode(nil), false)
	f.Add(plain.Encode(nil)[:14], false)
	f.Add(plain.Encode(secret), true)
	f.Add(appendTLV(plain.Encode(nil), typeCoS, []byte{0xb8, 0, 0, 0}), false)
	f.Add(appendTLV(appendTLV(plain.Encode(secret), typePadding, []byte{1}), typeMAC, make([]byte, macSize)), true)
	f.Fuzz(func(t *testing.T, packet []byte, keyed bool) {
		var key []byte
		if keyed {
			key = secret
			if len(packet) >= AuthenticatedSize { // else nothing passes
				authenticated.seal(packet, key)
			}
		}
		request, err := ParseRequest(packet, key)
		if err != nil {
			return
		}
		l := layoutFor(key)
		size := len(packet)
		l.answer(packet, key, marked, func() Reply {
			return Reply{Sequence: request.Sequence, SSID: request.SSID, Timestamp: NTP(began), Receive: NTP(began), Sender: request, TTL: 60}
		})
		if len(packet) != size {
			t.Fatalf("%d octets became %d", size, len(packet))
		}
		reply, err := ParseReply(packet, key)
		if err != nil || reply.Sequence != request.Sequence {
			t.Errorf("the reply to %+v is %+v, %v", request, reply, err)
		}
		if size >= l.size && (reply.Sender.Timestamp != request.Timestamp || reply.Sender.Error != request.Error) {
			t.Errorf("the reply to %+v is %+v", request, reply)
		}
	})
}

// FuzzReply judges any packet as a reply: it ends at most the one packet under way.
func FuzzReply(f *testing.F) {
	reply := Reply{SSID: 5, Receive: NTP(began), Timestamp: NTP(began.Add(1)), Sender: Request{Timestamp: NTP(began)}}
	f.Add(reply.Encode(nil), false)
	f.Add(reply.Encode(nil)[:38], false)
	f.Add(reply.Encode(secret), true)
	f.Add(appendTLV(reply.Encode(nil), typeCoS, []byte{0xb8, 0, 0, 0}), false)
	f.Fuzz(func(t *testing.T, packet []byte, keyed bool) {
		b := newBook().leaves(1)
		if keyed {
			b.key = secret
			if len(packet) >= AuthenticatedSize {
				authenticated.seal(packet, secret)
			}
		}
		b.judge(packet, arrival{at: began.Add(10 * time.Millisecond)})
		b.expire(began.Add(time.Hour))
		if len(b.reported) != 1 || b.reported[0].Delay < 0 || b.reported[0].Delay > 10*time.Millisecond || b.reported[0].Lost == (b.Rejected == 0) {
			t.Errorf("reported %+v with standing %+v", b.reported, b.Standing)
		}
	})
}

package lab

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"pgregory.net/rapid"
)

func FuzzWhatARouterSaysOfAPacket(f *testing.F) {
	plain := []byte{0x45, 0, 0, 20, 0, 1, 0, 0, 3, 1, 0, 0, 192, 0, 2, 1, 198, 18, 0, 1}
	f.Add(plain)
	f.Add(append(bytes.Clone(plain), 1, 2, 3)) // padding
	f.Add([]byte{0x46, 0, 0, 26, 0, 1, 0, 0, 2, 17, 0, 0, 192, 0, 2, 1, 198, 18, 0, 1, 1, 1, 1, 0, 9, 9})
	long := append(bytes.Clone(plain), make([]byte, 980)...)
	long[2], long[3] = 0x03, 0xe8
	f.Add(long)
	router := netip.MustParseAddr("198.19.248.1")
	f.Fuzz(func(t *testing.T, packet []byte) {
		asked, err := parseHeader(packet)
		if err != nil {
			return
		}
		before := bytes.Clone(packet)
		told := appendExceeded(nil, packet, router, asked.src)
		if !bytes.Equal(before, packet) {
			t.Error("the packet itself was changed")
		}
		header, err := ipv4.ParseHeader(told)
		if err != nil || header.TotalLen != len(told) || len(told) > mostOfExceeded || checksum(told[:header.Len]) != 0 {
			t.Fatalf("header %v of %d octets with checksum %x, error %v", header, len(told), checksum(told[:header.Len]), err)
		}
		if header.Src.String() != router.String() || header.Dst.String() != asked.src.String() || checksum(told[header.Len:]) != 0 {
			t.Errorf("from %v to %v with checksum %x", header.Src, header.Dst, checksum(told[header.Len:]))
		}
		message, err := icmp.ParseMessage(protocolICMP, told[header.Len:])
		if err != nil || message.Type != ipv4.ICMPTypeTimeExceeded || message.Code != 0 {
			t.Fatalf("says %+v, %v", message, err)
		}
		quote := told[header.Len+icmpHeader:]
		own := int(quote[0]&0x0f) * 4
		if quoted, err := parseHeader(append(quote[:len(quote):len(quote)], make([]byte, 1<<16)...)); err != nil || quoted.hops != 1 || quoted.dst != asked.dst || checksum(quote[:own]) != 0 {
			t.Errorf("quotes %+v with checksum %x, %v", quoted, checksum(quote[:own]), err)
		}
		if !bytes.Equal(quote[own:], packet[own:][:len(quote)-own]) {
			t.Error("quotes something else behind the header")
		}
	})
}

func TestARouterSaysNoMoreThanLinuxDoes(t *testing.T) {
	t.Parallel()
	var v voice
	said := func(from, to, every time.Duration) (n int) {
		for now := from; now < to; now += every {
			if v.speak(now) {
				n++
			}
		}
		return n
	}
	if n := said(0, 100*time.Millisecond, time.Millisecond); n != exceededAtOnce {
		t.Errorf("%d at once, want %d", n, exceededAtOnce)
	}
	if n := said(100*time.Millisecond, 10*time.Second, 10*time.Millisecond); n != 9 {
		t.Errorf("%d in the ten seconds after, want 9", n)
	}
	if n := said(time.Hour, time.Hour+900*time.Millisecond, time.Millisecond); n != exceededAtOnce {
		t.Errorf("%d after an hour of silence, want %d", n, exceededAtOnce)
	}
	rapid.Check(t, func(t *rapid.T) {
		var v voice
		var now time.Duration
		var at []time.Duration
		for _, gap := range rapid.SliceOf(rapid.Int64Range(0, 3000)).Draw(t, "gaps in ms") {
			now += time.Duration(gap) * time.Millisecond
			if v.speak(now) {
				at = append(at, now)
			}
		}
		for i := exceededAtOnce; i < len(at); i++ {
			if within := at[i] - at[i-exceededAtOnce]; within < exceededEvery {
				t.Fatalf("%d within %s", exceededAtOnce+1, within)
			}
		}
	})
}

func TestMorePOPsThanAddressesAreRefused(t *testing.T) {
	t.Parallel()
	var region Topology
	for i := range mostPOPs + 1 {
		region.Links = append(region.Links, Link{Ref: fmt.Sprint(i), POP: fmt.Sprint(i), Addr: netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})})
	}
	if err := region.validate(); err == nil {
		t.Errorf("%d POPs are accepted", mostPOPs+1)
	}
	region.Links = region.Links[:mostPOPs]
	if err := region.validate(); err != nil {
		t.Errorf("%d POPs: %v", mostPOPs, err)
	}
	for key, addr := range region.popRouters() {
		if !POPNetwork.Contains(addr) {
			t.Errorf("POP %s has the router %s, outside %s", key, addr, POPNetwork)
		}
	}
}

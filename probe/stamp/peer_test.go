package stamp_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"vigie/probe/stamp"
)

// key is of the length that openssl rand -hex 32 makes.
var key = []byte("0123456789abcdef0123456789abcdef")

// peer is a reflector made by hand: it sends what answer returns, one after another.
func peer(t *testing.T, answer func(request []byte, came time.Time) [][]byte) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		room := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(room)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			for _, reply := range answer(room[:n], time.Now()) {
				if _, err := conn.WriteToUDPAddrPort(reply, from); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// openReply is an open reply of 44 octets by the layout of RFC 8762, 4.3.1, written
// without the package's own encoder.
func openReply(request []byte, sequence uint32, received, sent time.Time) []byte {
	reply := make([]byte, 44)
	binary.BigEndian.PutUint32(reply[0:], sequence)
	binary.BigEndian.PutUint64(reply[4:], ntp(sent))
	reply[13] = 1                    // error estimate 0x0001, as TWAMP reflectors write it
	copy(reply[14:16], request[14:]) // SSID
	binary.BigEndian.PutUint64(reply[16:], ntp(received))
	copy(reply[24:38], request[0:14]) // sequence number, timestamp, error estimate
	reply[40] = 255
	return reply
}

// sealedReply is the same by 4.3.2.
func sealedReply(request []byte, received, sent time.Time) []byte {
	reply := make([]byte, 112)
	copy(reply[0:4], request[0:4])
	binary.BigEndian.PutUint64(reply[16:], ntp(sent))
	reply[25] = 1
	copy(reply[26:28], request[26:])
	binary.BigEndian.PutUint64(reply[32:], ntp(received))
	copy(reply[48:52], request[0:4])
	copy(reply[64:74], request[16:26])
	reply[80] = 64
	mac := hmac.New(sha256.New, key)
	mac.Write(reply[:96])
	copy(reply[96:], mac.Sum(nil)[:16])
	return reply
}

// ntp is a time of RFC 5905 by another road than the package's: in floating point.
func ntp(t time.Time) uint64 {
	return uint64(t.Unix()+2_208_988_800)<<32 | uint64(float64(t.Nanosecond())/1e9*(1<<32))
}

func sequence(request []byte) uint32 { return binary.BigEndian.Uint32(request) }

// measured is a session that has ended.
type measured struct {
	packets  []stamp.Packet
	standing stamp.Standing
}

func (m measured) lost() int {
	lost := 0
	for _, p := range m.packets {
		if p.Lost {
			lost++
		}
	}
	return lost
}

// options are those of a session of five packets that is over soon.
func options(reflector netip.AddrPort) stamp.Options {
	return stamp.Options{Reflector: reflector, Count: 5, Interval: 20 * time.Millisecond, Timeout: 5 * time.Second}
}

// measure runs a session; every packet must be reported once.
func measure(t *testing.T, o stamp.Options) measured {
	t.Helper()
	var m measured
	seen := map[uint32]bool{}
	standing, err := stamp.Run(t.Context(), o, func(p stamp.Packet, _ stamp.Standing) {
		if seen[p.Sequence] {
			t.Errorf("packet %d was reported twice", p.Sequence)
		}
		seen[p.Sequence] = true
		m.packets = append(m.packets, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.packets) != o.Count {
		t.Errorf("%d packets were reported, want %d", len(m.packets), o.Count)
	}
	m.standing = standing
	return m
}

// reflector starts one and stops it with the test.
func reflector(t *testing.T, o stamp.ReflectorOptions) *stamp.Reflector {
	t.Helper()
	if o.Rate == 0 {
		o.Rate = 1000
	}
	r, err := stamp.Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- r.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

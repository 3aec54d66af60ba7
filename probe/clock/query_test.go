package clock

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

// server answers each request on a port of its own with what answer makes of its mark.
func server(t *testing.T, answer func(mark uint64) [][]byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for buffer := make([]byte, 512); ; {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if n != packetLength || buffer[0] != 4<<3|3 {
				t.Errorf("asked with %d octets, first %#x", n, buffer[0])
			}
			for _, p := range answer(binary.BigEndian.Uint64(buffer[40:])) {
				_, _ = conn.WriteTo(p, from) // a client that gave up
			}
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return conn.LocalAddr().String()
}

func TestAServerThatIsAheadFindsUsBehind(t *testing.T) {
	t.Parallel()
	const ahead = time.Hour
	at := server(t, func(mark uint64) [][]byte {
		now := time.Now().Add(ahead)
		return [][]byte{{1, 2, 3}, reply(mark+1, now.Add(time.Hour), now.Add(time.Hour)), reply(mark, now, now)}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got, err := Query(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	if got.Source != at || (got.Offset+ahead).Abs() > got.MaxError || got.MaxError < 250*time.Millisecond {
		t.Errorf("got %+v, want us %s behind by %s", got, ahead, at)
	}
}

func TestAKissAndSilenceAreErrors(t *testing.T) {
	t.Parallel()
	at := server(t, func(mark uint64) [][]byte {
		p := reply(mark, time.Now(), time.Now())
		p[1] = 0
		copy(p[12:], "DENY")
		return [][]byte{p}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := Query(ctx, at)
	var kiss Kiss
	if !errors.As(err, &kiss) || !kiss.Final() || !strings.Contains(err.Error(), at) {
		t.Errorf("got %v, want a refusal for good that names %s", err, at)
	}
	mute := server(t, func(uint64) [][]byte { return nil })
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Query(short, mute); !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "timeout") {
		t.Errorf("got %v, want the end of the wait", err)
	}
}

// A reading is of one moment. Setting the clock afterwards changes its offset by as
// much, and age alone changes the error only.
func TestAReadingHoldsOverAStepOfTheClock(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := Reading{Source: "time", At: now, Offset: 40 * time.Millisecond, MaxError: 2 * time.Millisecond}
	later := r.Clock(now.Add(1000 * time.Second))
	if later.Offset != r.Offset || later.MaxError != 17*time.Millisecond || !later.Synchronised || later.Source != "time" {
		t.Errorf("a thousand seconds later: %+v", later)
	}
	if got := r.aged(time.Minute, time.Minute+time.Hour); got.Offset != 40*time.Millisecond+time.Hour {
		t.Errorf("set forward by an hour: %+v", got)
	}
}

func TestTheUsualPortIsAdded(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		"ntp.example": "ntp.example:123", "ntp.example:1123": "ntp.example:1123", "2001:db8::1": "[2001:db8::1]:123", "[2001:db8::1]:5": "[2001:db8::1]:5",
	} {
		if got := Address(server); got != want {
			t.Errorf("%s: got %s, want %s", server, got, want)
		}
	}
}

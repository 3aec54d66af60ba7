package lab

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"pgregory.net/rapid"
)

func FuzzParseHeader(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x60, 0, 0, 0, 0, 8, 0x3a, 0xff, 19: 0})
	f.Add([]byte{0x45, 0, 0, 20, 0, 1, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 198, 18, 0, 1})
	f.Add([]byte{0x46, 0, 0, 24, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 18, 0, 1, 1, 1, 1, 0, 9})
	f.Add([]byte{0x44, 0, 0, 20, 0, 1, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 198, 18, 0, 1})
	f.Fuzz(func(t *testing.T, packet []byte) {
		got, err := parseHeader(packet)
		if err != nil {
			return
		}
		want, err := ipv4.ParseHeader(packet)
		if err != nil {
			t.Fatalf("accepted % x, which x/net refuses: %v", packet, err)
		}
		if got.src.String() != want.Src.String() || got.dst.String() != want.Dst.String() || int(got.protocol) != want.Protocol {
			t.Errorf("% x: got %+v, want %v", packet, got, want)
		}
	})
}

func TestPacketsLeaveTheDelayLineInOrderOfTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var line delayLine
		dues := rapid.SliceOf(rapid.Int64Range(0, 20)).Draw(t, "due")
		earliest := int64(100)
		for _, due := range dues {
			first := line.push(waiting{due: time.Duration(due)})
			if first != (due < earliest) {
				t.Fatalf("push of %d after %d: next to arrive is %v", due, earliest, first)
			}
			earliest = min(earliest, due)
		}
		var left []waiting
		for now := time.Duration(0); now <= 20; now++ {
			before := len(left)
			left = line.pop(left, now)
			for _, w := range left[before:] {
				if w.due != now {
					t.Fatalf("a packet due at %d left at %d", w.due, now)
				}
			}
		}
		if len(left) != len(dues) {
			t.Fatalf("%d packets left, want %d", len(left), len(dues))
		}
		for i := 1; i < len(left); i++ {
			if left[i].due == left[i-1].due && left[i].order < left[i-1].order {
				t.Fatal("two packets due together changed places")
			}
		}
		if _, waits := line.next(); waits {
			t.Fatal("the line is not empty")
		}
	})
}

func TestTheDelayLineIsBounded(t *testing.T) {
	t.Parallel()
	alarm, err := openTimerfd()
	if err != nil {
		t.Fatal(err)
	}
	defer alarm.Close()
	addr := netip.MustParseAddr("198.18.0.1")
	e := &emulator{alarm: alarm, epoch: time.Now(), paths: map[netip.Addr]*path{
		addr: {impairment: Impairment{Delay: time.Hour}, numbers: make(map[Flow]uint64)},
	}}
	header := []byte{0x45, 0, 0, 20, 0, 1, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 198, 18, 0, 1}
	packet := &buffer{length: len(header)}
	copy(packet.bytes[:], header)
	const tooMany = 3
	for range maxOnTheWay + tooMany {
		if err := e.admit(packet, proberSide); err != nil {
			t.Fatal(err)
		}
	}
	if e.counters.Overflowed != tooMany || len(e.line.queue) != maxOnTheWay {
		t.Errorf("%d packets wait and %d overflowed, want %d and %d",
			len(e.line.queue), e.counters.Overflowed, maxOnTheWay, tooMany)
	}
}

func TestAnAlarmRingsWhenItIsDueAndStopsWhenClosed(t *testing.T) {
	alarm, err := openTimerfd()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for _, after := range []time.Duration{time.Hour, 3 * time.Millisecond} { // the second replaces the first
		if err := alarm.set(after); err != nil {
			t.Fatal(err)
		}
	}
	if err := alarm.wait(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 3*time.Millisecond || took > time.Second {
		t.Errorf("the alarm rang after %v, want 3ms", took)
	}
	closed := make(chan error)
	go func() { closed <- alarm.wait() }()
	if err := alarm.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-closed; err == nil {
		t.Error("wait returned as if it rang after Close")
	}
}

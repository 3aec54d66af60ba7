package stamp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// began is any fixed instant.
var began = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// book is a ledger with what it reported.
type book struct {
	ledger
	reported []Packet
}

func newBook() *book {
	b := &book{ledger: ledger{timeout: time.Second, ssid: 5}}
	b.report = func(p Packet, _ Standing) { b.reported = append(b.reported, p) }
	return b
}

// leaves enters packets a second apart.
func (b *book) leaves(count int) *book {
	for i := range count {
		at := began.Add(time.Duration(i) * 10 * time.Millisecond)
		b.leave(at, NTP(at))
	}
	return b
}

// replies judges the reply to a packet, which came a time after it left.
func (b *book) replies(sequence uint32, after time.Duration) {
	left := began.Add(time.Duration(sequence) * 10 * time.Millisecond)
	reply := Reply{
		Sequence: sequence, SSID: 5, Receive: NTP(left.Add(time.Millisecond)), Timestamp: NTP(left.Add(2 * time.Millisecond)),
		Error: ErrorEstimate{Multiplier: 1}, Sender: Request{Sequence: sequence, Timestamp: NTP(left)},
	}
	b.judge(reply.Encode(nil), arrival{at: left.Add(after)})
}

func TestAPacketEndsOnceAnsweredOrLost(t *testing.T) {
	t.Parallel()
	b := newBook().leaves(4)
	b.replies(2, 5*time.Millisecond)
	b.replies(1, 20*time.Millisecond) // overtaken
	b.replies(1, 30*time.Millisecond) // again
	b.replies(0, time.Second)         // at the timeout: no longer
	b.expire(began.Add(2 * time.Second))
	b.replies(3, 3*time.Second) // given up already
	want := []Packet{
		{Sequence: 2, Delay: 4 * time.Millisecond},
		{Sequence: 1, Delay: 19 * time.Millisecond},
		{Sequence: 0, Lost: true},
		{Sequence: 3, Lost: true},
	}
	if diff := cmp.Diff(want, b.reported); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
	if s := b.Standing; s.Reordered != 1 || s.Duplicates != 1 || s.Late != 2 || s.Rejected != 0 || b.open != 0 {
		t.Errorf("standing is %+v with %d open, want 1 reordered, 1 duplicate, 2 late", s, b.open)
	}
}

func TestAPacketThatDidNotLeaveIsNeitherSentNorLost(t *testing.T) {
	t.Parallel()
	b := newBook().leaves(1)
	b.refuse()
	b.replies(0, time.Millisecond)
	b.expire(began.Add(time.Minute))
	if diff := cmp.Diff([]Packet{{Sequence: 0, Unsent: true}}, b.reported); diff != "" || b.Rejected != 1 {
		t.Errorf("%d rejected, reported (-want +got):\n%s", b.Rejected, diff)
	}
}

func TestTheLedgerForgetsWhatIsOldAndStaysRight(t *testing.T) {
	t.Parallel()
	b := newBook()
	most := 0
	for i := range 100_000 {
		at := began.Add(time.Duration(i) * 10 * time.Millisecond)
		b.leave(at, NTP(at))
		if i%2 == 0 {
			b.replies(uint32(i), 5*time.Millisecond)
		}
		b.expire(at)
		most = max(most, len(b.records))
	}
	// A minute and the timeout at 100 a second, and twice that before it is halved.
	if most > 2*6_200 {
		t.Errorf("%d packets were remembered at once", most)
	}
	b.expire(began.Add(2000 * time.Second))
	if len(b.reported) != 100_000 {
		t.Errorf("%d packets were reported, want 100000", len(b.reported))
	}
	b.replies(0, 2000*time.Second)
	if b.Rejected != 1 {
		t.Errorf("a reply to a forgotten packet: %+v, want it rejected", b.Standing)
	}
}

func TestAnImplausibleReflectorsTimeIsNotTakenOut(t *testing.T) {
	t.Parallel()
	sent := NTP(began)
	for name, r := range map[string]Reply{
		"longer than the round trip": {Receive: sent, Timestamp: NTP(began.Add(11 * time.Millisecond))},
		"negative":                   {Receive: sent, Timestamp: NTP(began.Add(-time.Hour))},
		"none":                       {Receive: sent, Timestamp: sent},
		"no receive timestamp":       {Timestamp: 1 << 20},
	} {
		b := newBook()
		if got := b.delay(r, 10*time.Millisecond); got != 10*time.Millisecond || b.Uncorrected != 1 {
			t.Errorf("%s: delay %s, %d uncorrected, want 10ms and 1", name, got, b.Uncorrected)
		}
	}
	b := newBook()
	ptp := Reply{Error: ErrorEstimate{PTP: true}, Receive: 41<<32 | 999_000_000, Timestamp: 42<<32 | 1_000_000}
	if got := b.delay(ptp, 10*time.Millisecond); got != 8*time.Millisecond || b.Uncorrected != 0 {
		t.Errorf("PTP: delay %s, %d uncorrected, want 8ms and 0", got, b.Uncorrected)
	}
}

func TestAStampOfAnotherClockIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stamp time.Time
		want  time.Time
	}{
		"just before":                {began.Add(-time.Millisecond), began.Add(-time.Millisecond)},
		"none":                       {time.Time{}, began},
		"the clock was set forward":  {began.Add(-time.Hour), began},
		"the clock was set backward": {began.Add(time.Hour), began},
	} {
		var a arrival
		a.came(c.stamp, began)
		if !a.wall.Equal(c.want) || !a.at.Equal(c.want) {
			t.Errorf("%s: came at %s and %s, want %s", name, a.wall, a.at, c.want)
		}
	}
}

package clock

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var day = time.Date(2026, 11, 25, 16, 0, 0, 0, time.UTC)

// put writes a time as a packet carries it, from the definition: seconds since 1900
// modulo 2^32, and 2^-32 parts of a second.
func put(b []byte, t time.Time) {
	binary.BigEndian.PutUint32(b, uint32(t.Unix()+2_208_988_800))
	binary.BigEndian.PutUint32(b[4:], uint32(uint64(t.Nanosecond())<<32/1_000_000_000))
}

// reply is a good answer to the request with a mark.
func reply(mark uint64, received, sent time.Time) []byte {
	p := make([]byte, packetLength)
	p[0] = 4<<3 | 4
	p[1] = 2
	p[6] = 0x40  // a quarter of a second of delay to its root
	p[10] = 0x20 // an eighth of dispersion
	binary.BigEndian.PutUint64(p[24:], mark)
	put(p[32:], received)
	put(p[40:], sent)
	return p
}

func TestAnAnswerIsReadToTheNanosecond(t *testing.T) {
	t.Parallel()
	got, err := parse(reply(7, day.Add(123456789), day.Add(123556789)), 7, day)
	if err != nil {
		t.Fatal(err)
	}
	if got.stratum != 2 || got.rootDelay != 250*time.Millisecond || got.rootDispersion != 125*time.Millisecond {
		t.Errorf("got %+v", got)
	}
	for _, at := range []struct{ got, want time.Time }{{got.received, day.Add(123456789)}, {got.sent, day.Add(123556789)}} {
		if d := at.got.Sub(at.want).Abs(); d > 1 {
			t.Errorf("got %s, want %s", at.got, at.want)
		}
	}
}

// The seconds wrap on 7 February 2036: an answer behind it is read by a clock that
// stands before it, and the other way round.
func TestTimesAreRightAcrossTheEra(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		near := time.Unix(rapid.Int64Range(0, 8_000_000_000).Draw(t, "near"), 0).UTC()
		at := near.Add(time.Duration(rapid.Int64Range(-60, 60).Draw(t, "years")) * 365 * 24 * time.Hour)
		var b [8]byte
		put(b[:], at)
		if got := stamp(b[:], near); !got.Equal(at) {
			t.Fatalf("got %s, want %s", got, at)
		}
	})
}

func TestAnAnswerOfNoWorthIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(p []byte) []byte
		want   string
	}{
		"truncated":             {func(p []byte) []byte { return p[:47] }, errForeign.Error()},
		"another mark":          {func(p []byte) []byte { p[31]++; return p }, errForeign.Error()},
		"a request":             {func(p []byte) []byte { p[0] = 4<<3 | 3; return p }, errForeign.Error()},
		"a later version":       {func(p []byte) []byte { p[0] = 5<<3 | 4; return p }, "version 5, expected 1 to 4"},
		"not synchronised":      {func(p []byte) []byte { p[0] |= 3 << 6; return p }, "the server's own clock is not synchronised"},
		"stratum of an orphan":  {func(p []byte) []byte { p[1] = 16; return p }, "stratum 16, expected 1 to 15"},
		"kiss":                  {func(p []byte) []byte { p[1] = 0; copy(p[12:], "RATE"); return p }, "the server refuses: RATE"},
		"no time":               {func(p []byte) []byte { clear(p[40:]); return p }, "the answer tells no time"},
		"sent before it came":   {func(p []byte) []byte { put(p[40:], day.Add(-time.Second)); return p }, "sent 1s before it was received"},
		"far from its own root": {func(p []byte) []byte { p[9] = 3; return p }, "3.25s from its own source, expected less than 3s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if _, err := parse(test.change(reply(7, day, day)), 7, day); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Whatever the offset, the delays of both ways and the server's own time, the true
// offset lies within the error that is told.
func TestTheTrueOffsetLiesWithinTheError(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		span := func(name string) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, name))
		}
		offset := time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "offset"))
		there, kept, back := span("there"), span("kept"), span("back")
		sent := time.Now()
		came := sent.Add(there + kept + back)
		received := sent.Add(there - offset)
		got, err := compare(answer{received: received.Round(0), sent: received.Add(kept).Round(0)}, sent, came)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := (got.Offset - offset).Abs(); wrong > got.MaxError+time.Nanosecond {
			t.Fatalf("offset %s told as %s within %s", offset, got.Offset, got.MaxError)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(reply(7, day, day))
	f.Add([]byte("no packet"))
	kiss := reply(7, day, day)
	kiss[1] = 0
	copy(kiss[12:], "DENY")
	f.Add(kiss)
	f.Fuzz(func(t *testing.T, p []byte) {
		a, err := parse(p, 7, day)
		var kiss Kiss
		switch {
		case errors.As(err, &kiss):
			if len(kiss) > 4 {
				t.Fatalf("a code of %d letters", len(kiss))
			}
		case err == nil:
			if a.sent.Before(a.received) || a.rootDelay/2+a.rootDispersion >= maxDistance || a.sent.Sub(day).Abs() > 69*366*24*time.Hour {
				t.Fatalf("accepted %+v", a)
			}
		}
	})
}

package throughput

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigie/probe"
)

// Direction is which way octets go, seen from here.
type Direction string

// The directions, in the words of iperf3.
const (
	Forward Direction = "forward" // to the far end
	Reverse Direction = "reverse" // from it
)

// Bounds are what one flow may use at most.
type Bounds struct {
	// Duration is the time that is measured, after SlowStart, which is left out.
	Duration, SlowStart time.Duration
	// Streams are TCP connections side by side: one alone seldom fills a fast link.
	Streams int
	// BitsPerSecond of TCP payload, all streams together, and Octets of it with the slow
	// start. Where the rate would use the octets up before the end, the end is sooner.
	BitsPerSecond, Octets int64
}

// The limits of what may be asked for.
const (
	ShortestTest = 2 * time.Second
	LongestTest  = 60 * time.Second
	MostStreams  = 32
	LeastRate    = int64(100_000) // bits per second
	MostRate     = int64(100_000_000_000)
)

// Validate names the first bound that cannot work.
func (b Bounds) Validate() error {
	switch {
	case b.Duration < ShortestTest || b.Duration > LongestTest:
		return fmt.Errorf("duration: %s, expected %s to %s", b.Duration, ShortestTest, LongestTest)
	case b.SlowStart < 0 || b.SlowStart > b.Duration:
		return fmt.Errorf("slow start: %s, expected 0 to the duration", b.SlowStart)
	case b.Streams < 1 || b.Streams > MostStreams:
		return fmt.Errorf("streams: %d, expected 1 to %d", b.Streams, MostStreams)
	case b.BitsPerSecond < LeastRate || b.BitsPerSecond > MostRate:
		return fmt.Errorf("rate: %d bit/s, expected %d to %d", b.BitsPerSecond, LeastRate, MostRate)
	case b.BitsPerSecond/int64(b.Streams) < LeastRate:
		return fmt.Errorf("rate: %d bit/s for %d streams, expected at least %d each", b.BitsPerSecond, b.Streams, LeastRate)
	case b.Octets <= 0:
		return fmt.Errorf("octets: %d, expected more than 0", b.Octets)
	case b.fitted().Duration < ShortestTest:
		return fmt.Errorf("octets: %d, expected at least %d, for %s at %d bit/s", b.Octets,
			int64(b.octetsPerSecond()*(ShortestTest+b.SlowStart).Seconds()/usable)+1, ShortestTest+b.SlowStart, b.BitsPerSecond)
	}
	return nil
}

func (b Bounds) octetsPerSecond() float64 { return float64(b.BitsPerSecond) / 8 }

// usable is the part of the octets that a duration is fitted to: what waits in buffers
// when the end comes has been sent too.
const usable = 0.95

// fitted shortens the duration, to whole seconds, to what the octets allow.
func (b Bounds) fitted() Bounds {
	allowed := time.Duration(float64(b.Octets) * usable / b.octetsPerSecond() * float64(time.Second))
	b.Duration = min(b.Duration, allowed-b.SlowStart).Truncate(time.Second)
	return b
}

// Affordable is the rate at which the octets last for the whole of slow start and
// duration, in bits per second.
func (b Bounds) Affordable() int64 {
	return int64(float64(b.Octets) * 8 * usable / (b.SlowStart + b.Duration).Seconds())
}

// Failure is why a flow has no figure.
type Failure struct {
	Reason probe.NotRun
	Detail string // in the words of whoever refused
}

func (f *Failure) Error() string {
	if f.Detail == "" {
		return string(f.Reason)
	}
	return string(f.Reason) + ": " + f.Detail
}

func failed(reason probe.NotRun, format string, args ...any) *Failure {
	// It may be the far end's, which says what it likes.
	detail := strings.ReplaceAll(fmt.Sprintf(format, args...), "\x00", "?")
	return &Failure{Reason: reason, Detail: strings.ToValidUTF8(detail[:min(len(detail), maxDetail)], "?")}
}

// maxDetail bounds a detail, in octets.
const maxDetail = 400

// ended is the failure of a flow whose context ended: the cause is a Failure where
// something of ours stopped it.
func ended(ctx context.Context) *Failure {
	var f *Failure
	if errors.As(context.Cause(ctx), &f) {
		return f
	}
	return &Failure{Reason: probe.Interrupted}
}

// Client measures one way to one far end.
type Client interface {
	// Method and Server say how and against whom.
	Method() probe.ThroughputMethod
	Server() string
	// Flow measures one direction within the bounds, and tells progress, which may be
	// nil, what went so far. The error is a *Failure or that of bounds that cannot work.
	Flow(ctx context.Context, d Direction, b Bounds, progress func(Progress)) (probe.Flow, error)
}

// Progress is how far a flow has come.
type Progress struct {
	Direction Direction
	Since     time.Duration // the beginning, slow start included
	Octets    int64         // 0 where the method does not tell before its end
}

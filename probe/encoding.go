package probe

import (
	"encoding/binary"
	"fmt"
	"time"
)

// The encoding of a batch: one version octet, then unsigned and zig-zag varints
// (encoding/binary). Times of rounds are microseconds after the cycle's start,
// so that a round of five echoes takes about twenty octets. Version 2 added the
// polls at the end and the kinds Demarcation and Router; version 3 what came twice or
// in another order, the kinds of refused replies, the clock and the reports. The older
// ones are still read, because batches are stored.
const (
	encodingVersion = 3
	oldestEncoding  = 1
	// The bounds refuse a damaged batch before it asks for memory.
	maxProber       = 255
	maxObservations = 1 << 20
	maxEchoes       = 1 << 10
	maxCount        = 1 << 40
	maxMicros       = 1 << 40 // of a span of time, 12 days: it fits a time.Duration
	maxInstant      = 1 << 57 // of an instant, the year 6537: it fits a timestamptz
	// shortestObservation is that without an echo, in octets: kind, target, time and number.
	shortestObservation = 4
	loaded              = 0x80 // of the octet of a kind: Observation.Loaded, from version 3 on
	continues           = 0x02 // of the octet of Batch.Last: Batch.Continues
)

// MarshalBinary encodes the batch. It fails on a prober's name, or another text,
// longer than 255 octets, on a round of more than 1,024 echoes, and on a report that is
// not valid.
func (b Batch) MarshalBinary() ([]byte, error) {
	if len(b.Prober) > maxProber {
		return nil, fmt.Errorf("encode batch: prober name has %d octets, at most %d are expected", len(b.Prober), maxProber)
	}
	out := make([]byte, 0, 64+24*len(b.Observations))
	out = append(out, encodingVersion, byte(len(b.Prober)))
	out = append(out, b.Prober...)
	out = binary.AppendUvarint(out, b.Seq)
	out = binary.AppendVarint(out, b.Cycle.UnixMicro())
	out = binary.AppendUvarint(out, uint64(b.CycleLength.Microseconds()))
	out = append(out, bit(b.Last)|bit(b.Continues)*continues)
	for _, n := range b.Quality.counts() {
		out = binary.AppendUvarint(out, uint64(*n))
	}
	out = binary.AppendVarint(out, b.Quality.WorstLag.Microseconds())
	out = binary.AppendVarint(out, b.Quality.Lag95.Microseconds())
	out, err := b.Quality.Clock.append(out)
	if err != nil {
		return nil, err
	}
	out = binary.AppendUvarint(out, uint64(b.Planned))
	out = binary.AppendUvarint(out, uint64(len(b.Observations)))
	for _, o := range b.Observations {
		if len(o.RTTMicros) > maxEchoes {
			return nil, fmt.Errorf("encode batch: round of %s %d has %d echoes, at most %d are expected", o.Kind, o.Target, len(o.RTTMicros), maxEchoes)
		}
		out = append(out, byte(o.Kind)|bit(o.Loaded)*loaded)
		out = binary.AppendVarint(out, o.Target)
		out = binary.AppendVarint(out, o.At.Sub(b.Cycle).Microseconds())
		out = binary.AppendUvarint(out, uint64(len(o.RTTMicros)))
		for _, rtt := range o.RTTMicros {
			out = binary.AppendVarint(out, int64(rtt))
		}
		out = binary.AppendUvarint(out, uint64(o.Duplicates))
		out = binary.AppendUvarint(out, uint64(o.Reordered))
	}
	if out, err = b.appendPolls(out); err != nil {
		return nil, err
	}
	return b.appendReports(out)
}

// UnmarshalBinary decodes what MarshalBinary wrote. It refuses another version,
// a truncated or over-long batch, and values outside their range.
func (b *Batch) UnmarshalBinary(data []byte) error {
	r := reader{rest: data}
	r.version = r.octet()
	if r.err == nil && (r.version < oldestEncoding || r.version > encodingVersion) {
		return fmt.Errorf("decode batch: version %d, expected %d to %d", r.version, oldestEncoding, encodingVersion)
	}
	var d Batch
	d.Prober = string(r.take(int(r.octet())))
	d.Seq = r.uvarint()
	d.Cycle = time.UnixMicro(r.within(maxInstant)).UTC()
	d.CycleLength = time.Duration(r.bounded(maxMicros)) * time.Microsecond
	pieces := r.bounded(1 | continues)
	d.Last, d.Continues = pieces&1 == 1, pieces&continues != 0
	r.quality(&d.Quality)
	d.Planned = int(r.bounded(maxObservations))
	count := r.bounded(min(maxObservations, uint64(len(r.rest))))
	if count > 0 {
		d.Observations = make([]Observation, 0, min(int(count), len(r.rest)/shortestObservation))
	}
	for i := uint64(0); i < count && r.err == nil; i++ {
		d.Observations = append(d.Observations, r.observation(d.Cycle))
	}
	if r.version > 1 {
		d.Polls = r.polls(d.Cycle)
	}
	if r.version > 2 {
		d.Reports = r.reports(d.Cycle)
	}
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d octets after the end", len(r.rest))
	}
	if r.err != nil {
		return fmt.Errorf("decode batch: %w", r.err)
	}
	*b = d
	return nil
}

// counts lists the counters in the order of the encoding.
func (q *Quality) counts() [11]*int {
	return [11]*int{&q.Unsent, &q.Void, &q.Dropped, &q.Unstamped, &q.Malformed, &q.Forged, &q.Duplicate, &q.Late, &q.Overrun, &q.Gap, &q.Errands}
}

// quality reads the quality. Before version 3 the replies refused were one number,
// whatever the reason: it is left.
func (r *reader) quality(q *Quality) {
	counts := q.counts()
	fields := counts[:]
	if r.version < 3 {
		fields = []*int{&q.Unsent, &q.Void, &q.Dropped, new(int), &q.Gap}
	}
	for _, n := range fields {
		*n = int(r.bounded(maxCount))
	}
	q.WorstLag = r.micros()
	if r.version > 2 {
		q.Lag95 = r.micros()
		q.Clock = r.clock()
	}
}

func (c Clock) append(out []byte) ([]byte, error) {
	if len(c.Source) > maxText {
		return nil, fmt.Errorf("encode batch: source of the clock has %d octets, at most %d are expected", len(c.Source), maxText)
	}
	out = append(appendText(out, c.Source), bit(c.Synchronised))
	out = binary.AppendVarint(out, c.Offset.Microseconds())
	return binary.AppendVarint(out, c.MaxError.Microseconds()), nil
}

func (r *reader) clock() Clock {
	return Clock{Source: r.text(), Synchronised: r.bounded(1) == 1, Offset: r.micros(), MaxError: r.micros()}
}

func (r *reader) micros() time.Duration { return time.Duration(r.within(maxMicros)) * time.Microsecond }

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// reader takes values off a batch; after the first error all of them are zero.
type reader struct {
	version byte
	rest    []byte
	times   []int32 // room that is not given yet, see room
	err     error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.rest = nil
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.fail("truncated: %d octets left, %d expected", len(r.rest), n)
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) octet() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail("truncated or over-long number")
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail("truncated or over-long number")
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) bounded(limit uint64) uint64 {
	v := r.uvarint()
	if v > limit {
		r.fail("number %d, at most %d is expected", v, limit)
		return 0
	}
	return v
}

// within reads a signed number of at most that magnitude.
func (r *reader) within(limit int64) int64 {
	v := r.varint()
	if v < -limit || v > limit {
		r.fail("number %d, expected %d to %d", v, -limit, limit)
		return 0
	}
	return v
}

// room gives a round its times. Those of many rounds lie in one piece of memory: each for
// itself would cost more than all the rest of reading a batch.
func (r *reader) room(echoes int) []int32 {
	const piece = 8192
	if len(r.times) < echoes {
		r.times = make([]int32, max(echoes, min(piece, len(r.rest))))
	}
	taken := r.times[:echoes:echoes]
	r.times = r.times[echoes:]
	return taken
}

func (r *reader) observation(cycle time.Time) Observation {
	o := Observation{Kind: Kind(r.octet())}
	if r.version > 2 {
		o.Loaded, o.Kind = o.Kind&loaded != 0, o.Kind&^loaded
	}
	if r.err == nil && (o.Kind < Link || o.Kind > Router) {
		r.fail("target kind %d, expected %d to %d", o.Kind, Link, Router)
	}
	o.Target = r.varint()
	o.At = cycle.Add(time.Duration(r.within(maxMicros)) * time.Microsecond)
	if echoes := int(r.bounded(maxEchoes)); echoes > 0 {
		o.RTTMicros = r.room(echoes)
	}
	for i := range o.RTTMicros {
		rtt := r.varint()
		if rtt < int64(Lost) || rtt > 1<<31-1 {
			r.fail("round-trip time of %d µs, expected %d to %d", rtt, Lost, 1<<31-1)
		}
		if r.err != nil {
			return o
		}
		o.RTTMicros[i] = int32(rtt)
	}
	if r.version > 2 {
		o.Duplicates, o.Reordered = int(r.bounded(maxCount)), int(r.bounded(maxEchoes))
	}
	return o
}

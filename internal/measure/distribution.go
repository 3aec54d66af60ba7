package measure

import (
	"fmt"
	"math/bits"
	"slices"
)

// Distribution says how many echoes took how long. Delays fall into buckets: one a
// microsecond below 256 µs, above it 128 to each doubling, so that none is wider than
// 0.8 % of its delays and a delay read back is at most 0.4 % off. Lost echoes are
// counted beside them, as infinite delays (RFC 2681).
//
// The zero value holds nothing. A copy shares its counts: what is added to one of two
// copies leaves the other undefined.
type Distribution struct {
	Lost     int64
	received int64
	// counts begins with the bucket first; neither its first nor its last is 0.
	first  int
	counts []uint32
}

const (
	// halfOctave is the number of buckets in a doubling, and where they begin to be
	// wider than a microsecond when doubled.
	halfOctave   = 128
	mantissaBits = 8 // of a delay: its upper bits that tell its bucket
	buckets      = (31-mantissaBits)*halfOctave + 2*halfOctave
)

// bucketOf gives the bucket of a delay of 0 or more.
func bucketOf(micros int32) int {
	shift := max(bits.Len32(uint32(micros))-mantissaBits, 0)
	return halfOctave*shift + int(micros>>shift)
}

// middleOf gives the delay in the middle of a bucket, rounded down.
func middleOf(bucket int) int32 {
	shift := max(bucket/halfOctave-1, 0)
	low := int64(bucket-halfOctave*shift) << shift
	return int32(low + (int64(1)<<shift-1)/2)
}

// Add counts echoes of one delay in microseconds, 0 or more.
func (d *Distribution) Add(micros int32, echoes uint32) {
	if echoes == 0 {
		return
	}
	at := bucketOf(micros)
	d.reach(at, at+1)
	d.counts[at-d.first] += echoes
	d.received += int64(echoes)
}

// addSorted counts an echo for each of some delays in ascending order, with room made
// once.
func (d *Distribution) addSorted(micros []int32) {
	if len(micros) == 0 {
		return
	}
	d.reach(bucketOf(micros[0]), bucketOf(micros[len(micros)-1])+1)
	for _, delay := range micros {
		d.counts[bucketOf(delay)-d.first]++
	}
	d.received += int64(len(micros))
}

// reach makes room for the buckets [from, to).
func (d *Distribution) reach(from, to int) {
	if len(d.counts) == 0 {
		d.first, d.counts = from, make([]uint32, to-from)
		return
	}
	if to > d.first+len(d.counts) {
		d.counts = append(d.counts, make([]uint32, to-d.first-len(d.counts))...)
	}
	if from < d.first {
		d.counts = append(make([]uint32, d.first-from), d.counts...)
		d.first = from
	}
}

// Merge adds what another distribution holds, which stays as it is. It is the same
// whether echoes are added one by one or distributions of them are merged, in any
// order.
func (d *Distribution) Merge(other Distribution) {
	d.Lost += other.Lost
	if other.received == 0 {
		return
	}
	d.reach(other.first, other.first+len(other.counts))
	into := d.counts[other.first-d.first:]
	for i, n := range other.counts {
		into[i] += n
	}
	d.received += other.received
}

// Sent is the number of echoes, the lost ones included.
func (d Distribution) Sent() int64 { return d.received + d.Lost }

// Received is the number of those that came back.
func (d Distribution) Received() int64 { return d.received }

// At is the nearest rank quantile of the echoes sent, in microseconds; Undefined when
// its rank falls on a lost echo, or there is none.
func (d Distribution) At(q Quantile) int32 {
	if d.Sent() == 0 {
		return Undefined
	}
	return d.place(int64(rank(int(d.Sent()), q)))
}

// ReceivedAt is the nearest rank quantile of the echoes that came back; Undefined when
// none did.
func (d Distribution) ReceivedAt(q Quantile) int32 {
	if d.received == 0 {
		return Undefined
	}
	return d.place(int64(rank(int(d.received), q)))
}

// place is the delay at a place in ascending order, counted from 0.
func (d Distribution) place(at int64) int32 {
	for i, n := range d.counts {
		if at -= int64(n); at < 0 {
			return middleOf(d.first + i)
		}
	}
	return Undefined
}

// Equal reports whether two distributions hold the same.
func (d Distribution) Equal(other Distribution) bool {
	return d.Lost == other.Lost && (len(d.counts) == 0 || d.first == other.first) && slices.Equal(d.counts, other.counts)
}

// String sums the distribution up for a log or a failing test.
func (d Distribution) String() string {
	return fmt.Sprintf("%d received, %d lost, median %d µs", d.received, d.Lost, d.At(Median))
}

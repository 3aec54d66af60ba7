package measure

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// bitWriter appends numbers bit by bit, the upper bit of an octet first.
type bitWriter struct {
	out     []byte
	pending uint64 // the last held bits of it are not in out yet
	held    int    // below 8 between two calls
}

// put appends the lower width bits of v; width is at most 48.
func (w *bitWriter) put(v uint64, width int) {
	w.pending = w.pending<<width | v&(1<<width-1)
	w.held += width
	for w.held >= 8 {
		w.held -= 8
		w.out = append(w.out, byte(w.pending>>w.held))
	}
}

// golomb appends v as an exponential Golomb code of an order: short where v is near or
// below 2^order, and never long.
func (w *bitWriter) golomb(v uint64, order int) {
	u := v>>order + 1
	width := bits.Len64(u)
	w.put(0, width-1)
	w.put(u, width)
	w.put(v, order)
}

// finish fills the last octet with zeros.
func (w *bitWriter) finish() []byte {
	if w.held > 0 {
		w.put(0, 8-w.held)
	}
	return w.out
}

// bitReader reads what a bitWriter wrote; after the first error all numbers are 0.
type bitReader struct {
	data []byte
	at   int // bits read
	err  error
}

var errBits = errors.New("truncated, or a number too large")

// peek gives the next bits from the top, 57 of them or all there are, and zeros behind.
func (r *bitReader) peek() uint64 {
	from := r.at / 8
	if from+8 <= len(r.data) {
		return binary.BigEndian.Uint64(r.data[from:]) << (r.at % 8)
	}
	var last [8]byte
	copy(last[:], r.data[min(from, len(r.data)):])
	return binary.BigEndian.Uint64(last[:]) << (r.at % 8)
}

// pass counts bits as read; false behind the end.
func (r *bitReader) pass(width int) bool {
	r.at += width
	if r.at > 8*len(r.data) {
		r.fail()
	}
	return r.err == nil
}

func (r *bitReader) fail() { r.err, r.data, r.at = errBits, nil, 0 }

// take reads width bits, at most 48.
func (r *bitReader) take(width int) uint64 {
	v := r.peek() >> (64 - width)
	if !r.pass(width) {
		return 0
	}
	return v
}

// golomb reads an exponential Golomb code of an order, at most 15.
func (r *bitReader) golomb(order int) uint64 {
	next := r.peek()
	zeros := bits.LeadingZeros64(next)
	if zeros > 40 {
		r.fail()
		return 0
	}
	if width := 2*zeros + 1 + order; width <= 57 {
		u := next << zeros >> (63 - zeros - order)
		if !r.pass(width) {
			return 0
		}
		return u - 1<<order
	}
	if !r.pass(zeros) {
		return 0
	}
	u, low := r.take(zeros+1), r.take(order)
	if r.err != nil {
		return 0
	}
	return (u-1)<<order | low
}

// finished reports whether only the zeros that fill the last octet are left.
func (r *bitReader) finished() bool {
	return r.err == nil && 8*len(r.data)-r.at < 8 && r.peek() == 0
}

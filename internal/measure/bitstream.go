package measure

import (
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
	rest    []byte
	pending uint64 // its last held bits are next
	held    int
	err     error
}

var errBits = errors.New("truncated, or a number too large")

// fill makes 48 bits ready, or all there are.
func (r *bitReader) fill() {
	for r.held <= 48 && len(r.rest) > 0 {
		r.pending = r.pending<<8 | uint64(r.rest[0])
		r.rest = r.rest[1:]
		r.held += 8
	}
}

// take reads width bits, at most 48.
func (r *bitReader) take(width int) uint64 {
	r.fill()
	if width > r.held {
		r.err, r.rest, r.held = errBits, nil, 0
		return 0
	}
	r.held -= width
	return r.pending >> r.held & (1<<width - 1)
}

// golomb reads an exponential Golomb code of an order.
func (r *bitReader) golomb(order int) uint64 {
	r.fill()
	zeros := bits.LeadingZeros64(r.pending << (64 - r.held))
	if r.held == 0 || zeros >= r.held || zeros > 40 {
		r.err, r.rest, r.held = errBits, nil, 0
		return 0
	}
	r.held -= zeros
	u, low := r.take(zeros+1), r.take(order)
	if r.err != nil {
		return 0
	}
	return (u-1)<<order | low
}

// finished reports whether only the zeros that fill the last octet are left.
func (r *bitReader) finished() bool {
	return r.err == nil && len(r.rest) == 0 && r.held < 8 && r.pending&(1<<r.held-1) == 0
}

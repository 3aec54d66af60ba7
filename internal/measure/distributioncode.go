package measure

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// The encoding of distributions: a version octet, then bits, the last octet filled with
// zeros. A distribution is its lost echoes, the number of its buckets that hold any,
// and unless that is 0 the first of them (12 bits), an order for the gaps and one for
// the counts (4 bits each), and for each bucket the empty ones before it (not for the
// first) and its echoes less one. Numbers are exponential Golomb codes, as video
// streams use them: of order 0 for the lost, 4 for the number of buckets, and of those
// orders that suit the gaps and counts. Ten echoes of a minute take some 17 octets, an
// hour of thousands under one for each bucket.
const (
	distributionVersion = 1
	firstWidth          = 12
	orderWidth          = 4
	maxLost             = 1 << 40
	lostOrder           = 0
	usedOrder           = 4
)

// MarshalBinary encodes the distribution. It never fails.
func (d Distribution) MarshalBinary() ([]byte, error) {
	w := bitWriter{out: make([]byte, 1, 24+len(d.counts))}
	w.out[0] = distributionVersion
	d.write(&w)
	return w.finish(), nil
}

// UnmarshalBinary reads what MarshalBinary wrote. It refuses another version, what is
// truncated or too long, and buckets that there are not.
func (d *Distribution) UnmarshalBinary(data []byte) error {
	r, err := newDistributionReader(data)
	if err != nil {
		return fmt.Errorf("decode a distribution of delays: %w", err)
	}
	read, err := readDistribution(r, &room{})
	if err != nil {
		return fmt.Errorf("decode a distribution of delays: %w", err)
	}
	if !r.finished() {
		return fmt.Errorf("decode a distribution of delays: %d octets: expected fewer", len(data))
	}
	*d = read
	return nil
}

func newDistributionReader(data []byte) (*bitReader, error) {
	if len(data) == 0 || data[0] != distributionVersion {
		return nil, fmt.Errorf("%d octets that begin with % x, expected version %d", len(data), data[:min(len(data), 1)], distributionVersion)
	}
	return &bitReader{data: data[1:]}, nil
}

// write appends the distribution without its version.
func (d Distribution) write(w *bitWriter) {
	w.golomb(uint64(d.Lost), lostOrder)
	used := 0
	for _, n := range d.counts {
		if n > 0 {
			used++
		}
	}
	w.golomb(uint64(used), usedOrder)
	if used == 0 {
		return
	}
	gaps, counts := d.orders(used)
	w.put(uint64(d.first), firstWidth)
	w.put(uint64(gaps), orderWidth)
	w.put(uint64(counts), orderWidth)
	d.each(func(gap, more uint64, first bool) {
		if !first {
			w.golomb(gap, gaps)
		}
		w.golomb(more, counts)
	})
}

// each gives for every bucket that holds any the empty ones before it and its echoes
// less one.
func (d Distribution) each(f func(gap, more uint64, first bool)) {
	gap := uint64(0)
	for i, n := range d.counts {
		if n == 0 {
			gap++
			continue
		}
		f(gap, uint64(n-1), i == 0)
		gap = 0
	}
}

// orders are those that suit gaps and counts: by the mean of their widths, which a few
// echoes far behind the others do not move.
func (d Distribution) orders(used int) (gaps, counts int) {
	d.each(func(gap, more uint64, _ bool) {
		gaps += bits.Len64(gap)
		counts += bits.Len64(more)
	})
	const most = 1<<orderWidth - 1
	return min(max(gaps/used-1, 0), most), min(max(counts/used-1, 0), most)
}

// room is where counts are put side by side as they are decoded; what it has behind its
// length is zeros.
type room []uint32

// extend makes a list of counts that lies at the end of the room longer by zeros.
func (r *room) extend(counts []uint32, by int) []uint32 {
	n := len(counts) + by
	if n > cap(counts) {
		counts = append(make([]uint32, 0, max(2*n, cap(*r))), counts...)
	}
	return counts[:n]
}

// readDistribution reads one distribution; its counts lie in the room.
func readDistribution(r *bitReader, in *room) (Distribution, error) {
	d := Distribution{Lost: int64(r.golomb(lostOrder))}
	used := r.golomb(usedOrder)
	if r.err != nil || used == 0 {
		return d, r.err
	}
	if d.Lost > maxLost || used > buckets {
		return d, fmt.Errorf("%d echoes lost and %d buckets, expected at most %d and %d", d.Lost, used, int64(maxLost), buckets)
	}
	d.first = int(r.take(firstWidth))
	gaps, counts := int(r.take(orderWidth)), int(r.take(orderWidth))
	list := (*in)[:0]
	for i := range used {
		var gap uint64
		if i > 0 {
			gap = r.golomb(gaps)
		}
		n := r.golomb(counts) + 1
		if r.err != nil {
			return d, r.err
		}
		if gap > buckets || d.first+len(list)+int(gap) >= buckets || n > math.MaxUint32 {
			return d, fmt.Errorf("%d echoes in the bucket %d: expected at most %d, and %d buckets", n, d.first+len(list)+int(gap), uint64(math.MaxUint32), buckets)
		}
		list = in.extend(list, int(gap)+1)
		list[len(list)-1] = uint32(n)
		d.received += int64(n)
	}
	// What is added to the distribution later must not run into the next.
	d.counts, *in = slices.Clip(list), list[len(list):]
	return d, nil
}

// countsAnOctet is about how many counts there are for each octet of their encoding.
const countsAnOctet = 4

// HourlyDelays are the distributions of the hours of one link in one UTC day.
type HourlyDelays [HoursADay]Distribution

// MarshalBinary encodes the hours, one after the other. It never fails.
func (h *HourlyDelays) MarshalBinary() ([]byte, error) {
	w := bitWriter{out: make([]byte, 1, 4096)}
	w.out[0] = distributionVersion
	for _, d := range h {
		d.write(&w)
	}
	return w.finish(), nil
}

// UnmarshalBinary reads what MarshalBinary wrote and refuses anything else.
func (h *HourlyDelays) UnmarshalBinary(data []byte) error {
	r, err := newDistributionReader(data)
	if err != nil {
		return fmt.Errorf("decode the delays of a day: %w", err)
	}
	var read HourlyDelays
	in := make(room, 0, countsAnOctet*len(data))
	for i := range read {
		if read[i], err = readDistribution(r, &in); err != nil {
			return fmt.Errorf("decode the delays of a day: hour %d: %w", i, err)
		}
	}
	if !r.finished() {
		return fmt.Errorf("decode the delays of a day: %d octets: expected fewer", len(data))
	}
	*h = read
	return nil
}

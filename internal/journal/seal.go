package journal

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// Seal covers the heads of every chain that moved since the seal before it.
type Seal struct {
	Day   time.Time // the calendar day it closes, at midnight UTC
	At    time.Time // when it was made
	Heads Hash      // sum of the covered heads
	Prev  Hash      // hash of the seal before; zero for the first
	Hash  Hash      // what is sent out; enough to detect any rewrite of what lies before
}

// NewSeal seals heads after the seal whose hash is prev. Only the calendar day of day counts, in
// day's own location. The order of heads does not matter; a day without any is sealed all the
// same, so that a missing seal shows.
func NewSeal(prev Hash, day, at time.Time, heads []Head) Seal {
	year, month, date := day.Date()
	s := Seal{
		Day:   time.Date(year, month, date, 0, 0, 0, 0, time.UTC),
		At:    at.UTC().Truncate(time.Microsecond),
		Heads: sumHeads(heads),
		Prev:  prev,
	}
	s.Hash = s.sum()
	return s
}

// SealBreak is the first daily seal that cannot be trusted.
type SealBreak struct {
	Day    time.Time
	Reason Reason
}

// Error names the day and the reason.
func (b *SealBreak) Error() string {
	return fmt.Sprintf("journal seal of %s: %s", b.Day.Format(time.DateOnly), b.Reason)
}

// Check tells whether s follows the seal whose hash is prev and covers exactly heads. Otherwise
// the error is a *SealBreak.
func (s Seal) Check(prev Hash, heads []Head) error {
	switch {
	case s.Prev != prev:
		return &SealBreak{Day: s.Day, Reason: Unlinked}
	case s.Heads != sumHeads(heads), s.Hash != s.sum():
		return &SealBreak{Day: s.Day, Reason: Altered}
	}
	return nil
}

func (s Seal) sum() Hash {
	b := field(nil, []byte("vigie.seal.1"))
	b = field(b, []byte(s.Day.Format(time.DateOnly)))
	b = binary.BigEndian.AppendUint64(b, uint64(s.At.UnixMicro()))
	b = append(b, s.Heads[:]...)
	b = append(b, s.Prev[:]...)
	return sha256.Sum256(b)
}

func sumHeads(heads []Head) Hash {
	sorted := slices.Clone(heads)
	slices.SortFunc(sorted, func(a, b Head) int {
		return cmp.Or(a.Chain.Compare(b.Chain), cmp.Compare(a.Seq, b.Seq))
	})
	b := field(nil, []byte("vigie.heads.1"))
	b = binary.BigEndian.AppendUint64(b, uint64(len(sorted)))
	for _, h := range sorted {
		b = field(b, []byte(h.Chain.Kind))
		b = field(b, []byte(h.Chain.ID))
		b = binary.BigEndian.AppendUint64(b, uint64(h.Seq))
		b = append(b, h.Hash[:]...)
	}
	return sha256.Sum256(b)
}

// Compare orders chains by kind, then by identifier, byte by byte.
func (c Chain) Compare(other Chain) int {
	return cmp.Or(cmp.Compare(c.Kind, other.Kind), cmp.Compare(c.ID, other.ID))
}

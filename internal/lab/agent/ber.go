package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Tags of the basic encoding rules (X.690) that SNMP uses.
const (
	tagInteger   = 0x02
	tagText      = 0x04
	tagNull      = 0x05
	tagOID       = 0x06
	tagSequence  = 0x30
	tagAddress   = 0x40
	tagCounter32 = 0x41
	tagGauge     = 0x42
	tagTicks     = 0x43
	tagCounter64 = 0x46

	tagNoSuchObject   = 0x80
	tagNoSuchInstance = 0x81
	tagEndOfView      = 0x82
)

var errTruncated = errors.New("shorter than it says")

// reader takes encoded values off a message.
type reader struct{ rest []byte }

// next takes one value off.
func (r *reader) next() (tag byte, content []byte, err error) {
	if len(r.rest) < 2 {
		return 0, nil, errTruncated
	}
	tag = r.rest[0]
	length, header := int(r.rest[1]), 2
	if length >= 0x80 {
		octets := length & 0x7f
		if octets < 1 || octets > 3 || len(r.rest) < 2+octets {
			return 0, nil, fmt.Errorf("length in %d octets, want 1 to 3 that are there", octets)
		}
		length = 0
		for _, octet := range r.rest[2 : 2+octets] {
			length = length<<8 | int(octet)
		}
		header += octets
	}
	if len(r.rest)-header < length {
		return 0, nil, errTruncated
	}
	content = r.rest[header : header+length]
	r.rest = r.rest[header+length:]
	return tag, content, nil
}

// take takes one value of a tag off.
func (r *reader) take(want byte) ([]byte, error) {
	tag, content, err := r.next()
	if err != nil {
		return nil, err
	}
	if tag != want {
		return nil, fmt.Errorf("tag %#x, want %#x", tag, want)
	}
	return content, nil
}

// integer takes a whole number of at most four octets off.
func (r *reader) integer() (int32, error) {
	content, err := r.take(tagInteger)
	if err != nil {
		return 0, err
	}
	if len(content) < 1 || len(content) > 4 {
		return 0, fmt.Errorf("integer of %d octets, want 1 to 4", len(content))
	}
	n := int32(int8(content[0]))
	for _, octet := range content[1:] {
		n = n<<8 | int32(octet)
	}
	return n, nil
}

// oid takes an object identifier off.
func (r *reader) oid() (OID, error) {
	content, err := r.take(tagOID)
	if err != nil {
		return nil, err
	}
	if len(content) == 0 {
		return nil, errors.New("object identifier of no octets")
	}
	var numbers []uint64
	var number uint64
	for _, octet := range content {
		if number = number<<7 | uint64(octet&0x7f); number > math.MaxUint32+80 {
			return nil, errors.New("object identifier with a number above 32 bits")
		}
		if octet&0x80 == 0 {
			numbers, number = append(numbers, number), 0
		}
	}
	if content[len(content)-1]&0x80 != 0 {
		return nil, errTruncated
	}
	// The first octets hold two numbers: 40 times the first plus the second.
	root := min(numbers[0]/40, 2)
	id := OID{uint32(root), uint32(numbers[0] - 40*root)}
	for _, n := range numbers[1:] {
		if n > math.MaxUint32 {
			return nil, errors.New("object identifier with a number above 32 bits")
		}
		id = append(id, uint32(n))
	}
	return id, nil
}

// appendValue appends a value with its tag and length.
func appendValue(message []byte, tag byte, content []byte) []byte {
	message = append(message, tag)
	switch n := len(content); {
	case n < 0x80:
		message = append(message, byte(n))
	case n <= math.MaxUint8:
		message = append(message, 0x81, byte(n))
	default: // a datagram holds no more
		message = append(message, 0x82, byte(n>>8), byte(n))
	}
	return append(message, content...)
}

// appendInteger appends a signed number in its fewest octets.
func appendInteger(message []byte, n int64) []byte {
	octets := binary.BigEndian.AppendUint64(nil, uint64(n))
	for len(octets) > 1 && (octets[0] == 0 && octets[1] < 0x80 || octets[0] == 0xff && octets[1] >= 0x80) {
		octets = octets[1:]
	}
	return appendValue(message, tagInteger, octets)
}

// appendUnsigned appends an unsigned number in its fewest octets, never negative.
func appendUnsigned(message []byte, tag byte, n uint64) []byte {
	octets := append([]byte{0}, binary.BigEndian.AppendUint64(nil, n)...)
	for len(octets) > 1 && octets[0] == 0 && octets[1] < 0x80 {
		octets = octets[1:]
	}
	return appendValue(message, tag, octets)
}

// appendOID appends an object identifier of at least two numbers.
func appendOID(message []byte, id OID) []byte {
	content := appendBase128(nil, uint64(id[0])*40+uint64(id[1]))
	for _, n := range id[2:] {
		content = appendBase128(content, uint64(n))
	}
	return appendValue(message, tagOID, content)
}

func appendBase128(content []byte, n uint64) []byte {
	shift := 0
	for n>>shift >= 0x80 {
		shift += 7
	}
	for ; shift > 0; shift -= 7 {
		content = append(content, byte(n>>shift)|0x80)
	}
	return append(content, byte(n)&0x7f)
}

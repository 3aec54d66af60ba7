package stamp

import (
	"crypto/hmac"
	"encoding/binary"
)

// Extensions (RFC 8972, 4): flags 1 octet, type 1, length 2, value. The reflector
// raises and lowers the flags; a sender sends flagUnrecognised alone.
const (
	flagUnrecognised = 0x80 // U: not understood
	flagMalformed    = 0x40 // M: the length is wrong; nothing behind it was read
	flagIntegrity    = 0x20 // I: the HMAC does not agree; nothing was used

	typeReserved = 0
	typePadding  = 1
	typeCoS      = 4
	typeMAC      = 8

	tlvHeader = 4
	cosSize   = 4
)

// extension is a TLV in place, with where it stands in the octets walked.
type extension struct {
	octets []byte // header and value
	at     int
}

func (e extension) flags() byte   { return e.octets[0] }
func (e extension) kind() byte    { return e.octets[1] }
func (e extension) value() []byte { return e.octets[tlvHeader:] }

// mayHave reports whether the value has a length that its type allows.
func (e extension) mayHave() bool {
	switch e.kind() {
	case typeCoS:
		return len(e.value()) == cosSize
	case typeMAC:
		return len(e.value()) == macSize
	}
	return true
}

func (e extension) known() bool {
	return e.kind() == typePadding || e.kind() == typeCoS || e.kind() == typeMAC
}

// walk finds the extensions behind a base packet. It ends at one whose length is
// wrong, which it returns apart with the octets that are there, and at what no sender
// of extensions writes: type 0, or fewer octets than a header. Those are the plain
// padding of TWAMP.
func walk(behind []byte) (found []extension, malformed *extension) {
	for at := 0; len(behind)-at >= tlvHeader && behind[at+1] != typeReserved; {
		end := at + tlvHeader + int(binary.BigEndian.Uint16(behind[at+2:]))
		e := extension{octets: behind[at:min(end, len(behind))], at: at}
		if end > len(behind) || !e.mayHave() {
			return found, &e
		}
		found = append(found, e)
		at = end
	}
	return found, nil
}

// intact verifies the HMAC over the extensions: it covers the sequence number of the
// packet and all extensions before it, and only padding may follow it. Without one,
// extensions are intact when no key asks for it, or when there is nothing but padding
// (RFC 8972, 4.8).
func intact(packet, behind, key []byte, found []extension) bool {
	var mac *extension
	needed := false
	for i := range found {
		switch kind := found[i].kind(); {
		case kind == typePadding:
		case mac != nil: // neither a second HMAC nor anything else may follow one
			return false
		case kind == typeMAC:
			mac = &found[i]
		default:
			needed = len(key) > 0
		}
	}
	if mac == nil {
		return !needed
	}
	return len(key) > 0 && hmac.Equal(mark(key, packet[:4], behind[:mac.at]), mac.value())
}

// appendTLV adds an extension as a sender does.
func appendTLV(packet []byte, kind byte, value []byte) []byte {
	packet = append(packet, flagUnrecognised, kind)
	packet = binary.BigEndian.AppendUint16(packet, uint16(len(value)))
	return append(packet, value...)
}

// classOfService is the value of a CoS extension (RFC 8972, 4.4): the DSCP wanted on
// the way back, DSCP and ECN with which the request came, and whether the reflector
// refused the former.
type classOfService struct {
	back, came, ecn uint8
	refused         bool
}

func readCoS(value []byte) classOfService {
	bits := binary.BigEndian.Uint16(value)
	return classOfService{
		back: uint8(bits >> 10), came: uint8(bits>>4) & 0x3f,
		ecn: uint8(bits>>2) & 3, refused: bits&3 != 0,
	}
}

func (c classOfService) put(value []byte) {
	bits := uint16(c.back)<<10 | uint16(c.came&0x3f)<<4 | uint16(c.ecn&3)<<2
	if c.refused {
		bits |= 1
	}
	binary.BigEndian.PutUint16(value, bits)
	clear(value[2:cosSize])
}

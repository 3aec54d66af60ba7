package icmp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Layout of a message (RFC 792, echo): 8 bytes of header, then our payload: the
// serial number of the round, the place of the echo in it, and the mark. It has
// the 64 bytes of an ordinary ping.
const (
	messageLen   = 64
	serialAt     = 8
	indexAt      = 12
	markAt       = 16
	typeReply    = 0
	typeRequest  = 8
	ipHeaderLen  = 20
	ipVersionAt  = 0
	ipProtocolAt = 9
	protocolICMP = 1
)

// name identifies an echo of this engine.
type name struct {
	serial uint32
	index  uint8
}

// seal makes and checks the marks that tie a message to this engine, to one of
// its echoes and to the address asked: an AES block keyed at random, so nobody
// who has not seen the request can make its reply.
type seal struct {
	block       cipher.Block
	plain, mark [aes.BlockSize]byte
}

func newSeal() (*seal, error) {
	var key [16]byte
	rand.Read(key[:]) // never fails (crypto/rand)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("icmp: make the key of the marks: %w", err)
	}
	return &seal{block: block}, nil
}

// of returns the mark of an echo; it is valid until the next call.
func (s *seal) of(n name, addr netip.Addr) []byte {
	ip := addr.As4()
	binary.BigEndian.PutUint32(s.plain[0:], n.serial)
	s.plain[4] = n.index
	copy(s.plain[8:], ip[:])
	s.block.Encrypt(s.mark[:], s.plain[:])
	return s.mark[:]
}

// check reports whether message carries the mark of its name for addr; it never
// does for an address that is not IPv4.
func (s *seal) check(message []byte, n name, addr netip.Addr) bool {
	return addr.Is4() && subtle.ConstantTimeCompare(message[markAt:markAt+aes.BlockSize], s.of(n, addr)) == 1
}

// request writes the echo request into message, which has messageLen bytes.
func (s *seal) request(message []byte, identifier, sequence uint16, n name, addr netip.Addr) {
	clear(message)
	message[0] = typeRequest
	binary.BigEndian.PutUint16(message[4:], identifier)
	binary.BigEndian.PutUint16(message[6:], sequence)
	binary.BigEndian.PutUint32(message[serialAt:], n.serial)
	message[indexAt] = n.index
	copy(message[markAt:], s.of(n, addr))
	binary.BigEndian.PutUint16(message[2:], checksum(message))
}

// parseReply reads an echo reply of ours by its form; the mark is not checked.
// It refuses a message of another length, type or identifier and one whose
// checksum is wrong.
func parseReply(message []byte, identifier uint16) (n name, sequence uint16, ok bool) {
	if len(message) != messageLen || message[0] != typeReply || message[1] != 0 ||
		binary.BigEndian.Uint16(message[4:]) != identifier || checksum(message) != 0 {
		return name{}, 0, false
	}
	return nameOf(message), binary.BigEndian.Uint16(message[6:]), true
}

// parseSent finds our request at the end of a packet that the kernel handed
// back with its transmit stamp; in front of it stand the headers of the way out.
func parseSent(packet []byte) (message []byte, n name, ok bool) {
	if len(packet) < messageLen {
		return nil, name{}, false
	}
	message = packet[len(packet)-messageLen:]
	return message, nameOf(message), message[0] == typeRequest
}

func nameOf(message []byte) name {
	return name{serial: binary.BigEndian.Uint32(message[serialAt:]), index: message[indexAt]}
}

// stripIPv4 returns what follows the IPv4 header (RFC 791) of an ICMP packet as
// a raw socket delivers it.
func stripIPv4(packet []byte) (message []byte, ok bool) {
	if len(packet) < ipHeaderLen || packet[ipVersionAt]>>4 != 4 || packet[ipProtocolAt] != protocolICMP {
		return nil, false
	}
	header := int(packet[ipVersionAt]&0x0f) * 4
	if header < ipHeaderLen || header > len(packet) {
		return nil, false
	}
	return packet[header:], true
}

// checksum is the Internet checksum (RFC 1071). Over a message that holds its
// own it is 0.
func checksum(message []byte) uint16 {
	var sum uint32
	for ; len(message) > 1; message = message[2:] {
		sum += uint32(binary.BigEndian.Uint16(message))
	}
	if len(message) == 1 {
		sum += uint32(message[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

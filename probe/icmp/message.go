package icmp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Layout of a message (RFC 792 and RFC 4443, echo): 8 bytes of header, then our
// payload: the name of the echo, the mark and zeros. It has the 64 bytes of an ordinary
// ping.
const (
	messageLen   = 64
	nameAt       = 8
	nameLen      = 8
	markAt       = nameAt + nameLen
	paddingAt    = markAt + aes.BlockSize
	ipHeaderLen  = 20
	ipVersionAt  = 0
	ipProtocolAt = 9
	protocolICMP = 1
)

// padding is the end of every request, and so of every reply (RFC 792: the data received
// must be returned).
var padding [messageLen - paddingAt]byte

// family is a version of the protocol.
type family uint8

const (
	v4       family = 0
	v6       family = 1
	families        = 2
)

// requestType and replyType are the types of echoes (RFC 792, RFC 4443).
var (
	requestType = [families]byte{v4: 8, v6: 128}
	replyType   = [families]byte{v4: 0, v6: 129}
)

// familyOf is that of a valid address.
func familyOf(addr netip.Addr) family {
	if addr.Is4() {
		return v4
	}
	return v6
}

// maxRounds is how many rounds can be told apart by their slots.
const maxRounds = 1 << 24

// name identifies an echo of this engine.
type name struct {
	serial uint32 // of its round, never 0
	slot   uint32 // where its round is kept, below maxRounds
	index  uint8
}

func (n name) put(b []byte) {
	binary.BigEndian.PutUint32(b, n.serial)
	binary.BigEndian.PutUint32(b[4:], n.slot<<8|uint32(n.index))
}

func nameOf(message []byte) name {
	place := binary.BigEndian.Uint32(message[nameAt+4:])
	return name{serial: binary.BigEndian.Uint32(message[nameAt:]), slot: place >> 8, index: uint8(place)}
}

// seal makes and checks the marks that tie a message to this engine, to one of
// its echoes and to the address asked: AES keyed at random, so nobody who has not
// seen the request can make its reply.
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

// of returns the mark of an echo; it is valid until the next call. An IPv4 address
// fits into one block with the name; an IPv6 address is chained to it as a second
// one (CBC-MAC: the family in the first block keeps the two lengths apart).
func (s *seal) of(n name, addr netip.Addr) []byte {
	clear(s.plain[:])
	n.put(s.plain[:])
	if addr.Is4() {
		ip := addr.As4()
		s.plain[nameLen] = 4
		copy(s.plain[12:], ip[:])
		s.block.Encrypt(s.mark[:], s.plain[:])
		return s.mark[:]
	}
	ip := addr.As16()
	s.plain[nameLen] = 6
	s.block.Encrypt(s.mark[:], s.plain[:])
	subtle.XORBytes(s.plain[:], s.mark[:], ip[:])
	s.block.Encrypt(s.mark[:], s.plain[:])
	return s.mark[:]
}

// check reports whether message carries the mark of its name for addr; it never
// does without an address.
func (s *seal) check(message []byte, n name, addr netip.Addr) bool {
	return addr.IsValid() && subtle.ConstantTimeCompare(message[markAt:markAt+aes.BlockSize], s.of(n, addr)) == 1
}

// request writes the echo request into message, which has messageLen bytes and was
// written by this function only, or is zero.
func (s *seal) request(message []byte, identifier, sequence uint16, n name, addr netip.Addr) {
	message[0], message[2], message[3] = requestType[familyOf(addr)], 0, 0
	binary.BigEndian.PutUint16(message[4:], identifier)
	binary.BigEndian.PutUint16(message[6:], sequence)
	n.put(message[nameAt:])
	copy(message[markAt:], s.of(n, addr))
	if addr.Is4() { // that of ICMPv6 covers addresses which only the kernel knows, and is made there
		binary.BigEndian.PutUint16(message[2:], checksum(message))
	}
}

// parseReply reads an echo reply of ours by its form; the mark is not checked.
// It refuses a message of another length, type, identifier or padding and one whose
// checksum is wrong; that of ICMPv6 was checked by the kernel.
func parseReply(f family, message []byte, identifier uint16) (n name, sequence uint16, ok bool) {
	if len(message) != messageLen || message[0] != replyType[f] || message[1] != 0 ||
		binary.BigEndian.Uint16(message[4:]) != identifier || f == v4 && checksum(message) != 0 ||
		!bytes.Equal(message[paddingAt:], padding[:]) {
		return name{}, 0, false
	}
	return nameOf(message), binary.BigEndian.Uint16(message[6:]), true
}

// parseSent finds our request at the end of a packet that the kernel handed
// back with its transmit stamp; in front of it stand the headers of the way out.
func parseSent(f family, packet []byte) (message []byte, n name, ok bool) {
	if len(packet) < messageLen {
		return nil, name{}, false
	}
	message = packet[len(packet)-messageLen:]
	return message, nameOf(message), message[0] == requestType[f]
}

// stripIPv4 returns what follows the IPv4 header (RFC 791) of an ICMP packet as
// a raw socket delivers it; nil when there is no such header.
func stripIPv4(packet []byte) []byte {
	if len(packet) < ipHeaderLen || packet[ipVersionAt]>>4 != 4 || packet[ipProtocolAt] != protocolICMP {
		return nil
	}
	header := int(packet[ipVersionAt]&0x0f) * 4
	if header < ipHeaderLen || header > len(packet) {
		return nil
	}
	return packet[header:]
}

// checksum is the Internet checksum (RFC 1071). Over a message that holds its
// own it is 0.
func checksum(message []byte) uint16 {
	var sum uint64 // room for the carries of all words of a packet
	for ; len(message) >= 4; message = message[4:] {
		sum += uint64(binary.BigEndian.Uint32(message))
	}
	if len(message) >= 2 {
		sum += uint64(binary.BigEndian.Uint16(message))
		message = message[2:]
	}
	if len(message) == 1 {
		sum += uint64(message[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

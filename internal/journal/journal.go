package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// Version is the canonical encoding that new records are hashed with.
const Version int16 = 1

// Hash is a SHA-256 sum. The zero Hash stands before the first record of a chain.
type Hash [sha256.Size]byte

// String returns the hash in lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Chain names one chain: the kind of aggregate and its identifier within the kind.
type Chain struct {
	Kind string // "link", "ticket", "month"...
	ID   string // a row id or a natural key such as "2026-03"
}

// String returns kind and identifier as "link/42".
func (c Chain) String() string { return c.Kind + "/" + c.ID }

// Entry is what a service has to say: it has no place in a chain yet.
type Entry struct {
	Chain  Chain
	At     time.Time // business time of the decision; kept to the microsecond, in UTC
	Actor  string    // who decided, by id: "vigie", "user:12"
	Action string    // what was decided: "incident.open", "ticket.approve"...
	Body   []byte    // the evidence, in whatever encoding the action defines
}

// Record is an entry in its place.
type Record struct {
	Entry
	Version int16 // encoding the hash was computed with
	Seq     int64 // 1 for the first record of a chain
	Prev    Hash  // hash of the record before; zero for the first
	Hash    Hash
}

// Head is the end of a chain. The head of an empty chain has sequence 0 and the zero hash.
type Head struct {
	Chain Chain
	Seq   int64
	Hash  Hash
}

// Append gives e the place after head, in head's chain whatever chain e names, and returns the
// record with the new head. The time of the record is e's, cut to the microsecond.
func Append(head Head, e Entry) (Record, Head) {
	e.Chain = head.Chain
	e.At = e.At.UTC().Truncate(time.Microsecond)
	r := Record{Entry: e, Version: Version, Seq: head.Seq + 1, Prev: head.Hash}
	r.Hash = sumV1(r)
	return r, Head{Chain: head.Chain, Seq: r.Seq, Hash: r.Hash}
}

// Reason says how a chain is broken.
type Reason string

const (
	// OtherChain says that the record belongs to another chain.
	OtherChain Reason = "record of another chain"
	// Gap says that the sequence does not continue: a record is missing, repeated or moved.
	Gap Reason = "sequence does not continue"
	// Unlinked says that the record does not carry the hash of the one before it.
	Unlinked Reason = "does not follow the record before it"
	// UnknownVersion says that the record was hashed with an encoding this program does not know.
	UnknownVersion Reason = "unknown encoding version"
	// Altered says that the content of the record does not give its hash.
	Altered Reason = "content does not match its hash"
	// Cut says that records are missing at the end of the chain, or that its stored head lies.
	Cut Reason = "end of the chain does not match its head"
	// SealMismatch says that a daily seal holds another hash than the chain.
	SealMismatch Reason = "does not match the daily seal"
)

// Break is the first place where a chain cannot be trusted.
type Break struct {
	Chain  Chain
	Seq    int64
	Reason Reason
}

// Error names the chain, the sequence number and the reason.
func (b *Break) Error() string {
	return fmt.Sprintf("journal %s: entry %d: %s", b.Chain, b.Seq, b.Reason)
}

// Follow checks that r is the record right after head and unaltered, and returns the head after
// it. Otherwise the error is a *Break.
func Follow(head Head, r Record) (Head, error) {
	fail := func(reason Reason) (Head, error) {
		return Head{}, &Break{Chain: head.Chain, Seq: r.Seq, Reason: reason}
	}
	switch {
	case r.Chain != head.Chain:
		return fail(OtherChain)
	case r.Seq != head.Seq+1:
		return Head{}, &Break{Chain: head.Chain, Seq: head.Seq + 1, Reason: Gap}
	case r.Prev != head.Hash:
		return fail(Unlinked)
	case r.Version != Version:
		return fail(UnknownVersion)
	case r.Hash != sumV1(r):
		return fail(Altered)
	}
	return Head{Chain: head.Chain, Seq: r.Seq, Hash: r.Hash}, nil
}

// Verify checks a whole chain from its first record and returns its head. No record gives the
// zero head. The error, a *Break, names the chain and the sequence number of the first break.
func Verify(records []Record) (Head, error) {
	if len(records) == 0 {
		return Head{}, nil
	}
	head := Head{Chain: records[0].Chain}
	for _, r := range records {
		next, err := Follow(head, r)
		if err != nil {
			return head, err
		}
		head = next
	}
	return head, nil
}

// sumV1 hashes a record in encoding version 1.
func sumV1(r Record) Hash {
	b := make([]byte, 0, 128+len(r.Body))
	b = field(b, []byte("vigie.journal.1"))
	b = field(b, []byte(r.Chain.Kind))
	b = field(b, []byte(r.Chain.ID))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Seq))
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.UnixMicro()))
	b = field(b, []byte(r.Actor))
	b = field(b, []byte(r.Action))
	b = field(b, r.Body)
	b = append(b, r.Prev[:]...)
	return sha256.Sum256(b)
}

// field appends a value preceded by its length in bytes, so that no two lists of fields share
// an encoding.
func field(b, value []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(value)))
	return append(b, value...)
}

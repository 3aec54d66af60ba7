package agent

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
)

// OID names an object; it has at least two numbers.
type OID []uint32

// With returns the name with numbers added.
func (o OID) With(numbers ...uint32) OID { return append(slices.Clone(o), numbers...) }

// Value is what an object tells.
type Value struct {
	tag     byte
	encoded []byte // with its tag and length
}

// Integer is a signed number.
func Integer(n int32) Value { return Value{tagInteger, appendInteger(nil, int64(n))} }

// Text is a string of octets, 60,000 at most.
func Text(s string) Value { return Value{tagText, appendValue(nil, tagText, []byte(s))} }

// Identifier is the name of an object, as a value.
func Identifier(o OID) Value { return Value{tagOID, appendOID(nil, o)} }

// Address is an address of IPv4.
func Address(addr netip.Addr) Value {
	octets := addr.As4()
	return Value{tagAddress, appendValue(nil, tagAddress, octets[:])}
}

// Counter32 is a number of 32 bits that only goes up, and wraps.
func Counter32(n uint32) Value {
	return Value{tagCounter32, appendUnsigned(nil, tagCounter32, uint64(n))}
}

// Gauge is an unsigned number that goes up and down.
func Gauge(n uint32) Value { return Value{tagGauge, appendUnsigned(nil, tagGauge, uint64(n))} }

// Ticks is a time in hundredths of a second.
func Ticks(n uint32) Value { return Value{tagTicks, appendUnsigned(nil, tagTicks, uint64(n))} }

// Counter64 is a number that only goes up.
func Counter64(n uint64) Value { return Value{tagCounter64, appendUnsigned(nil, tagCounter64, n)} }

// Object is a value and its name.
type Object struct {
	Name  OID
	Value Value
}

// The kinds of requests and the answer (RFC 3416, 3).
const (
	pduGet      = 0xa0
	pduGetNext  = 0xa1
	pduResponse = 0xa2
	pduSet      = 0xa3
	pduGetBulk  = 0xa5
)

// Error states of an answer (RFC 3416, 3).
const (
	stateFine        = 0
	stateTooBig      = 1
	stateNotWritable = 17
)

const (
	version2c = 1
	// maxAnswer keeps an answer in one packet of 1,500 octets.
	maxAnswer = 1400
)

// request is what was asked.
type request struct {
	community []byte
	kind      byte
	id        int32
	// Of pduGetBulk: how many of the names are asked for once, and how often the
	// others at most.
	nonRepeaters, maxRepetitions int32
	names                        []OID
}

// Answer returns the answer to a request, given the objects in the order of their
// names. The error says why an agent stays silent.
func Answer(message []byte, community string, objects []Object) ([]byte, error) {
	asked, err := parse(message)
	if err != nil {
		return nil, fmt.Errorf("snmp agent: %w", err)
	}
	if !bytes.Equal(asked.community, []byte(community)) {
		return nil, fmt.Errorf("snmp agent: another community than ours")
	}
	if asked.kind == pduSet {
		return asked.answer(stateNotWritable, 1, asked.unbound()), nil
	}
	var bindings []byte
	for binding := range asked.answers(objects) {
		if len(bindings)+len(binding) <= maxAnswer {
			bindings = append(bindings, binding...)
			continue
		}
		if asked.kind == pduGetBulk { // it may tell less than was asked for
			break
		}
		return asked.answer(stateTooBig, 0, nil), nil // RFC 3416, 4.2.1
	}
	return asked.answer(stateFine, 0, bindings), nil
}

// parse reads a request of version 2c.
func parse(message []byte) (request, error) {
	var asked request
	outer := reader{message}
	content, err := outer.take(tagSequence)
	if err != nil {
		return asked, fmt.Errorf("message: %w", err)
	}
	inner := reader{content}
	version, err := inner.integer()
	if err != nil || version != version2c {
		return asked, fmt.Errorf("version %d, want %d (%v)", version, version2c, err)
	}
	if asked.community, err = inner.take(tagText); err != nil {
		return asked, fmt.Errorf("community: %w", err)
	}
	kind, content, err := inner.next()
	if err != nil {
		return asked, fmt.Errorf("request: %w", err)
	}
	switch kind {
	case pduGet, pduGetNext, pduSet, pduGetBulk:
	default:
		return asked, fmt.Errorf("type %#x, want a request", kind)
	}
	asked.kind = kind
	return asked, asked.parseBody(content)
}

func (r *request) parseBody(content []byte) error {
	body := reader{content}
	for _, number := range []*int32{&r.id, &r.nonRepeaters, &r.maxRepetitions} {
		n, err := body.integer()
		if err != nil {
			return fmt.Errorf("header of the request: %w", err)
		}
		*number = n
	}
	bindings, err := body.take(tagSequence)
	if err != nil {
		return fmt.Errorf("names: %w", err)
	}
	for list := (reader{bindings}); len(list.rest) > 0; {
		one, err := list.take(tagSequence)
		if err != nil {
			return fmt.Errorf("name %d: %w", len(r.names)+1, err)
		}
		binding := reader{one}
		name, err := binding.oid()
		if err != nil {
			return fmt.Errorf("name %d: %w", len(r.names)+1, err)
		}
		r.names = append(r.names, name)
	}
	return nil
}

// answers yields the bindings that answer a request, encoded.
func (r request) answers(objects []Object) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		switch r.kind {
		case pduGet:
			for _, name := range r.names {
				if !yield(get(objects, name)) {
					return
				}
			}
		case pduGetNext:
			for _, name := range r.names {
				if binding, _ := following(objects, name); !yield(binding) {
					return
				}
			}
		default:
			r.bulk(objects, yield)
		}
	}
}

// bulk yields the bindings of a GetBulk request (RFC 3416, 4.2.3).
func (r request) bulk(objects []Object, yield func([]byte) bool) {
	once := min(max(int(r.nonRepeaters), 0), len(r.names))
	for _, name := range r.names[:once] {
		if binding, _ := following(objects, name); !yield(binding) {
			return
		}
	}
	cursors := slices.Clone(r.names[once:])
	for range min(r.maxRepetitions, maxAnswer) {
		ended := true
		for i, name := range cursors {
			binding, next := following(objects, name)
			if !yield(binding) {
				return
			}
			if next != nil {
				ended, cursors[i] = false, next
			}
		}
		if ended {
			return
		}
	}
}

// get returns the binding of one object.
func get(objects []Object, name OID) []byte {
	i, found := slices.BinarySearchFunc(objects, name, func(o Object, name OID) int { return slices.Compare(o.Name, name) })
	if found {
		return binding(name, objects[i].Value.encoded)
	}
	// The instance is missing when there are others of its column.
	kind, column := byte(tagNoSuchObject), name[:len(name)-1]
	for _, neighbour := range objects[max(i-1, 0):min(i+1, len(objects))] {
		if len(neighbour.Name) > len(column) && slices.Equal(neighbour.Name[:len(column)], column) {
			kind = tagNoSuchInstance
		}
	}
	return binding(name, []byte{kind, 0})
}

// following returns the binding of the first object after a name, and its name;
// after the last, the end of the view and nil.
func following(objects []Object, name OID) ([]byte, OID) {
	i, found := slices.BinarySearchFunc(objects, name, func(o Object, name OID) int { return slices.Compare(o.Name, name) })
	if found {
		i++
	}
	if i == len(objects) {
		return binding(name, []byte{tagEndOfView, 0}), nil
	}
	return binding(objects[i].Name, objects[i].Value.encoded), objects[i].Name
}

func binding(name OID, value []byte) []byte {
	return appendValue(nil, tagSequence, append(appendOID(nil, name), value...))
}

// unbound returns the names that came, without values.
func (r request) unbound() (bindings []byte) {
	for _, name := range r.names {
		bindings = append(bindings, binding(name, []byte{tagNull, 0})...)
	}
	return bindings
}

func (r request) answer(state, index int64, bindings []byte) []byte {
	body := appendInteger(nil, int64(r.id))
	body = appendInteger(body, state)
	body = appendInteger(body, index)
	body = appendValue(body, tagSequence, bindings)
	content := appendInteger(nil, version2c)
	content = appendValue(content, tagText, r.community)
	content = appendValue(content, pduResponse, body)
	return appendValue(nil, tagSequence, content)
}

package main

import (
	"errors"
	"slices"
	"time"

	"vigie/probe"
)

const (
	ackWait    = 30 * time.Second // as the consumers of the pipe have it
	doubleTime = 2 * time.Minute  // in which JetStream knows a message id again
)

// stream is a JetStream stream of batches with the one durable consumer of the pipe: in
// order, one message out at a time, offered again when it is not acknowledged. A lane
// refuses what does not fit and keeps nothing that is settled; of another stream the oldest
// messages go.
type stream struct {
	bound  int // messages
	lane   bool
	last   uint64
	msgs   []*held
	known  map[string]time.Time
	passed uint64 // the consumer's place: no message up to it is offered for the first time
	out    *held  // offered and not settled
	again  time.Time
	gone   func(*held) // told of messages that left without having been settled
}

// held is a message of a stream.
type held struct {
	number  uint64 // of the stream
	subject string
	body    []byte
	batch   probe.Batch // of the body
	settled bool
}

func newStream(bound int, lane bool, gone func(*held)) *stream {
	return &stream{bound: bound, lane: lane, known: map[string]time.Time{}, gone: gone}
}

var errNoRoom = errors.New("maximum bytes exceeded")

// publish keeps a message, unless its id is known from a while ago.
func (s *stream) publish(now time.Time, subject string, body []byte, id string) error {
	if at, double := s.known[id]; double && now.Sub(at) < doubleTime {
		return nil
	}
	if s.lane && len(s.msgs) >= s.bound {
		return errNoRoom
	}
	s.known[id] = now
	m := &held{subject: subject, body: body}
	if err := m.batch.UnmarshalBinary(body); err != nil {
		return err
	}
	s.last++
	m.number = s.last
	s.msgs = append(s.msgs, m)
	for len(s.msgs) > s.bound {
		s.leave(s.msgs[0])
		s.msgs = s.msgs[1:]
	}
	return nil
}

func (s *stream) leave(m *held) {
	if !m.settled {
		s.gone(m)
	}
	if s.out == m {
		s.out = nil
	}
}

// lose is the loss of the directory: everything is gone, the consumer's place too.
func (s *stream) lose() {
	for _, m := range s.msgs {
		s.leave(m)
	}
	*s = *newStream(s.bound, s.lane, s.gone)
}

// forget sets the consumer back by some messages, as a kill does that comes before the
// consumer's state was written.
func (s *stream) forget(messages int) {
	if messages == 0 {
		return
	}
	n := len(s.msgs)
	for n > 0 && s.msgs[n-1].number > s.passed {
		n--
	}
	for ; messages > 0 && n > 0; messages, n = messages-1, n-1 {
		s.msgs[n-1].settled = false
		s.passed = s.msgs[n-1].number - 1
	}
	s.out = nil
}

// offer is the next message for the consumer, nil while there is none.
func (s *stream) offer(now time.Time) *offer {
	if s.out != nil {
		if now.Before(s.again) {
			return nil
		}
	} else {
		i := slices.IndexFunc(s.msgs, func(m *held) bool { return m.number > s.passed })
		if i < 0 {
			return nil
		}
		s.out = s.msgs[i]
		s.passed = s.out.number
	}
	s.again = now.Add(ackWait)
	return &offer{stream: s, held: s.out, now: now}
}

// pending counts what is not acknowledged yet.
func (s *stream) pending() uint64 {
	n := uint64(0)
	for _, m := range s.msgs {
		if m.number > s.passed {
			n++
		}
	}
	if s.out != nil {
		n++
	}
	return n
}

// lastSeq is the number of the newest batch that the stream holds, 0 without.
func (s *stream) lastSeq() uint64 {
	if len(s.msgs) == 0 {
		return 0
	}
	return s.msgs[len(s.msgs)-1].batch.Seq
}

// offer is pipe.Message.
type offer struct {
	*held
	stream *stream
	now    time.Time
	// before is called before the message is settled: it may stop that.
	before func() error
	after  func()
}

var errLost = errors.New("the connection is lost")

func (o *offer) Subject() string { return o.subject }
func (o *offer) Data() []byte    { return o.body }

func (o *offer) settle(how func()) error {
	if o.before != nil {
		if err := o.before(); err != nil {
			return err
		}
	}
	if o.stream.out == o.held {
		how()
	}
	if o.after != nil {
		o.after()
	}
	return nil
}

func (o *offer) Ack() error {
	return o.settle(func() {
		o.settled, o.stream.out = true, nil
		if o.stream.lane {
			o.stream.msgs = slices.DeleteFunc(o.stream.msgs, func(m *held) bool { return m == o.held })
		}
	})
}

func (o *offer) Term() error { return o.Ack() }

func (o *offer) Nak() error { return o.NakWithDelay(0) }

func (o *offer) NakWithDelay(delay time.Duration) error {
	return o.settle(func() { o.stream.again = o.now.Add(delay) })
}

func (o *offer) InProgress() error {
	return o.settle(func() { o.stream.again = o.now.Add(ackWait) })
}

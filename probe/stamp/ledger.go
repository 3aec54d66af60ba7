package stamp

import (
	"errors"
	"time"
)

// Packet is a test packet whose outcome is known.
type Packet struct {
	Sequence uint32 // from 0; packets may end in another order
	// Delay is the two-way delay without the reflector's own time: (T4-T1)-(T3-T2).
	// The whole round trip where the reflector tells no plausible time of its own.
	Delay time.Duration
	Lost  bool // no valid reply came in time
	// OneWay says that both clocks follow UTC by their own account: Forward is then T2-T1
	// and Back T4-T3, as right as the two clocks are.
	OneWay        bool
	Forward, Back time.Duration
	// Unsent says that the host refused to send it: neither sent nor lost.
	Unsent bool
}

// Standing is what a session has shown so far, beside its delays. All counts are of
// packets of this session.
type Standing struct {
	Duplicates int // replies to what was answered already
	Reordered  int // first replies that a later packet's overtook (RFC 4737)
	Late       int // replies after their timeout
	// Rejected are replies that answer no packet of ours: malformed, not authenticated,
	// or with fields that were not sent.
	Rejected int
	// Unreachable counts the network's word that packets do not arrive (ICMP): nobody
	// listens there, or a filter refuses them.
	Unreachable int
	// Uncorrected are delays that hold the reflector's own time, since it tells none
	// (T2 = T3), or one longer than the round trip.
	Uncorrected int
	Short       int // replies under the length of a base packet: TWAMP Light

	Answered  bool          // the fields below are known
	Own       ErrorEstimate // of our clock
	Reflector ErrorEstimate // of the reflector's
	SSID      bool          // the reflector knows session identifiers (RFC 8972)
	// Counts says that the reflector is seen to count the replies of this session;
	// ForwardLost are then the packets that never reached it, as far as the latest reply
	// tells.
	Counts      bool
	ForwardLost int

	// Class is what became of the class of service, known to CoS extensions only.
	Class Class
	// ExtensionsRefused are replies whose extensions failed their HMAC, ours or the
	// reflector's verdict, or came back malformed: they were not read.
	ExtensionsRefused int
}

// Class tells which class of service packets arrived with. ECN bits aside.
type Class struct {
	Known   bool
	Forward uint8 // DSCP with which a packet reached the reflector
	Back    uint8 // DSCP with which its reply reached us
	Told    bool  // whether Back is known on this machine
	Refused bool  // the reflector's policy did not allow the class wanted for replies
}

// memory is how long a packet's answer is recognised as late or double.
const memory = time.Minute

// record is a packet that left.
type record struct {
	at     time.Time // T1 on the monotonic clock
	stamp  Timestamp // T1 as sent
	state  state
	inTime time.Time // until when a reply counts
}

type state uint8

const (
	pending state = iota
	unsent
	answered
	lost
)

// ledger knows every packet that left and judges every reply. It takes the time from
// its caller.
type ledger struct {
	key     []byte
	ssid    uint16
	timeout time.Duration
	report  func(Packet, Standing)

	records []record
	first   uint32 // sequence number of records[0]
	settled uint32 // sequence number before which no packet is pending
	open    int    // pending packets
	Standing
	highest    uint32 // the highest sequence number answered
	reflected  uint32 // the highest sequence number of the reflector
	firstReply bool
	differs    bool // a reply was numbered unlike its packet
}

// leave enters the packet with the next sequence number.
func (l *ledger) leave(at time.Time, stamp Timestamp) {
	l.records = append(l.records, record{at: at, stamp: stamp, inTime: at.Add(l.timeout)})
	l.open++
}

// refuse takes back the packet entered last: it did not leave.
func (l *ledger) refuse() {
	last := len(l.records) - 1
	l.records[last].state = unsent
	l.open--
	l.report(Packet{Sequence: l.first + uint32(last), Unsent: true}, l.Standing)
}

// expire gives up packets without an answer in time, and forgets old ones.
func (l *ledger) expire(now time.Time) {
	for i := l.settled - l.first; int(i) < len(l.records); i++ {
		r := &l.records[i]
		if r.state == pending {
			if now.Before(r.inTime) {
				break
			}
			r.state = lost
			l.open--
			l.report(Packet{Sequence: l.first + i, Lost: true}, l.Standing)
		}
		l.settled = l.first + i + 1
	}
	// The older half at once, so that forgetting costs little.
	if half := len(l.records) / 2; half > 0 && half <= int(l.settled-l.first) && now.Sub(l.records[half-1].inTime) > memory {
		l.records = append(l.records[:0], l.records[half:]...)
		l.first += uint32(half)
	}
}

// wake is when expire has something to do; false when it has not.
func (l *ledger) wake() (time.Time, bool) {
	for i := l.settled - l.first; int(i) < len(l.records); i++ {
		if l.records[i].state == pending {
			return l.records[i].inTime, true
		}
	}
	return time.Time{}, false
}

// judge takes what came back.
func (l *ledger) judge(packet []byte, a arrival) {
	reply, err := ParseReply(packet, l.key)
	place := reply.Sender.Sequence - l.first
	known := err == nil && uint64(place) < uint64(len(l.records)) && (reply.SSID == 0 || reply.SSID == l.ssid)
	if !known || l.records[place].state == unsent || l.records[place].stamp != reply.Sender.Timestamp {
		l.Rejected++
		return
	}
	r := &l.records[place]
	switch {
	case r.state == answered:
		l.Duplicates++
	case r.state == lost || !a.at.Before(r.inTime):
		l.Late++
	default:
		r.state = answered
		l.open--
		l.take(reply, packet, a)
		delay := l.delay(reply, a.at.Sub(r.at))
		p := Packet{Sequence: reply.Sender.Sequence, Delay: delay}
		p.ways(reply, a, l.Own.Synchronised)
		l.report(p, l.Standing)
	}
}

// ways takes the time of each way, where both clocks say that they follow UTC. Ours are in
// the format of NTP.
func (p *Packet) ways(reply Reply, a arrival, synchronised bool) {
	if !synchronised || !reply.Error.Synchronised || reply.Error.PTP || reply.Receive == 0 {
		return
	}
	p.OneWay = true
	p.Forward, p.Back = reply.Receive.sub(reply.Sender.Timestamp, false), NTP(a.wall).sub(reply.Timestamp, false)
	const plausible = time.Minute
	if max(p.Forward.Abs(), p.Back.Abs()) > plausible { // a clock that is plainly wrong
		p.OneWay, p.Forward, p.Back = false, 0, 0
	}
}

// take notes what a first reply tells beside its delay.
func (l *ledger) take(reply Reply, packet []byte, a arrival) {
	sent := reply.Sender.Sequence
	if later := int32(sent-l.highest) > 0; !l.firstReply || later {
		l.highest = sent
	} else {
		l.Reordered++
	}
	if !l.firstReply || int32(reply.Sequence-l.reflected) > 0 {
		l.reflected = reply.Sequence
	}
	l.firstReply = true
	l.Answered, l.Reflector, l.SSID = true, reply.Error, reply.SSID != 0
	l.differs = l.differs || reply.Sequence != sent
	// One that is ahead of us did not begin with our session, or saw packets twice: its
	// count tells nothing.
	missing := int32(l.highest - l.reflected)
	l.Counts = l.differs && missing >= 0
	l.ForwardLost = int(max(0, missing))
	if size := layoutFor(l.key).size; len(packet) < size {
		l.Short++
	} else if err := l.extensions(packet, packet[size:], a); err != nil {
		l.ExtensionsRefused++
	}
}

var errExtensions = errors.New("extensions not intact")

// extensions reads the class of service that a reply tells.
func (l *ledger) extensions(packet, behind []byte, a arrival) error {
	found, malformed := walk(behind)
	if malformed != nil || !intact(packet, behind, l.key, found) {
		return errExtensions
	}
	for _, e := range found {
		if e.flags()&flagIntegrity != 0 {
			return errExtensions
		}
	}
	for _, e := range found {
		if e.flags()&flagMalformed != 0 {
			return errExtensions
		}
		if e.flags()&flagUnrecognised != 0 || e.kind() != typeCoS {
			continue
		}
		c := readCoS(e.value())
		l.Class = Class{Known: true, Forward: c.came, Back: a.tos >> 2, Told: a.classed, Refused: c.refused}
	}
	return nil
}

// delay takes the reflector's time out of a round trip.
func (l *ledger) delay(reply Reply, roundTrip time.Duration) time.Duration {
	roundTrip = max(roundTrip, 0)
	inside := reply.Timestamp.sub(reply.Receive, reply.Error.PTP)
	if reply.Receive == 0 || inside <= 0 || inside > roundTrip {
		l.Uncorrected++
		return roundTrip
	}
	return roundTrip - inside
}

package snmp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

// Objects of a router: RFC 3418, RFC 3411. Of an interface: RFC 2863.
const (
	sysUpTime       = ".1.3.6.1.2.1.1.3.0"
	snmpEngineBoots = ".1.3.6.1.6.3.10.2.1.2.0"
	snmpEngineTime  = ".1.3.6.1.6.3.10.2.1.3.0"

	ifOperStatus               = ".1.3.6.1.2.1.2.2.1.8"
	ifName                     = ".1.3.6.1.2.1.31.1.1.1.1"
	ifHCInOctets               = ".1.3.6.1.2.1.31.1.1.1.6"
	ifHCOutOctets              = ".1.3.6.1.2.1.31.1.1.1.10"
	ifHighSpeed                = ".1.3.6.1.2.1.31.1.1.1.15"
	ifAlias                    = ".1.3.6.1.2.1.31.1.1.1.18"
	ifCounterDiscontinuityTime = ".1.3.6.1.2.1.31.1.1.1.19"
)

// answer is what a router told.
type answer struct {
	uptime  time.Duration
	told    bool // the uptime
	boots   int64
	access  probe.Interface
	further []probe.Interface
	health  probe.Health
}

// router asks for everything. What is remembered of it saves requests: where it still
// holds, one or two bring all. It is verified by the answer, and what does not hold any
// more is looked for.
func (s *session) router(r Router, known *memory) (answer, error) {
	oids, also := known.oids(), known.plan.oids()
	if len(oids)+len(also) <= perRequest {
		oids, also = append(oids, also...), nil
	}
	found := values{}
	if err := s.get(oids, found); err != nil {
		return answer{}, err
	}
	if err := s.locate(r, known, found); err != nil {
		return answer{}, err
	}
	got := found.answer(known.index)
	for _, index := range known.further {
		if i := found.access(index); i.Index != 0 {
			got.further = append(got.further, i)
		}
	}
	// A device that falls silent here has told how long it runs and what it carried:
	// that counts, and how it is stays unknown.
	var err error
	if got.health, err = s.health(known, found, also, got.boots); err != nil && !silent(err) {
		return answer{}, err
	}
	if !got.told && got.access.Index == 0 && len(got.further) == 0 && found.object() == "" {
		return answer{}, errors.New("snmp: the agent tells nothing of itself")
	}
	return got, nil
}

// locate makes sure that the interfaces remembered are those that are wanted, searches
// for them where they are not, and adds what they tell to found.
func (s *session) locate(r Router, known *memory, found values) error {
	held := known.index != 0 && r.carriedBy(found.access(known.index)) && time.Since(known.located) < learnAgain
	for _, index := range known.further {
		held = held && r.alsoCarriedBy(found.access(index))
	}
	if held || time.Since(known.searched) < searchAgain {
		if !held {
			known.keep(r, found)
		}
		return nil
	}
	known.index, known.further, known.searched = 0, nil, time.Now()
	indexes, err := s.search(r)
	if err != nil || len(indexes) == 0 {
		return err
	}
	var oids []string
	for _, index := range indexes {
		oids = append(oids, interfaceOIDs(index)...)
	}
	if err := s.get(oids, found); err != nil {
		return err
	}
	known.index, known.further = indexes[0], indexes[1:]
	known.keep(r, found) // one may have moved meanwhile
	if known.index != 0 {
		known.located, known.searched = time.Now(), time.Time{}
	}
	return nil
}

// keep forgets the interfaces that are others by now.
func (m *memory) keep(r Router, found values) {
	if !r.carriedBy(found.access(m.index)) {
		m.index = 0
	}
	m.further = slices.DeleteFunc(slices.Clone(m.further), func(index int) bool { return !r.alsoCarriedBy(found.access(index)) })
}

// health reads how the router is, after asking for what was not asked for yet, and
// learns anew what tells it when that may have changed.
func (s *session) health(known *memory, found values, also []string, boots int64) (probe.Health, error) {
	if s.profiles == nil {
		return probe.Health{}, nil
	}
	if known.plan.layout == nil {
		also = []string{sysObjectID}
	}
	if err := s.get(also, found); err != nil {
		return probe.Health{}, err
	}
	if known.plan.stale(found, boots, time.Now()) {
		var err error
		if known.plan, err = s.learn(found, boots); err != nil {
			return probe.Health{}, err
		}
		if err := s.get(known.plan.oids(), found); err != nil {
			return probe.Health{}, err
		}
	}
	return known.plan.health(found), nil
}

// oids are the objects of the router and of the interfaces that are remembered.
func (m *memory) oids() []string {
	oids := []string{sysUpTime, snmpEngineBoots, snmpEngineTime}
	if m.index != 0 {
		oids = append(oids, interfaceOIDs(m.index)...)
	}
	for _, index := range m.further {
		oids = append(oids, interfaceOIDs(index)...)
	}
	return oids
}

// interfaceOIDs are the objects of one interface.
func interfaceOIDs(index int) []string {
	suffix := "." + strconv.Itoa(index)
	var oids []string
	for _, column := range []string{
		ifName, ifAlias, ifOperStatus, ifHighSpeed, ifHCInOctets, ifHCOutOctets, ifCounterDiscontinuityTime,
	} {
		oids = append(oids, column+suffix)
	}
	return oids
}

// perRequest is how many objects are asked for together: their answer fits into a
// packet of 1,500 octets, with room for names.
const perRequest = 40

// get asks for objects, as many together as a packet holds, and adds what is there to
// found.
func (s *session) get(oids []string, found values) error {
	for some := range slices.Chunk(oids, perRequest) {
		if err := s.some(some, found); err != nil {
			return err
		}
	}
	return nil
}

// some asks for objects and adds what is there to found. An agent that refuses the
// request as a whole is asked again for less.
func (s *session) some(oids []string, found values) error {
	packet, err := s.library.Get(oids)
	if err != nil {
		return err
	}
	if err := s.ours(packet); err != nil {
		return err
	}
	if packet.Error != gosnmp.NoError {
		if len(oids) == 1 {
			return nil // this object is not there
		}
		half := len(oids) / 2
		if err := s.some(oids[:half], found); err != nil {
			return err
		}
		return s.some(oids[half:], found)
	}
	for _, variable := range packet.Variables {
		found[variable.Name] = variable
	}
	return nil
}

// ours refuses what the library lets through: an answer to no request, and one under
// another community.
func (s *session) ours(packet *gosnmp.SnmpPacket) error {
	if packet.PDUType != gosnmp.GetResponse {
		return fmt.Errorf("snmp: answer of type %#x, expected a response", byte(packet.PDUType))
	}
	if packet.RequestID == 0 {
		return fmt.Errorf("snmp: answer without the number of its request")
	}
	if s.library.Version == gosnmp.Version2c && packet.Community != s.library.Community {
		return errors.New(ProblemCommunity)
	}
	return nil
}

// values are the objects that a router told, by their names.
type values map[string]gosnmp.SnmpPDU

// answer reads the objects of the router and of one interface.
func (v values) answer(index int) answer {
	found := answer{access: v.access(index)}
	ticks, told := v.unsigned(sysUpTime, gosnmp.TimeTicks)
	found.uptime, found.told = time.Duration(ticks)*10*time.Millisecond, told
	if seconds, exact := v.integer(snmpEngineTime); exact && seconds >= 0 {
		found.uptime, found.told = time.Duration(seconds)*time.Second, true
	}
	if boots, there := v.integer(snmpEngineBoots); there {
		found.boots = max(boots, 0)
	}
	return found
}

// access reads one interface; it is zero when the router does not name it.
func (v values) access(index int) probe.Interface {
	suffix := "." + strconv.Itoa(index)
	name, named := v[ifName+suffix]
	if index == 0 || !named {
		return probe.Interface{}
	}
	i := probe.Interface{Index: index, Name: text(name), Alias: text(v[ifAlias+suffix])}
	if i.Name == "" {
		return probe.Interface{}
	}
	const up = 1
	status, _ := v.integer(ifOperStatus + suffix)
	i.Up = status == up
	if speed, told := v.unsigned(ifHighSpeed+suffix, gosnmp.Gauge32); told {
		i.SpeedBits = bitsPerSecond(speed)
	}
	in, countsIn := v.unsigned(ifHCInOctets+suffix, gosnmp.Counter64)
	out, countsOut := v.unsigned(ifHCOutOctets+suffix, gosnmp.Counter64)
	if i.Counted = countsIn && countsOut; i.Counted {
		i.InOctets, i.OutOctets = in, out
	}
	discontinuity, _ := v.unsigned(ifCounterDiscontinuityTime+suffix, gosnmp.TimeTicks)
	i.Discontinuity = uint32(discontinuity)
	return i
}

// bitsPerSecond reads ifHighSpeed: megabits, except that some agents tell bits. No
// access carries a terabit.
func bitsPerSecond(highSpeed uint64) int64 {
	const million = 1_000_000
	if highSpeed > million {
		return int64(highSpeed)
	}
	return int64(highSpeed) * million
}

// unsigned returns an object of one type; another type, or an object that is not
// there, is not told.
func (v values) unsigned(name string, kind gosnmp.Asn1BER) (uint64, bool) {
	variable, there := v[name]
	if !there || variable.Type != kind {
		return 0, false
	}
	n := gosnmp.ToBigInt(variable.Value)
	return n.Uint64(), n.IsUint64()
}

func (v values) integer(name string) (int64, bool) {
	variable, there := v[name]
	if !there || variable.Type != gosnmp.Integer {
		return 0, false
	}
	n := gosnmp.ToBigInt(variable.Value)
	return n.Int64(), n.IsInt64()
}

// maxText bounds a name, in octets; RFC 2863 says 64 for an alias, RFC 3411 255 for
// a name.
const maxText = 255

// text returns a name as it can be shown and stored: valid, on one line, without
// what only ends a string in C.
func text(v gosnmp.SnmpPDU) string {
	raw, ok := v.Value.([]byte)
	if !ok || v.Type != gosnmp.OctetString {
		return ""
	}
	return shown(raw)
}

func shown(raw []byte) string { return cleaned(string(raw[:min(len(raw), maxText)])) }

// cleaned is a text without what cannot be shown.
func cleaned(text string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.TrimSpace(clean)
}

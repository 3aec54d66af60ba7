package snmp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	uptime time.Duration
	boots  int64
	access probe.Interface
}

// router asks for everything. Where the interface is remembered that is one
// request; its name is verified, and it is searched for when it has moved.
func (s *session) router(r Router, known *memory) (answer, error) {
	values, err := s.everything(known.index)
	if err != nil {
		return answer{}, err
	}
	if known.index != 0 && r.carriedBy(values.access(known.index)) {
		return values.answer(known.index)
	}
	if known.index == 0 && time.Since(known.searched) < searchAgain {
		return values.answer(0)
	}
	if known.index, err = s.search(r); err != nil {
		return answer{}, err
	}
	if known.index == 0 {
		known.searched = time.Now()
		return values.answer(0)
	}
	if values, err = s.everything(known.index); err != nil {
		return answer{}, err
	}
	if !r.carriedBy(values.access(known.index)) { // it moved meanwhile
		known.index = 0
	}
	return values.answer(known.index)
}

// everything asks for the objects of the router and, unless its index is 0, of
// one interface.
func (s *session) everything(index int) (values, error) {
	oids := []string{sysUpTime, snmpEngineBoots, snmpEngineTime}
	if index != 0 {
		suffix := "." + strconv.Itoa(index)
		for _, column := range []string{
			ifName, ifAlias, ifOperStatus, ifHighSpeed, ifHCInOctets, ifHCOutOctets, ifCounterDiscontinuityTime,
		} {
			oids = append(oids, column+suffix)
		}
	}
	found := values{}
	return found, s.get(oids, found)
}

// get asks for objects and adds what is there to found. An agent that refuses the
// request as a whole is asked again for less.
func (s *session) get(oids []string, found values) error {
	packet, err := s.library.Get(oids)
	if err != nil {
		return err
	}
	if err := ours(packet); err != nil {
		return err
	}
	if packet.Error != gosnmp.NoError {
		if len(oids) == 1 {
			return nil // this object is not there
		}
		half := len(oids) / 2
		if err := s.get(oids[:half], found); err != nil {
			return err
		}
		return s.get(oids[half:], found)
	}
	for _, variable := range packet.Variables {
		found[variable.Name] = variable
	}
	return nil
}

// ours refuses what the library lets through: an answer to no request.
func ours(packet *gosnmp.SnmpPacket) error {
	if packet.PDUType != gosnmp.GetResponse {
		return fmt.Errorf("snmp: answer of type %#x, expected a response", byte(packet.PDUType))
	}
	if packet.RequestID == 0 {
		return fmt.Errorf("snmp: answer without the number of its request")
	}
	return nil
}

// carriedBy reports whether an interface is the one that carries the link.
func (r Router) carriedBy(i probe.Interface) bool {
	switch {
	case i.Index == 0:
		return false
	case r.Interface != "":
		return i.Name == r.Interface || i.Alias == r.Interface
	}
	return holdsWord(i.Alias, r.Ref)
}

// search looks for the interface that carries the link and returns its index, 0
// when there is none: by name, else by alias, the lowest index when there are
// several, since a port stands before its sub-interfaces.
func (s *session) search(r Router) (int, error) {
	if r.Interface == "" && r.Ref == "" {
		return 0, nil
	}
	columns := []string{ifName, ifAlias}
	matches := func(text string) bool { return text == r.Interface }
	if r.Interface == "" {
		columns = columns[1:]
		matches = func(text string) bool { return holdsWord(text, r.Ref) }
	}
	for _, column := range columns {
		lowest := 0
		err := s.walk(column, func(index int, v gosnmp.SnmpPDU) {
			if matches(text(v)) && (lowest == 0 || index < lowest) {
				lowest = index
			}
		})
		if err != nil || lowest != 0 {
			return lowest, err
		}
	}
	return 0, nil
}

// Limits of a walk, far above any router: 10,000 rows, 25 a request.
const (
	maxRows        = 10_000
	rowsPerRequest = 25
)

// walk calls row for each row of a column of the interfaces' tables. Rows may come
// in any order; an agent that only repeats itself is left.
func (s *session) walk(column string, row func(index int, v gosnmp.SnmpPDU)) error {
	seen := map[string]bool{}
	for from := column; ; {
		packet, err := s.library.GetBulk([]string{from}, 0, rowsPerRequest)
		if err != nil {
			return err
		}
		if err := ours(packet); err != nil {
			return err
		}
		if packet.Error != gosnmp.NoError {
			return nil
		}
		next := ""
		for _, v := range packet.Variables {
			index, inside := rowOf(v.Name, column)
			if !inside || seen[v.Name] {
				continue
			}
			seen[v.Name], next = true, v.Name
			row(index, v)
		}
		if next == "" {
			return nil
		}
		if len(seen) > maxRows {
			return fmt.Errorf("snmp: more than %d interfaces", maxRows)
		}
		from = next
	}
}

// rowOf returns the index of an object of a column with one integer as index.
func rowOf(name, column string) (int, bool) {
	suffix, inside := strings.CutPrefix(name, column+".")
	if !inside {
		return 0, false
	}
	index, err := strconv.ParseInt(suffix, 10, 32)
	return int(index), err == nil && index > 0
}

// values are the objects that a router told, by their names.
type values map[string]gosnmp.SnmpPDU

// answer reads the objects of the router and of one interface.
func (v values) answer(index int) (answer, error) {
	found := answer{access: v.access(index)}
	ticks, told := v.unsigned(sysUpTime, gosnmp.TimeTicks)
	found.uptime = time.Duration(ticks) * 10 * time.Millisecond
	if seconds, exact := v.integer(snmpEngineTime); exact && seconds >= 0 {
		found.uptime, told = time.Duration(seconds)*time.Second, true
	}
	if boots, there := v.integer(snmpEngineBoots); there {
		found.boots = max(boots, 0)
	}
	if !told {
		return answer{}, fmt.Errorf("snmp: the agent tells neither snmpEngineTime nor sysUpTime")
	}
	return found, nil
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

func shown(raw []byte) string {
	raw = raw[:min(len(raw), maxText)]
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(raw), ""))
	return strings.TrimSpace(clean)
}

// holdsWord reports whether a text holds a word, whatever the case, not as a part
// of a longer one.
func holdsWord(text, word string) bool {
	if word == "" {
		return false
	}
	text, word = strings.ToUpper(text), strings.ToUpper(word)
	partOfWord := func(r rune, _ int) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		begin := from + i
		end := begin + len(word)
		if !partOfWord(utf8.DecodeLastRuneInString(text[:begin])) && !partOfWord(utf8.DecodeRuneInString(text[end:])) {
			return true
		}
		from = begin + 1
	}
}

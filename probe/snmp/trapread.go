package snmp

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

// errRefused is the error of a notification that is well formed, as far as that can be
// told, and not of whom it should be.
var errRefused = errors.New("snmp: a notification of another community, user, password, level or time")

// receiver reads the notifications under one credential.
type receiver struct {
	credential Credential
	used       time.Time
	library    *gosnmp.GoSNMP
}

func newReceiver(c Credential, engineID string) *receiver {
	r := &receiver{credential: c, library: c.session()}
	if usm, ok := r.library.SecurityParameters.(*gosnmp.UsmSecurityParameters); ok {
		usm.AuthoritativeEngineID = engineID // of informs; a trap names that of its sender
	}
	return r
}

// reception is what became of a message: what to answer, and the notification.
type reception struct {
	answer []byte
	trap   *probe.Trap
}

// read reads a message. The library counts in octets of others, and has panicked over
// them before: whatever it does here is an error of the message.
func (r *receiver) read(message []byte, from netip.Addr, t *Traps) (got reception, err error) {
	defer func() {
		if p := recover(); p != nil {
			got, err = reception{}, fmt.Errorf("snmp: notification that cannot be read: %v", p)
		}
	}()
	version, err := versionOf(message)
	if err != nil {
		return reception{}, err
	}
	if version != r.library.Version {
		return reception{}, fmt.Errorf("%w: version", errRefused)
	}
	// The library writes into what it reads.
	packet, err := r.library.UnmarshalTrap(bytes.Clone(message), false)
	if r.credential.Version == V3 {
		if err != nil { // a wrong password looks like garbage
			return reception{}, fmt.Errorf("%w: %s", errRefused, problem(err))
		}
		return r.readV3(packet, from, t)
	}
	if err != nil {
		return reception{}, fmt.Errorf("snmp: notification: %s", problem(err))
	}
	if subtle.ConstantTimeCompare([]byte(packet.Community), []byte(r.credential.Community)) != 1 {
		return reception{}, fmt.Errorf("%w: community", errRefused)
	}
	if got.trap, err = t.notification(packet); err != nil {
		return reception{}, err
	}
	if got.trap.Confirmed {
		got.answer, err = confirmed(message)
	}
	return got, err
}

// versionOf reads the version of a message of SNMP.
func versionOf(message []byte) (gosnmp.SnmpVersion, error) {
	const sequence, integer = 0x30, 0x02
	if len(message) < 2 || message[0] != sequence {
		return 0, errors.New("snmp: notification: no sequence")
	}
	header := 2
	if message[1] >= 0x80 {
		header += int(message[1] & 0x7f)
	}
	if len(message) < header+3 || message[header] != integer || message[header+1] != 1 {
		return 0, errors.New("snmp: notification: no version")
	}
	return gosnmp.SnmpVersion(message[header+2]), nil
}

// confirmed is the answer to an inform of version 2c: the same message as a response
// (RFC 3416, 4.2.7).
func confirmed(message []byte) ([]byte, error) {
	answer := bytes.Clone(message)
	rest := answer
	for range 2 { // into the sequence, then over version and community
		if len(rest) < 2 {
			return nil, errors.New("snmp: notification that ends before its content")
		}
		header, length := 2, int(rest[1])
		if rest[1] >= 0x80 {
			octets := int(rest[1] & 0x7f)
			if octets > 3 || len(rest) < 2+octets {
				return nil, errors.New("snmp: notification with a length beyond it")
			}
			length = 0
			for _, octet := range rest[2 : 2+octets] {
				length = length<<8 | int(octet)
			}
			header += octets
		}
		if rest[0] == 0x30 {
			rest = rest[header:]
			if len(rest) < 3 {
				break
			}
			rest = rest[3:] // the version
			continue
		}
		rest = rest[min(len(rest), header+length):]
	}
	if len(rest) == 0 || gosnmp.PDUType(rest[0]) != gosnmp.InformRequest {
		return nil, errors.New("snmp: notification that is no inform where one should be")
	}
	rest[0] = byte(gosnmp.GetResponse)
	return answer, nil
}

// Reports of RFC 3414, 3.2.
const (
	usmStatsNotInTimeWindows = ".1.3.6.1.6.3.15.1.1.2.0"
	usmStatsUnknownEngineIDs = ".1.3.6.1.6.3.15.1.1.4.0"
)

// engineClock is the newest that an engine said of its time.
type engineClock struct {
	id          string
	boots, time uint32
	at          time.Time
}

// timeWindow is how far a message may be off, in seconds (RFC 3414, 2.2.3).
const timeWindow = 150

// readV3 judges a message of version 3 that the library has authenticated, unless it
// asks who we are.
func (r *receiver) readV3(packet *gosnmp.SnmpPacket, from netip.Addr, t *Traps) (got reception, err error) {
	usm, ok := packet.SecurityParameters.(*gosnmp.UsmSecurityParameters)
	if !ok || packet.SecurityModel != gosnmp.UserSecurityModel {
		return reception{}, fmt.Errorf("%w: security model", errRefused)
	}
	if packet.PDUType == gosnmp.GetRequest && usm.UserName == "" && usm.AuthoritativeEngineID == "" {
		got.answer, err = r.report(packet, usm, t, usmStatsUnknownEngineIDs, gosnmp.NoAuthNoPriv)
		return got, err
	}
	level := r.library.MsgFlags & gosnmp.AuthPriv
	switch {
	case usm.UserName != r.credential.User || packet.MsgFlags&gosnmp.AuthPriv != level:
		return reception{}, fmt.Errorf("%w: user or level", errRefused)
	case level == gosnmp.NoAuthNoPriv: // nothing of it is proved
	case usm.AuthoritativeEngineID == t.engine.id:
		apart := int64(usm.AuthoritativeEngineTime) - int64(t.engine.time())
		if usm.AuthoritativeEngineBoots != t.engine.boots || apart < -timeWindow || apart > timeWindow {
			got.answer, err = r.report(packet, usm, t, usmStatsNotInTimeWindows, gosnmp.AuthNoPriv)
			return got, errors.Join(fmt.Errorf("%w: time", errRefused), err)
		}
	case !t.fresh(from, usm):
		return reception{}, fmt.Errorf("%w: said before", errRefused)
	}
	if got.trap, err = t.notification(packet); err != nil {
		return reception{}, err
	}
	got.trap.Authenticated = level != gosnmp.NoAuthNoPriv
	if got.trap.Confirmed {
		got.answer, err = r.confirm(packet, usm, t)
	}
	return got, err
}

// fresh reports whether the time of a sender did not go back, and remembers it (RFC
// 3414, 3.2.7b). A device that forgets its count of starts is heard again once we have
// started again.
func (t *Traps) fresh(from netip.Addr, usm *gosnmp.UsmSecurityParameters) bool {
	now := time.Now()
	said := engineClock{usm.AuthoritativeEngineID, usm.AuthoritativeEngineBoots, usm.AuthoritativeEngineTime, now}
	known, met := t.engines[from]
	if met && known.id == said.id {
		expected := int64(known.time) + int64(now.Sub(known.at)/time.Second)
		if said.boots < known.boots || said.boots == known.boots && int64(said.time) < expected-timeWindow {
			return false
		}
		if said.boots == known.boots && said.time <= known.time {
			return true
		}
	}
	t.engines[from] = said
	return true
}

// report answers who we are, or what time it is here.
func (r *receiver) report(packet *gosnmp.SnmpPacket, usm *gosnmp.UsmSecurityParameters, t *Traps, object string, flags gosnmp.SnmpV3MsgFlags) ([]byte, error) {
	usm.AuthoritativeEngineID, packet.ContextEngineID = t.engine.id, t.engine.id
	usm.AuthoritativeEngineBoots, usm.AuthoritativeEngineTime = t.engine.boots, t.engine.time()
	packet.PDUType, packet.MsgFlags = gosnmp.Report, flags
	packet.Error, packet.ErrorIndex = gosnmp.NoError, 0
	packet.Variables = []gosnmp.SnmpPDU{{Name: object, Type: gosnmp.Counter32, Value: uint32(t.refused.Load())}}
	return packet.MarshalMsg()
}

// confirm answers an inform of version 3 (RFC 3416, 4.2.7), encrypted as it was.
func (r *receiver) confirm(packet *gosnmp.SnmpPacket, usm *gosnmp.UsmSecurityParameters, t *Traps) ([]byte, error) {
	usm.AuthoritativeEngineBoots, usm.AuthoritativeEngineTime = t.engine.boots, t.engine.time()
	packet.PDUType, packet.MsgFlags = gosnmp.GetResponse, packet.MsgFlags&gosnmp.AuthPriv
	packet.Error, packet.ErrorIndex = gosnmp.NoError, 0
	if err := r.library.SecurityParameters.InitPacket(packet); err != nil {
		return nil, err
	}
	return packet.MarshalMsg()
}

// Objects of a notification: RFC 3418, RFC 2863.
const (
	snmpTrapOID = ".1.3.6.1.6.3.1.1.4.1.0"
	snmpTraps   = "1.3.6.1.6.3.1.1.5."
	ifIndex     = ".1.3.6.1.2.1.2.2.1.1"
)

// maxTrapObjects bounds what is looked at of one notification.
const maxTrapObjects = 100

// standard are the notifications of RFC 3418 and RFC 2863, by their last number.
var standard = map[string]string{
	"1": probe.MeansColdStart, "2": probe.MeansWarmStart, "3": probe.MeansLinkDown, "4": probe.MeansLinkUp, "5": probe.MeansAuthentication,
}

// notification reads what a message notifies of.
func (t *Traps) notification(packet *gosnmp.SnmpPacket) (*probe.Trap, error) {
	if packet.PDUType != gosnmp.SNMPv2Trap && packet.PDUType != gosnmp.InformRequest {
		return nil, fmt.Errorf("snmp: message of type %#x, expected a notification", byte(packet.PDUType))
	}
	objects := packet.Variables[:min(len(packet.Variables), maxTrapObjects)]
	trap := &probe.Trap{Confirmed: packet.PDUType == gosnmp.InformRequest, Means: probe.MeansOther}
	index := ""
	for _, v := range objects {
		switch {
		case v.Name == snmpTrapOID:
			name, _ := v.Value.(string)
			trap.Name = strings.TrimPrefix(name, ".")
		case strings.HasPrefix(v.Name, ifName+"."), strings.HasPrefix(v.Name, ifDescr+".") && trap.Interface == "":
			trap.Interface = text(v)
		case strings.HasPrefix(v.Name, ifIndex+"."):
			index = worded(v)
		}
	}
	if trap.Interface == "" {
		trap.Interface = index
	}
	if number, ours := strings.CutPrefix(trap.Name, snmpTraps); ours && standard[number] != "" {
		trap.Means = standard[number]
	} else if t.options.Profiles != nil {
		trap.Means = t.options.Profiles.meaning(OID(trap.Name), objects)
	}
	if err := trap.Validate(); err != nil {
		return nil, fmt.Errorf("snmp: notification: %w", err)
	}
	return trap, nil
}

// meaning is what a notification means by any of the profiles.
func (p *Profiles) meaning(name OID, objects []gosnmp.SnmpPDU) string {
	for _, profile := range p.list {
		for _, n := range profile.Traps {
			if n.Trap == name && n.With.holds(objects) {
				return n.Means
			}
		}
	}
	return probe.MeansOther
}

// holds reports whether one of the objects is as it must be.
func (w *With) holds(objects []gosnmp.SnmpPDU) bool {
	if w == nil {
		return true
	}
	return slices.ContainsFunc(objects, func(v gosnmp.SnmpPDU) bool {
		if !strings.HasPrefix(v.Name, "."+string(w.Column)+".") {
			return false
		}
		return slices.ContainsFunc(w.Is, func(n int64) bool { return worded(v) == fmt.Sprint(n) })
	})
}

package snmp

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

// Objects of a device as a whole: RFC 3418, and of its parts RFC 6933.
const (
	sysDescr    = ".1.3.6.1.2.1.1.1.0"
	sysObjectID = ".1.3.6.1.2.1.1.2.0"
	sysName     = ".1.3.6.1.2.1.1.5.0"
	sysLocation = ".1.3.6.1.2.1.1.6.0"

	entPhysicalClass    = ".1.3.6.1.2.1.47.1.1.1.1.5"
	entPhysicalSoftware = ".1.3.6.1.2.1.47.1.1.1.1.10"
	entPhysicalSerial   = ".1.3.6.1.2.1.47.1.1.1.1.11"
	entPhysicalModel    = ".1.3.6.1.2.1.47.1.1.1.1.13"
)

// vendor is who holds an enterprise number (IANA), and where its devices tell what RFC
// 6933 would, when they do not tell it there. An object that is no text is not read.
type vendor struct {
	name                    string
	serial, model, software string
}

// Enterprise numbers that more than the name depends on.
const (
	enterpriseCisco   = 9
	enterpriseJuniper = 2636
	enterpriseALE     = 6486
)

var vendors = map[uint32]vendor{
	enterpriseCisco:   {name: "Cisco", serial: ".1.3.6.1.4.1.9.3.6.3.0"},
	11:                {name: "Hewlett-Packard", software: ".1.3.6.1.4.1.11.2.14.11.5.1.1.3.0"},
	2007:              {name: "Teldat", software: ".1.3.6.1.4.1.2007.1.2.1.6.0"},
	2011:              {name: "Huawei"},
	2544:              {name: "Adtran (Adva)"},
	enterpriseJuniper: {name: "Juniper", serial: ".1.3.6.1.4.1.2636.3.1.3.0", model: ".1.3.6.1.4.1.2636.3.1.2.0"},
	3320:              {name: "BDCOM"},
	4526:              {name: "Netgear"},
	6527:              {name: "Nokia"},
	enterpriseALE:     {name: "Alcatel-Lucent Enterprise"},
	8072:              {name: "Net-SNMP"},
	9303:              {name: "PacketFlux"},
	10002:             {name: "Ubiquiti"},
	11256:             {name: "Stormshield"},
	12356:             {name: "Fortinet", serial: ".1.3.6.1.4.1.12356.100.1.1.1.0", software: ".1.3.6.1.4.1.12356.101.4.1.1.0"},
	13191:             {name: "OneAccess (Ekinops)"},
	14823:             {name: "Aruba"},
	14988: {
		name: "MikroTik", serial: ".1.3.6.1.4.1.14988.1.1.7.3.0", model: ".1.3.6.1.4.1.14988.1.1.7.9.0",
		software: ".1.3.6.1.4.1.14988.1.1.4.4.0",
	},
	25506: {name: "H3C"},
	30065: {name: "Arista"},
	41112: {name: "Ubiquiti"},
	47196: {name: "Aruba"},
}

// enterprise returns the number of the enterprise that an object identifier is of, 0
// when it is of none.
func enterprise(objectID string) uint32 {
	rest, found := strings.CutPrefix(objectID, "1.3.6.1.4.1.")
	if !found {
		return 0
	}
	first, _, _ := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(first, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// device reads everything. The error says why there is nothing.
func (w *walker) device() (probe.Device, error) {
	now := time.Now()
	told := w.scalars(sysDescr, sysObjectID, sysUpTime, sysName, sysLocation, snmpEngineTime)
	if w.err != nil {
		return probe.Device{}, w.err
	}
	ticks, _ := told.unsigned(sysUpTime, gosnmp.TimeTicks)
	uptime := time.Duration(ticks) * 10 * time.Millisecond
	system := probe.System{
		Descr: text(told[sysDescr]), ObjectID: objectID(told[sysObjectID]), Name: text(told[sysName]),
		Location: text(told[sysLocation]), UptimeSeconds: int64(uptime / time.Second),
	}
	if seconds, exact := told.integer(snmpEngineTime); exact && seconds > 0 {
		system.UptimeSeconds = seconds
	}
	maker := enterprise(system.ObjectID)
	system.Vendor = vendors[maker].name
	w.out.System = system
	w.parts()
	w.fromVendor(vendors[maker])
	w.out.Ports = w.ports(uptime, now)
	w.out.Addresses = w.addresses()
	w.out.VLANs = w.vlans(maker)
	w.out.Hosts = w.hosts()
	w.out.Neighbours = w.neighbours()
	if w.out.Requests = w.requests; w.err != nil {
		w.out.Problem = shown([]byte(problem(w.err)))
	}
	if w.empty() {
		return probe.Device{}, errors.New("snmp: the agent shows neither what it is nor an interface")
	}
	w.out.Fit()
	return w.out, nil
}

// empty reports whether an agent answered and told nothing, as to a community that may
// see nothing.
func (w *walker) empty() bool {
	s := w.out.System
	return len(w.out.Ports)+len(w.out.Addresses) == 0 && s.Descr+s.ObjectID+s.Name == ""
}

// Classes of parts (RFC 6933).
const (
	classChassis = 3
	classModule  = 9
	classStack   = 11
)

// parts reads serial number, model and software of the chassis, else of the stack,
// else of the first module that has both a number and a software, as a main board has.
func (w *walker) parts() {
	const most = 500
	read := func(name string) column { return w.column("system", name, most) }
	class, serial := read(entPhysicalClass), read(entPhysicalSerial)
	model, software := read(entPhysicalModel), read(entPhysicalSoftware)
	s := &w.out.System
	take := func(key string) {
		s.Serial = firstOf(s.Serial, serial.text(key))
		s.Model = firstOf(s.Model, model.text(key))
		s.Software = firstOf(s.Software, software.text(key))
	}
	for _, wanted := range []int64{classChassis, classStack, classModule} {
		for _, key := range class.sorted() {
			kind, _ := class.integer(key)
			if kind != wanted || kind == classModule && (serial.text(key) == "" || software.text(key) == "") {
				continue
			}
			take(key)
			break
		}
	}
	if len(serial) == 1 { // the only part is the device, whatever it calls itself
		take(serial.sorted()[0])
	}
}

// fromVendor reads what is still missing where the vendor tells it, and the version of
// the software from the description of the system.
func (w *walker) fromVendor(v vendor) {
	s := &w.out.System
	var wanted []string
	for name, into := range map[string]string{v.serial: s.Serial, v.model: s.Model, v.software: s.Software} {
		if name != "" && into == "" {
			wanted = append(wanted, name)
		}
	}
	if len(wanted) > 0 {
		told := w.scalars(wanted...)
		s.Serial = firstOf(s.Serial, text(told[v.serial]))
		s.Model = firstOf(s.Model, text(told[v.model]))
		s.Software = firstOf(s.Software, text(told[v.software]))
	}
	if found := version.FindStringSubmatch(s.Descr); s.Software == "" && found != nil {
		s.Software = found[1]
	}
}

// version finds what most vendors write: Version 17.6.4, revision W.15.08.0012.
var version = regexp.MustCompile(`(?i)\b(?:version|revision)[ :]+([A-Z]?[\w.()-]*\d[\w.()-]*)`)

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

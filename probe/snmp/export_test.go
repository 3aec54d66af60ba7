package snmp

import (
	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

// Decoded reads one answer as Poll would, for the fuzzer.
func Decoded(message []byte, index int) (probe.Poll, error) {
	library := &gosnmp.GoSNMP{Version: gosnmp.Version2c}
	packet, err := library.SnmpDecodePacket(message)
	if err != nil {
		return probe.Poll{}, err
	}
	found := values{}
	for _, variable := range packet.Variables {
		found[variable.Name] = variable
	}
	got, err := found.answer(index)
	return probe.Poll{Uptime: got.uptime, Boots: got.boots, Access: got.access}, err
}

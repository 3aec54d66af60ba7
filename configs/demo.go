package configs

import (
	"embed"
	"io/fs"
)

//go:embed demo/*.csv
var embedded embed.FS

// Demo is the folder of the demo inventory: real public schools with fictitious
// operators, links, addresses and prices.
func Demo() (fs.FS, error) { return fs.Sub(embedded, "demo") }

//go:embed mappings/*.yaml
var mappings embed.FS

// Mappings is the folder of ready mappings for vigie import --map.
func Mappings() (fs.FS, error) { return fs.Sub(mappings, "mappings") }

//go:embed snmp/*.yaml
var snmpProfiles embed.FS

// SNMPProfiles is the folder of the profiles by which devices are asked how they are.
func SNMPProfiles() (fs.FS, error) { return fs.Sub(snmpProfiles, "snmp") }

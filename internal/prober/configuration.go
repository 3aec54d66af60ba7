package prober

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"vigie/probe/icmp"
	"vigie/probe/schedule"
)

// Configuration says how often and how targets are probed.
type Configuration struct {
	// Cycle is the time between two rounds of a target.
	Cycle time.Duration `yaml:"cycle"`
	// Echoes is the number of echoes in a round, 1 to 255.
	Echoes int `yaml:"echoes"`
	// Gap is the time between two echoes of a round, at least 20ms.
	Gap time.Duration `yaml:"gap"`
	// Timeout is how long a reply is waited for, less than a third of the cycle.
	Timeout time.Duration `yaml:"timeout"`
	// Rate bounds the echoes sent in a second, averaged over a cycle: 10 to 100,000.
	// Targets beyond it take turns.
	Rate int `yaml:"rate"`
	// Clock says by what the prober's clock is judged.
	Clock ClockConfiguration `yaml:"clock"`
	// TraceEvery is the time between two traces of the way to a link while all is well, at
	// least 1m; with them those made at the start of an outage are compared.
	TraceEvery time.Duration `yaml:"trace_every"`
	// StampKeyFile holds the key of STAMP as hexadecimal digits, 32 to 128 of them; empty =
	// packets are not authenticated.
	StampKeyFile string `yaml:"stamp_key_file"`
	// SNMP says how routers are asked.
	SNMP SNMPConfiguration `yaml:"snmp"`
	// Throughput says whether what links carry is tested.
	Throughput ThroughputConfiguration `yaml:"throughput"`
}

// ClockConfiguration says by what the prober's clock is judged.
type ClockConfiguration struct {
	// Server is a server of time, host or host:port; empty = what the kernel knows.
	Server string `yaml:"server"`
}

// valid reports whether the server is none, a host, an address, or one with a port.
func (c ClockConfiguration) valid() bool {
	if strings.ContainsAny(c.Server, " \t/") {
		return false
	}
	if _, err := netip.ParseAddr(c.Server); err == nil || !strings.Contains(c.Server, ":") {
		return true
	}
	host, text, err := net.SplitHostPort(c.Server)
	port, notNumber := strconv.ParseUint(text, 10, 16)
	return err == nil && notNumber == nil && host != "" && port > 0
}

const lowestRate, highestRate = 10, 100_000

// DefaultConfiguration probes with 5 echoes, 100 ms apart, every 30 s, asks
// routers every minute and reads all that they carry once a day. The rate is what a third of a core sends and receives without
// false loss: 60,000 targets fit three times into a cycle.
func DefaultConfiguration() Configuration {
	return Configuration{
		Cycle: 30 * time.Second, Echoes: 5, Gap: 100 * time.Millisecond, Timeout: time.Second, TraceEvery: 24 * time.Hour, Rate: 30_000,
		SNMP: SNMPConfiguration{Interval: time.Minute, Walk: 24 * time.Hour}, Throughput: defaultThroughput(),
	}
}

// Validate names the key that is out of its range. No file is read.
func (c Configuration) Validate() error {
	if err := c.shape().Validate(); err != nil {
		return err
	}
	// The core decides a cycle a third of its length after its end at the latest;
	// what comes later changes no decision.
	if c.Timeout <= 0 || c.Timeout >= c.Cycle/3 {
		return fmt.Errorf("timeout: %s, expected more than 0 and less than a third of the cycle (%s)", c.Timeout, c.Cycle/3)
	}
	if err := (icmp.Options{Echoes: c.Echoes, Gap: c.Gap, Timeout: c.Timeout}).Validate(); err != nil {
		return err
	}
	if c.Rate < lowestRate || c.Rate > highestRate {
		return fmt.Errorf("rate: %d, expected %d to %d echoes a second", c.Rate, lowestRate, highestRate)
	}
	if !c.Clock.valid() {
		return fmt.Errorf("clock.server: %q, expected host or host:port, with a port of 1 to 65535", c.Clock.Server)
	}
	if c.TraceEvery < shortestTrace {
		return fmt.Errorf("trace_every: %s, expected at least %s", c.TraceEvery, shortestTrace)
	}
	if err := c.SNMP.validate(); err != nil {
		return fmt.Errorf("snmp.%w", err)
	}
	if err := c.Throughput.validate(); err != nil {
		return fmt.Errorf("throughput.%w", err)
	}
	return nil
}

// shortestTrace is the shortest time between two traces of a link.
const shortestTrace = time.Minute

func (c Configuration) shape() schedule.Shape {
	return schedule.Shape{Cycle: c.Cycle, Echoes: c.Echoes, Gap: c.Gap}
}

package prober

import (
	"fmt"
	"strings"
	"time"

	"vigie/probe"
	"vigie/probe/schedule"
	"vigie/probe/throughput"
)

// ThroughputConfiguration says whether and when what links carry is tested.
type ThroughputConfiguration struct {
	// Method is iperf3 or http, with whatever answers so at the far end of each link;
	// empty = nothing is tested.
	Method probe.ThroughputMethod `yaml:"method"`
	// Port of the far end; 0 = that of the method.
	Port int `yaml:"port"`
	// Source and Sink are paths for http, to be read and to be written.
	Source string `yaml:"source"`
	Sink   string `yaml:"sink"`
	// Every is the time between two tests of a link, Again after one below the contract,
	// Retry after one that could not be run.
	Every time.Duration `yaml:"every"`
	Again time.Duration `yaml:"again"`
	Retry time.Duration `yaml:"retry"`
	// Hours are the local hours in which tests run, HH:MM-HH:MM, over midnight too. In
	// school hours none does, whatever they say.
	Hours string `yaml:"hours"`
	// ExamDays are days without any test, 2027-06-14 or 2027-06-14/2027-06-18.
	ExamDays []string `yaml:"exam_days"`
	// MostLoadPercent is the use of a link, in percent of its contract, above which it is
	// not tested.
	MostLoadPercent int `yaml:"most_load_percent"`
	// Duration of the measured part of one direction, after SlowStart, which is left out.
	Duration  time.Duration `yaml:"duration"`
	SlowStart time.Duration `yaml:"slow_start"`
	// Streams are connections side by side.
	Streams int `yaml:"streams"`
	// MostMbps and MostMegabytes bound one direction of one test, in millions of bits a
	// second and of octets.
	MostMbps      int64 `yaml:"most_mbps"`
	MostMegabytes int64 `yaml:"most_megabytes"`
}

func defaultThroughput() ThroughputConfiguration {
	return ThroughputConfiguration{
		Source: "/down", Sink: "/up", Every: 30 * 24 * time.Hour, Again: 24 * time.Hour, Retry: time.Hour, Hours: "22:00-05:00",
		MostLoadPercent: 10, Duration: 10 * time.Second, SlowStart: 2 * time.Second, Streams: 4, MostMbps: 1000, MostMegabytes: 2000,
	}
}

// testsTogether is how many tests run at a time: they share the prober's own uplink.
const testsTogether = 1

// headroom is how much more than its contract a link is offered, so that one which
// carries more is not taken for one that carries just that, in hundredths.
const headroom = 125

func (c ThroughputConfiguration) validate() error {
	if c.Method == "" {
		return nil
	}
	switch {
	case c.Method != probe.ByIperf3 && c.Method != probe.ByHTTP:
		return fmt.Errorf("method: %q, expected %s, %s or nothing", c.Method, probe.ByIperf3, probe.ByHTTP)
	case c.Port < 0 || c.Port > 65535:
		return fmt.Errorf("port: %d, expected 1 to 65535, or 0 for that of the method", c.Port)
	case c.Every < time.Hour || c.Again < time.Minute || c.Retry < time.Minute:
		return fmt.Errorf("every, again, retry: %s, %s, %s, expected at least 1h, 1m, 1m", c.Every, c.Again, c.Retry)
	case c.MostLoadPercent < 0 || c.MostLoadPercent > 100:
		return fmt.Errorf("most_load_percent: %d, expected 0 to 100", c.MostLoadPercent)
	case c.MostMbps < 1 || c.MostMegabytes < 1:
		return fmt.Errorf("most_mbps, most_megabytes: %d, %d, expected at least 1", c.MostMbps, c.MostMegabytes)
	}
	if c.Method == probe.ByHTTP {
		for _, path := range []struct{ key, value string }{{"source", c.Source}, {"sink", c.Sink}} {
			if _, err := throughput.ParseURL("http://192.0.2.1" + path.value); err != nil || !strings.HasPrefix(path.value, "/") {
				return fmt.Errorf("%s: %q, expected a path that begins with /", path.key, path.value)
			}
		}
	}
	if _, err := ParseClosing(c.Hours, c.ExamDays); err != nil {
		return err
	}
	if _, err := c.Bounds(c.MostMbps * 1_000_000); err != nil {
		return err
	}
	return nil
}

// Policy is when the plan lets tests run.
func (c ThroughputConfiguration) Policy() schedule.HeavyPolicy {
	return schedule.HeavyPolicy{Every: c.Every, Again: c.Again, Retry: c.Retry, MostLoadPerMille: c.MostLoadPercent * 10, Together: testsTogether}
}

// Bounds are those of a test of a direction contracted at some bits per second: no more
// is offered than a little above the contract, or than the octets allow. A link too slow
// for all streams gets fewer.
func (c ThroughputConfiguration) Bounds(contractBits int64) (throughput.Bounds, error) {
	b := throughput.Bounds{
		Duration: c.Duration, SlowStart: c.SlowStart, Streams: c.Streams, BitsPerSecond: c.MostMbps * 1_000_000, Octets: c.MostMegabytes * 1_000_000,
	}
	if contractBits > 0 {
		b.BitsPerSecond = min(b.BitsPerSecond, contractBits*headroom/100)
	}
	b.BitsPerSecond = max(min(b.BitsPerSecond, b.Affordable()), throughput.LeastRate)
	b.Streams = min(b.Streams, int(b.BitsPerSecond/throughput.LeastRate))
	return b, b.Validate()
}

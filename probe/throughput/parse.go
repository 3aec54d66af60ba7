package throughput

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"vigie/probe"
)

// The JSON of iperf3 3.x, as far as it is read. Fields that a version does not have
// are pointers.
type (
	iperfOutput struct {
		Start struct {
			Test *struct {
				Protocol string  `json:"protocol"`
				Streams  int     `json:"num_streams"`
				Omit     float64 `json:"omit"`
				Reverse  int     `json:"reverse"`
			} `json:"test_start"`
		} `json:"start"`
		Intervals []struct {
			Sum iperfSum `json:"sum"`
		} `json:"intervals"`
		End struct {
			Sent     *iperfSum `json:"sum_sent"`
			Received *iperfSum `json:"sum_received"`
			CPU      *struct {
				Host   float64 `json:"host_total"`
				Remote float64 `json:"remote_total"`
			} `json:"cpu_utilization_percent"`
		} `json:"end"`
		Error string `json:"error"`
	}
	iperfSum struct {
		Seconds       float64  `json:"seconds"`
		Octets        float64  `json:"bytes"`
		BitsPerSecond float64  `json:"bits_per_second"`
		Retransmits   *float64 `json:"retransmits"`
	}
)

// tolerance is how far a rate may be from its own octets and seconds: the two ends
// close their intervals some milliseconds apart.
const tolerance = 0.05

// ParseIperf3 reads what iperf3 --json wrote of a TCP test of one direction. What the
// receiver counted is the figure (end.sum_received); the sender's retransmits stand
// beside it. The error is a *Failure: an iperf3 that refused gives its reason, and
// output that is cut short, contradicts itself or is of another test is BadAnswer.
func ParseIperf3(output []byte, d Direction, b Bounds) (probe.Flow, error) {
	var o iperfOutput
	if err := json.Unmarshal(output, &o); err != nil {
		return probe.Flow{}, failed(probe.BadAnswer, "iperf3 wrote no whole JSON (%d octets): %v", len(output), err)
	}
	if o.Error != "" {
		return probe.Flow{}, refused(o.Error)
	}
	test, received := o.Start.Test, o.End.Received
	switch {
	case test == nil || received == nil:
		return probe.Flow{}, failed(probe.BadAnswer, "iperf3 wrote neither what was tested nor what was received")
	case test.Protocol != "TCP" || test.Streams != b.Streams || (test.Reverse != 0) != (d == Reverse):
		return probe.Flow{}, failed(probe.BadAnswer, "iperf3 tested %s with %d streams, reverse %d, not what was asked", test.Protocol, test.Streams, test.Reverse)
	case !sound(received) || o.End.Sent != nil && !sound(o.End.Sent):
		return probe.Flow{}, failed(probe.BadAnswer, "iperf3 received %g octets in %g s, and calls that %g bit/s", received.Octets, received.Seconds, received.BitsPerSecond)
	case received.Octets == 0:
		return probe.Flow{}, failed(probe.BadAnswer, "iperf3 received nothing")
	}
	f := probe.Flow{
		BitsPerSecond: int64(math.Round(received.BitsPerSecond)), Layer: probe.PayloadLayer, Octets: int64(received.Octets),
		Millis: max(1, int64(math.Round(received.Seconds*1000))), SkippedMillis: (time.Duration(test.Omit) * time.Second).Milliseconds(),
		Streams: test.Streams, Retransmits: -1, CapBits: b.BitsPerSecond, HostPermille: -1, RemotePermille: -1, MachinePermille: -1,
	}
	var whole float64 // with what was left out
	for _, interval := range o.Intervals {
		if n := interval.Sum.Octets; n > 0 && n < 1<<43 {
			whole += n
		}
	}
	f.Octets = max(f.Octets, int64(min(whole, 1<<43-1)))
	if o.End.Sent != nil && o.End.Sent.Retransmits != nil {
		if n := *o.End.Sent.Retransmits; n >= 0 && n < 1<<40 {
			f.Retransmits = int64(n)
		}
	}
	if cpu := o.End.CPU; cpu != nil {
		f.HostPermille, f.RemotePermille = permille(cpu.Host), permille(cpu.Remote)
	}
	return f, nil
}

// sound reports whether a sum is of numbers that belong together.
func sound(s *iperfSum) bool {
	if s.Seconds <= 0 || s.Seconds > 3600 || s.Octets < 0 || s.Octets >= 1<<43 || s.BitsPerSecond < 0 || s.BitsPerSecond >= 1<<43 {
		return false
	}
	rate := s.Octets * 8 / s.Seconds
	return math.Abs(rate-s.BitsPerSecond) <= tolerance*max(rate, s.BitsPerSecond)
}

// permille turns the percent of a processor into thousandths, -1 for what cannot be.
func permille(percent float64) int {
	if percent < 0 || percent > 100_000 {
		return -1
	}
	return int(math.Round(percent * 10))
}

// refused gives the reason for what iperf3 says went wrong. The words are those of
// iperf_err.c, which differ between versions in what stands before them.
func refused(text string) *Failure {
	lower := strings.ToLower(text)
	reason := probe.BadAnswer
	for words, is := range map[string]probe.NotRun{
		"busy running a test":   probe.ServerBusy,
		"unable to connect":     probe.NoServer,
		"client has terminated": probe.Interrupted,
	} {
		if strings.Contains(lower, words) {
			reason = is
		}
	}
	return failed(reason, "iperf3: %s", text)
}

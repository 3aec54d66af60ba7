package api

import (
	"time"

	"vigie/internal/view"
	"vigie/probe"
)

// ThroughputTest is one test of what a link carries, or why one that was due did not run.
type ThroughputTest struct {
	At     time.Time       `json:"at"`
	Prober string          `json:"prober"`
	Method string          `json:"method" doc:"iperf3 or http; empty when nothing was tried."`
	Server string          `json:"server" doc:"The far end."`
	NotRun string          `json:"not_run" doc:"Why there is no figure, or not both, or no verdict (host-busy); empty with both."`
	Detail string          `json:"detail" doc:"The same in the words of whoever refused."`
	Down   *ThroughputFlow `json:"down" doc:"Towards the site; null when it was not measured."`
	Up     *ThroughputFlow `json:"up"`
}

// ThroughputFlow is what went one way.
type ThroughputFlow struct {
	Bits        int64  `json:"bits_per_second" doc:"Without the slow start."`
	Layer       string `json:"layer" doc:"tcp-payload: layer 4, without any header."`
	Octets      int64  `json:"octets"`
	Millis      int64  `json:"milliseconds" doc:"That the rate is of."`
	Streams     int    `json:"streams"`
	Retransmits *int64 `json:"retransmits" doc:"Segments sent again; null when the sender did not tell."`
	Contract    int64  `json:"contract_bits_per_second"`
	Limit       int64  `json:"limit_bits_per_second" doc:"Our own."`
	Capped      bool   `json:"capped" doc:"The rate is at our own limit: the link carries at least as much."`
	Short       bool   `json:"short" doc:"Below nine tenths of the contract; never where our own machine was busy."`
	HostBusy    bool   `json:"host_busy" doc:"Our own machine was more than 80 % busy beside the test, or late: no verdict."`
	Host        *int   `json:"host_permille" doc:"How busy our program kept a processor, in thousandths; null when it is not told."`
	Machine     *int   `json:"machine_permille" doc:"How busy all processors of our machine were; null when it is not told."`
	Late        int64  `json:"late_microseconds" doc:"How late our machine woke up who had a time to send at; 95th percentile."`
}

func newThroughputTest(t view.Test) ThroughputTest {
	notRun := t.NotRun
	if notRun == "" && t.HostBusy() {
		notRun = probe.HostBusy
	}
	return ThroughputTest{
		At: t.At.UTC(), Prober: t.Prober, Method: string(t.Method), Server: t.Server, NotRun: string(notRun), Detail: t.Detail,
		Down: newThroughputFlow(t.Down), Up: newThroughputFlow(t.Up),
	}
}

func newThroughputFlow(f *probe.Flow) *ThroughputFlow {
	if f == nil {
		return nil
	}
	flow := &ThroughputFlow{
		Bits: f.BitsPerSecond, Layer: string(f.Layer), Octets: f.Octets, Millis: f.Millis, Streams: f.Streams,
		Contract: f.ContractBits, Limit: f.CapBits, Capped: f.Capped(), Short: f.Short(),
		HostBusy: f.HostBusy(), Late: f.LateMicros,
	}
	if f.HostPermille >= 0 {
		flow.Host = &f.HostPermille
	}
	if f.MachinePermille >= 0 {
		flow.Machine = &f.MachinePermille
	}
	if f.Retransmits >= 0 {
		flow.Retransmits = &f.Retransmits
	}
	return flow
}

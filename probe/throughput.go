package probe

import (
	"errors"
	"fmt"
	"time"
)

// Throughput is one active test of what a link carries, or why a test that was due
// was not run.
type Throughput struct {
	// Began is when the test began, or when it was found that it cannot be run: UTC.
	Began time.Time `json:"began"`
	// Millis is how long the link was in use by it, in thousandths of a second.
	Millis int64 `json:"millis,omitempty"`
	// Method is how it was measured, Server the far end: ADDRESS:PORT or a URL.
	Method ThroughputMethod `json:"method,omitempty"`
	Server string           `json:"server,omitempty"`
	// NotRun says why there is no figure, Detail the same in the words of whoever
	// refused. With it, Down and Up hold what was measured before.
	NotRun NotRun `json:"not_run,omitempty"`
	Detail string `json:"detail,omitempty"`
	// LoadPerMille is what the link carried before, in thousandths of the contracted
	// rate of the fuller direction; -1 where that was not known.
	LoadPerMille int `json:"load_permille"`
	// Down is towards the site, Up from it; nil where nothing was measured.
	Down *Flow `json:"down,omitempty"`
	Up   *Flow `json:"up,omitempty"`
}

// ThroughputMethod is how throughput is measured.
type ThroughputMethod string

// The methods.
const (
	ByIperf3 ThroughputMethod = "iperf3" // TCP between two iperf3 programs
	ByHTTP   ThroughputMethod = "http"   // a download and an upload by HTTP
)

// Layer is where the octets of a figure were counted.
type Layer string

// PayloadLayer counts what TCP carries, without the headers of TCP, IP and below:
// layer 4 goodput. Over Ethernet with packets of 1,500 octets and time stamps it is at
// most 1,448 of 1,538 octets, 94.1 % of the rate of the line (layer 1), and 1,448 of
// 1,500, 96.5 % of a rate that counts IP packets (layer 3); no exact figure of a lower
// layer follows from it, since it does not tell how many packets there were.
const PayloadLayer Layer = "tcp-payload"

// Flow is what went one way.
type Flow struct {
	BitsPerSecond int64 `json:"bits_per_second"`
	Layer         Layer `json:"layer"`
	// Octets are all that went, Millis the time that the figure is of: the slow start,
	// SkippedMillis long, is in the first and not in the second.
	Octets        int64 `json:"octets"`
	Millis        int64 `json:"millis"`
	SkippedMillis int64 `json:"skipped_millis"`
	Streams       int   `json:"streams"`
	// Retransmits counts segments that were sent again; -1 when the sender did not tell.
	Retransmits int64 `json:"retransmits"`
	// ContractBits is the contracted rate in bits per second, CapBits our own limit; 0 =
	// none. A figure at the limit says that the link carries at least as much.
	ContractBits int64 `json:"contract_bits,omitempty"`
	CapBits      int64 `json:"cap_bits,omitempty"`
	// HostPermille and RemotePermille are how busy the two programs kept a processor, in
	// thousandths; -1 where it is not told. A busy one limits the figure.
	HostPermille   int `json:"host_permille"`
	RemotePermille int `json:"remote_permille"`
	// MachinePermille is how busy our whole machine was, in thousandths of all its
	// processors; -1 where it is not told. LateMicros is how late it woke up who had a
	// time to send at, in microseconds: nineteen of twenty times it was less.
	MachinePermille int   `json:"machine_permille,omitempty"`
	LateMicros      int64 `json:"late_micros,omitempty"`
}

// From these on our own machine is what a figure may show.
const (
	busyPermille = 800
	// lateMicros is how far a stream may be ahead to make up for having been late.
	lateMicros = 20_000
)

// HostBusy reports whether our own machine was too busy, or too late, beside the test for
// the figure to accuse the link.
func (f Flow) HostBusy() bool {
	return f.HostPermille >= busyPermille || f.MachinePermille >= busyPermille || f.LateMicros >= lateMicros
}

// HostBusy reports whether that is so of a direction that was measured.
func (t *Throughput) HostBusy() bool {
	return t.Down != nil && t.Down.HostBusy() || t.Up != nil && t.Up.HostBusy()
}

// nearCap is the part of our own limit from which on a figure shows the limit and not
// the link, in thousandths.
const nearCap = 950

// Capped reports whether the figure shows our own limit: the link carries more.
func (f Flow) Capped() bool {
	return f.CapBits > 0 && f.BitsPerSecond >= f.CapBits/1000*nearCap
}

// shortOf is the part of the contract below which a figure is short of it, in
// thousandths. TCP payload is 94.1 % of the rate of an Ethernet line at most, 96.5 % of
// one that counts IP packets, and a contract seldom names its layer: less than nine
// tenths is short of any.
const shortOf = 900

// Short reports whether the figure is below the contract in any reading of it. One at our
// own limit is not, nor one beside which our own machine was busy.
func (f Flow) Short() bool {
	return f.ContractBits > 0 && !f.Capped() && !f.HostBusy() && f.BitsPerSecond < f.ContractBits/1000*shortOf
}

// Short reports whether a direction that was measured is.
func (t *Throughput) Short() bool {
	return t.Down != nil && t.Down.Short() || t.Up != nil && t.Up.Short()
}

// NotRun is why a test was not run, or not to its end.
type NotRun string

// The reasons. The first ones are the guard's, before anything is sent.
const (
	InSchoolHours   NotRun = "school-hours"     // pupils are there
	InExams         NotRun = "exams"            // a day of exams
	CalendarUnknown NotRun = "calendar-unknown" // the school calendar does not go so far
	OutsideWindow   NotRun = "outside-window"   // not an hour at which tests run
	LinkNotUp       NotRun = "link-not-up"      // down, degraded or unknown: there is an incident to see to
	LoadHigh        NotRun = "load-high"        // somebody uses the link
	LoadUnknown     NotRun = "load-unknown"     // the router does not tell what the link carries
	LinkBusy        NotRun = "link-busy"        // another heavy probe is on it
	SiteBusy        NotRun = "site-busy"        // a link of the same site is tested
	POPBusy         NotRun = "pop-busy"         // a link of the same POP is tested
	ProberBusy      NotRun = "prober-busy"      // as many tests run as are allowed
	NotDue          NotRun = "not-due"          // tested lately
	RetryWaits      NotRun = "retry-waits"      // the last try gave no figure, and the next has its time
	HostBusy        NotRun = "host-busy"        // there are figures, but our own machine was too busy for a verdict
	NoServer        NotRun = "no-server"        // nothing answers at the far end
	ServerBusy      NotRun = "server-busy"      // the far end tests with somebody else
	BadAnswer       NotRun = "bad-answer"       // the far end, or the program, said nonsense
	NoProgram       NotRun = "no-program"       // iperf3 is not installed here
	CanaryLoss      NotRun = "canary-loss"      // echoes beside the test were lost
	CanaryDelay     NotRun = "canary-delay"     // echoes beside the test took twice as long
	CanarySilent    NotRun = "canary-silent"    // no canary answered before the test
	Interrupted     NotRun = "interrupted"      // the prober was stopped
)

// NotRunReasons lists every reason, for whoever puts them into words.
func NotRunReasons() []NotRun {
	return []NotRun{
		InSchoolHours, InExams, CalendarUnknown, OutsideWindow, LinkNotUp, LoadHigh, LoadUnknown, LinkBusy, SiteBusy, POPBusy,
		ProberBusy, NotDue, RetryWaits, HostBusy, NoServer, ServerBusy, BadAnswer, NoProgram, CanaryLoss, CanaryDelay, CanarySilent, Interrupted,
	}
}

// The bounds of a test: nothing of ours is beyond them.
const (
	maxRate       = 1 << 43 // bits per second, 8.8 Tbit/s
	maxFlowOctets = 1 << 43
	maxTestMillis = 60 * 60 * 1000
	maxStreams    = 128
	maxPermille   = 1 << 20 // of one processor; a program may use several
	maxDetail     = 500
	maxServer     = 500
)

// Kind is "throughput".
func (*Throughput) Kind() string { return "throughput" }

// Validate refuses what no test gives: neither a figure nor a reason, a number out of
// its range, a text that is too long.
func (t *Throughput) Validate() error {
	switch {
	case t.Began.IsZero():
		return errNoTime
	case t.NotRun == "" && t.Down == nil && t.Up == nil:
		return errors.New("neither a figure nor a reason for none")
	case t.NotRun == "" && t.Method != ByIperf3 && t.Method != ByHTTP:
		return fmt.Errorf("method %q, expected %s or %s", t.Method, ByIperf3, ByHTTP)
	case t.Millis < 0 || t.Millis > maxTestMillis:
		return fmt.Errorf("%d ms, expected 0 to %d", t.Millis, maxTestMillis)
	case t.LoadPerMille < -1 || t.LoadPerMille > maxPermille:
		return fmt.Errorf("load of %d per mille, expected -1 to %d", t.LoadPerMille, maxPermille)
	case len(t.Detail) > maxDetail || len(t.Server) > maxServer || len(t.NotRun) > maxText || len(t.Method) > maxText:
		return fmt.Errorf("a text of more than %d octets", maxDetail)
	}
	for _, f := range []*Flow{t.Down, t.Up} {
		if err := f.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (f *Flow) validate() error {
	if f == nil {
		return nil
	}
	for _, n := range []struct {
		name        string
		value       int64
		least, most int64
	}{
		{"bits per second", f.BitsPerSecond, 0, maxRate},
		{"octets", f.Octets, 0, maxFlowOctets},
		{"milliseconds", f.Millis, 1, maxTestMillis},
		{"milliseconds left out", f.SkippedMillis, 0, maxTestMillis},
		{"streams", int64(f.Streams), 1, maxStreams},
		{"retransmits", f.Retransmits, -1, maxFlowOctets},
		{"contracted bits per second", f.ContractBits, 0, maxRate},
		{"limit in bits per second", f.CapBits, 0, maxRate},
		{"load of the host", int64(f.HostPermille), -1, maxPermille},
		{"load of the machine", int64(f.MachinePermille), -1, 1000},
		{"time late in microseconds", f.LateMicros, 0, maxTestMillis * 1000},
		{"load of the far end", int64(f.RemotePermille), -1, maxPermille},
	} {
		if n.value < n.least || n.value > n.most {
			return fmt.Errorf("%s: %d, expected %d to %d", n.name, n.value, n.least, n.most)
		}
	}
	if f.Layer != PayloadLayer {
		return fmt.Errorf("layer %q, expected %q", f.Layer, PayloadLayer)
	}
	return nil
}

package app

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"vigie/internal/httpd"
	"vigie/internal/store"
	"vigie/internal/watch"
	"vigie/probe"
	"vigie/probe/snmp"
)

// meters are Vigie's own figures, as /metrics shows them. What belongs to a link
// is bounded by the inventory and comes from the store, not from here.
type meters struct {
	set         *metrics.Set
	probers     *proberMeters
	batches     *metrics.Counter
	rounds      *metrics.Counter
	polls       *metrics.Counter
	answers     *metrics.Counter
	cycles      *metrics.Counter
	transitions *metrics.Counter
	effects     *metrics.Counter
	lag         *metrics.Summary // Prometheus would not know the buckets of the library's histograms
	decided     atomic.Int64     // start of the last decided cycle, Unix seconds
	measured    atomic.Int64     // start of the last cycle that a prober delivered whole, likewise
	pastPercent atomic.Int64     // of a demonstration's simulated past
}

// lagWindow is the time of which the quantiles of the lag tell.
const lagWindow = 10 * time.Minute

func newMeters() *meters {
	set := metrics.NewSet()
	m := &meters{
		set:         set,
		probers:     newProberMeters(set),
		batches:     set.NewCounter("vigie_batches_received_total"),
		rounds:      set.NewCounter("vigie_rounds_received_total"),
		polls:       set.NewCounter("vigie_router_polls_total"),
		answers:     set.NewCounter("vigie_router_polls_answered_total"),
		cycles:      set.NewCounter("vigie_cycles_decided_total"),
		transitions: set.NewCounter("vigie_link_transitions_total"),
		effects:     set.NewCounter("vigie_ticket_effects_total"),
		lag:         set.NewSummaryExt("vigie_cycle_decision_lag_seconds", lagWindow, []float64{0.5, 0.95, 1}),
	}
	set.NewGauge("vigie_cycle_last_decided_timestamp_seconds", func() float64 {
		return float64(m.decided.Load())
	})
	return m
}

func (m *meters) batch(b probe.Batch) {
	m.batches.Inc()
	m.rounds.Add(len(b.Observations))
	m.probers.of(b.Prober).batch(b, time.Now())
	m.polls.Add(len(b.Polls))
	for _, p := range b.Polls {
		if p.Problem == "" {
			m.answers.Inc()
		} else {
			m.set.GetOrCreateCounter(`vigie_router_polls_failed_total{reason="` + pollReason(p.Problem) + `"}`).Inc()
		}
	}
	if b.Last {
		m.measured.Store(b.Cycle.Unix())
	}
}

// pollReasons are the problems of a poll that have a name, as a label: what a router
// or the system says in its own words must not make series without end.
var pollReasons = map[string]string{
	snmp.ProblemSilent:     "silent",
	snmp.ProblemRefused:    "refused",
	snmp.ProblemStopped:    "stopped",
	snmp.ProblemCredential: "credential",
	snmp.ProblemCommunity:  "community",
	snmp.ProblemClock:      "clock",
	snmp.ProblemUnset:      "not-configured",
}

func pollReason(problem string) string {
	if reason, known := pollReasons[problem]; known {
		return reason
	}
	return "other"
}

func (m *meters) cycle(r watch.Report) {
	m.cycles.Inc()
	m.transitions.Add(r.Transitions)
	m.effects.Add(r.Effects)
	m.lag.Update(r.Lag.Seconds())
	m.decided.Store(r.Cycle.Unix())
	for _, u := range r.Uplinks {
		m.probers.of(u.Prober).uplink(u)
	}
}

// past shows how much of a demonstration's past is written; nothing else has one.
func (m *meters) past(mark store.PastMark) {
	m.pastPercent.Store(int64(mark.Percent()))
	m.set.GetOrCreateGauge("vigie_simulated_past_written_percent", func() float64 { return float64(m.pastPercent.Load()) })
}

func (m *meters) lastDecided() time.Time { return time.Unix(m.decided.Load(), 0) }
func (m *meters) lastBatch() time.Time   { return time.Unix(m.measured.Load(), 0) }

// notifications takes over what a prober of this process counted of them.
func (m *meters) notifications(c snmp.TrapCounters) {
	for result, n := range map[string]uint64{
		"heard": c.Heard, "unknown": c.Unknown, "refused": c.Refused, "malformed": c.Malformed, "limited": c.Limited,
	} {
		m.set.GetOrCreateCounter(`vigie_snmp_notifications_total{result="` + result + `"}`).Set(n)
	}
}

// pushes counts the attempts to send figures, and those that failed.
func (m *meters) pushes() (sent, failed *metrics.Counter) {
	return m.set.GetOrCreateCounter("vigie_metrics_pushes_total"), m.set.GetOrCreateCounter("vigie_metrics_pushes_failed_total")
}

// writeParts says of each part of Vigie whether it is well.
func writeParts(w io.Writer, parts []httpd.Part) {
	for _, p := range parts {
		well := 0
		if p.Healthy {
			well = 1
		}
		fmt.Fprintf(w, "vigie_part_healthy{part=%q} %d\n", p.Name, well)
	}
}

// writePending says how many batches the stream still holds for the core.
func writePending(w io.Writer, batches uint64) {
	fmt.Fprintf(w, "vigie_stream_pending_batches %d\n", batches)
}

// write gives every figure in the Prometheus text format.
func (m *meters) write(w io.Writer) {
	m.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
}

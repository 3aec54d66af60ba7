package app

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"vigie/internal/watch"
	"vigie/probe"
)

// mostProbers bounds the probers that have series of their own; those beyond it share
// one, so that a name that changes makes no series without end.
const mostProbers = 64

// proberMeters are the figures of each prober's own quality.
type proberMeters struct {
	set *metrics.Set
	mu  sync.Mutex
	by  map[string]*proberMeter
}

func newProberMeters(set *metrics.Set) *proberMeters {
	return &proberMeters{set: set, by: map[string]*proberMeter{}}
}

// of returns the meter of a prober.
func (m *proberMeters) of(prober string) *proberMeter {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.by[prober]; !known && len(m.by) >= mostProbers {
		prober = "other"
	}
	one, known := m.by[prober]
	if !known {
		one = newProberMeter(m.set, prober)
		m.by[prober] = one
	}
	return one
}

// wrongClock is beyond what a dispute about minutes of an outage can bear.
const wrongClock = time.Second

// clocksKept reports whether every prober that knows something of its clock knows that it
// is right.
func (m *proberMeters) clocksKept() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.by {
		if one.free.Load() || time.Duration(one.offset.Load()).Abs() > wrongClock {
			return false
		}
	}
	return true
}

// proberMeter counts for one prober.
type proberMeter struct {
	planned, measured, overrun, unsent, void, dropped *metrics.Counter
	unstamped, malformed, forged, duplicate, late     *metrics.Counter
	errands, gaps                                     *metrics.Counter
	isolatedTime, doubtfulTime                        *metrics.FloatCounter
	isolated                                          atomic.Int64 // 1 while it reaches none of its canaries
	// Of the last whole cycle; times in nanoseconds.
	worstLag, lag95, offset, arrival, synchronised, cycle atomic.Int64
	free                                                  atomic.Bool // its host says that nothing keeps the clock
	// shown sets a figure of the clock, or takes it away where nothing is known.
	shown func(name string, d time.Duration, known bool)
}

func newProberMeter(set *metrics.Set, prober string) *proberMeter {
	counter := func(name, more string) *metrics.Counter {
		return set.NewCounter(fmt.Sprintf("%s{prober=%q%s}", name, prober, more))
	}
	m := &proberMeter{
		planned:   counter("vigie_prober_rounds_planned_total", ""),
		measured:  counter("vigie_prober_rounds_measured_total", ""),
		overrun:   counter("vigie_prober_overrun_total", ""),
		errands:   counter("vigie_prober_errands_left_out_total", ""),
		unsent:    counter("vigie_prober_echoes_unsent_total", ""),
		void:      counter("vigie_prober_echoes_void_total", ""),
		dropped:   counter("vigie_prober_messages_dropped_total", ""),
		unstamped: counter("vigie_prober_echoes_unstamped_total", ""),
		malformed: counter("vigie_prober_replies_rejected_total", `,reason="malformed"`),
		forged:    counter("vigie_prober_replies_rejected_total", `,reason="forged"`),
		duplicate: counter("vigie_prober_replies_rejected_total", `,reason="duplicate"`),
		late:      counter("vigie_prober_replies_rejected_total", `,reason="late"`),
		gaps:      counter("vigie_prober_batches_lost_total", ""),
	}
	for gap, of := range map[string]**metrics.FloatCounter{"isolated": &m.isolatedTime, "doubtful": &m.doubtfulTime} {
		*of = set.NewFloatCounter(fmt.Sprintf("vigie_prober_%s_seconds_total{prober=%q}", gap, prober))
	}
	set.NewGauge(fmt.Sprintf("vigie_prober_isolated{prober=%q}", prober), func() float64 { return float64(m.isolated.Load()) })
	seconds := func(name string, nanos *atomic.Int64) {
		set.NewGauge(fmt.Sprintf("%s{prober=%q}", name, prober), func() float64 { return time.Duration(nanos.Load()).Seconds() })
	}
	seconds("vigie_prober_worst_send_lag_seconds", &m.worstLag)
	seconds("vigie_prober_p95_send_lag_seconds", &m.lag95)
	seconds("vigie_prober_batch_arrival_seconds", &m.arrival)
	seconds("vigie_prober_last_cycle_timestamp_seconds", &m.cycle)
	set.NewGauge(fmt.Sprintf("vigie_prober_clock_synchronised{prober=%q}", prober), func() float64 { return float64(m.synchronised.Load()) })
	m.shown = func(name string, d time.Duration, known bool) {
		name = fmt.Sprintf("%s{prober=%q}", name, prober)
		if known {
			set.GetOrCreateGauge(name, nil).Set(d.Seconds())
		} else {
			set.UnregisterMetric(name)
		}
	}
	return m
}

// uplink adds a cycle decided.
func (m *proberMeter) uplink(u watch.Uplink) {
	m.isolated.Store(0)
	switch u.Gap {
	case watch.Isolated:
		m.isolated.Store(1)
		m.isolatedTime.Add(u.Length.Seconds())
	case watch.Doubtful:
		m.doubtfulTime.Add(u.Length.Seconds())
	}
}

// batch adds a batch that came at now.
func (m *proberMeter) batch(b probe.Batch, now time.Time) {
	q := b.Quality
	m.planned.Add(b.Planned)
	m.measured.Add(len(b.Observations))
	m.overrun.Add(q.Overrun)
	m.errands.Add(q.Errands)
	m.unsent.Add(q.Unsent)
	m.void.Add(q.Void)
	m.dropped.Add(q.Dropped)
	m.unstamped.Add(q.Unstamped)
	m.malformed.Add(q.Malformed)
	m.forged.Add(q.Forged)
	m.duplicate.Add(q.Duplicate)
	m.late.Add(q.Late)
	m.gaps.Add(q.Gap)
	if !b.Last {
		return
	}
	m.worstLag.Store(int64(q.WorstLag))
	m.lag95.Store(int64(q.Lag95))
	m.offset.Store(int64(q.Clock.Offset))
	// A clock that nobody checks is not right to the nanosecond: nothing is said of it.
	m.shown("vigie_prober_clock_offset_seconds", q.Clock.Offset, q.Clock.Synchronised)
	m.shown("vigie_prober_clock_max_error_seconds", q.Clock.MaxError, q.Clock.Synchronised && q.Clock.MaxError > 0)
	m.arrival.Store(int64(now.Sub(b.Cycle.Add(b.CycleLength))))
	m.cycle.Store(b.Cycle.UnixNano())
	m.free.Store(q.Clock.Source != "" && !q.Clock.Synchronised)
	m.synchronised.Store(0)
	if q.Clock.Synchronised {
		m.synchronised.Store(1)
	}
}

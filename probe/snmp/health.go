package snmp

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gosnmp/gosnmp"

	"vigie/probe"
)

const (
	// maxRowsKept is how many rows of a table a poll asks for again: the highest that
	// were found. More processors or sensors say no more of a router.
	maxRowsKept = 16
	// maxColumn bounds the rows of a column that are looked at, once.
	maxColumn = 512
	// learnAgain is how long what tells of a device is used before it is looked for
	// anew: a module was put in, or a sensor came late.
	learnAgain = 6 * time.Hour
)

// plan is what tells how a device is: learned once, asked in every poll. The zero value
// asks for nothing.
type plan struct {
	*layout
	at    time.Time // when it was learned
	boots int64     // of the device then
}

// layout is where the quantities of a device stand. Devices of one model share one:
// a country's routers are of some dozens.
type layout struct {
	profile string
	object  OID // sysObjectID
	// Rows of each quantity, and how they are read.
	cpu, memory, temperature, onBattery, battery, supplies, cause quantity
	names                                                         []string // of all objects, sysObjectID first
}

// quantity is where one quantity is found.
type quantity struct {
	source Source
	rows   []reading
}

// reading is one row: the objects that make it, with the point in front.
type reading struct {
	value, used, free, total []string
	scale                    float64
}

func (l *layout) quantities() []*quantity {
	return []*quantity{&l.cpu, &l.memory, &l.temperature, &l.onBattery, &l.battery, &l.supplies, &l.cause}
}

// oids are the objects that the plan asks for.
func (p plan) oids() []string {
	if p.layout == nil {
		return nil
	}
	return p.names
}

func (r reading) names() []string { return slices.Concat(r.value, r.used, r.free, r.total) }

// layouts are those in use, each once. It may be used from several goroutines.
type layouts struct {
	mu   sync.Mutex
	held map[string]*layout
}

// mostLayouts bounds what is held for devices to come; those in use stay with them.
const mostLayouts = 4096

// share returns the layout that equals one.
func (s *layouts) share(one *layout) *layout {
	one.names = []string{sysObjectID}
	key := one.profile + "\n" + string(one.object)
	for i, q := range one.quantities() {
		for _, r := range q.rows {
			one.names = append(one.names, r.names()...)
			key += fmt.Sprint("\n", i, r)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if same := s.held[key]; same != nil {
		return same
	}
	if s.held == nil || len(s.held) >= mostLayouts {
		s.held = map[string]*layout{}
	}
	s.held[key] = one
	return one
}

// stale reports whether the plan was learned of another device, of an earlier life of
// it, or too long ago, or does not tell any more what it told.
func (p plan) stale(found values, boots int64, now time.Time) bool {
	age := now.Sub(p.at)
	if p.layout == nil || found.object() != p.object || boots != p.boots || age > learnAgain {
		return true
	}
	return age > searchAgain && slices.ContainsFunc(p.quantities(), func(q *quantity) bool { return len(q.rows) > 0 && !q.there(found) })
}

// there reports whether an object of the quantity is told, whatever it says.
func (q *quantity) there(found values) bool {
	return slices.ContainsFunc(q.rows, func(r reading) bool {
		return slices.ContainsFunc(r.names(), func(name string) bool {
			v, told := found[name]
			return told && v.Value != nil
		})
	})
}

// object is the device's sysObjectID, empty when it tells none.
func (v values) object() OID {
	text, _ := v[sysObjectID].Value.(string)
	return OID(strings.TrimPrefix(text, "."))
}

// health reads what a device told by the layout.
func (l *layout) health(found values) probe.Health {
	h := probe.Health{
		Profile:     l.profile,
		CPU:         l.cpu.figure(found, 1, 0, probe.MaxPercent),
		Memory:      l.memory.figure(found, 1, 0, probe.MaxPercent),
		Temperature: l.temperature.figure(found, 10, probe.MinTenths, probe.MaxTenths),
		Battery:     l.battery.figure(found, 1, 0, probe.MaxBattery),

		FailedSupplies: l.supplies.count(found),
	}
	if value, told := l.onBattery.take(found); told {
		h.OnBattery = probe.No
		if slices.Contains(l.onBattery.source.Is, int64(value)) {
			h.OnBattery = probe.Yes
		}
	}
	for _, r := range l.cause.rows {
		h.RestartCause = text(found[r.value[0]])
	}
	return h
}

// figure is the quantity in whole parts of a unit, untold beyond its bounds.
func (q *quantity) figure(found values, parts float64, low, high int32) probe.Figure {
	value, told := q.take(found)
	n := math.Round(value * parts)
	if !told || math.IsNaN(n) || n < float64(low) || n > float64(high) {
		return probe.Figure{}
	}
	return probe.Tell(int32(n))
}

// count is how many rows have one of the values of the source; untold when none tells
// any.
func (q *quantity) count(found values) probe.Figure {
	counted, told := int32(0), false
	for _, r := range q.rows {
		value, ok := r.read(found, q.source)
		told = told || ok
		if ok && slices.Contains(q.source.Is, int64(value)) {
			counted++
		}
	}
	if !told {
		return probe.Figure{}
	}
	return probe.Tell(counted)
}

// take is what the rows of a quantity come to; false when none of them is told.
func (q *quantity) take(found values) (float64, bool) {
	var told []float64
	for _, r := range q.rows {
		if value, ok := r.read(found, q.source); ok {
			told = append(told, value)
		}
	}
	if len(told) == 0 {
		return 0, false
	}
	switch q.source.Take {
	case TakeFirst:
		return told[0], true
	case TakeMean:
		sum := 0.0
		for _, value := range told {
			sum += value
		}
		return sum / float64(len(told)), true
	}
	return slices.Max(told), true
}

// read is the value of a row.
func (r reading) read(found values, s Source) (float64, bool) {
	if len(r.value) > 0 {
		value, told := found.number(r.value[0])
		if !told || slices.Contains(s.Ignore, value) || s.IgnoreFrom > 0 && value >= s.IgnoreFrom {
			return 0, false
		}
		return value * r.scale, true
	}
	used, countsUsed := found.sum(r.used)
	free, countsFree := found.sum(r.free)
	total, countsTotal := found.sum(r.total)
	switch {
	case countsUsed && countsFree:
		total = used + free
	case countsFree && countsTotal:
		used = total - free
	case !countsUsed || !countsTotal:
		return 0, false
	}
	if total <= 0 {
		return 0, false
	}
	return 100 * used / total, true
}

// sum adds objects up; false when one of them is not told, or none is named.
func (v values) sum(names []string) (total float64, told bool) {
	for _, name := range names {
		value, told := v.number(name)
		if !told {
			return 0, false
		}
		total += value
	}
	return total, len(names) > 0
}

// number is an object as a number; some agents tell it as text.
func (v values) number(name string) (float64, bool) {
	variable, there := v[name]
	if !there {
		return 0, false
	}
	switch variable.Type {
	case gosnmp.Integer, gosnmp.Gauge32, gosnmp.Counter32, gosnmp.Counter64, gosnmp.Uinteger32:
		n, _ := gosnmp.ToBigInt(variable.Value).Float64()
		return n, true
	case gosnmp.OctetString:
		n, err := strconv.ParseFloat(text(variable), 64)
		return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	}
	return 0, false
}

package snmp

import (
	"cmp"
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
	cpu, memory, temperature, onBattery, battery, cause quantity
	names                                               []string // of all objects, sysObjectID first
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
	return []*quantity{&l.cpu, &l.memory, &l.temperature, &l.onBattery, &l.battery, &l.cause}
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

// learn looks for what tells of a device, as its profile says. With an error the plan
// asks for nothing, and is soon stale.
func (s *session) learn(found values, boots int64) (plan, error) {
	object := found.object()
	profile := s.profiles.For(object)
	one := &layout{profile: profile.Name, object: object}
	failed := plan{s.layouts.share(&layout{profile: profile.Name, object: object}), time.Now().Add(searchAgain - learnAgain), boots}
	l := learner{session: s, columns: map[OID]values{}, objects: values{}}
	lists := [][]Source{profile.CPU, profile.Memory, profile.Temperature, profile.OnBattery, profile.Battery, profile.RestartCause}
	if err := l.scalars(slices.Concat(lists...)); err != nil {
		return failed, err
	}
	for i, q := range one.quantities() {
		for _, source := range lists[i] {
			rows, err := l.rows(source)
			if err != nil {
				return failed, err
			}
			if len(rows) > 0 {
				*q = quantity{source, rows}
				break
			}
		}
	}
	return plan{s.layouts.share(one), time.Now(), boots}, nil
}

// learner asks each object and each column once.
type learner struct {
	*session
	objects values
	columns map[OID]values
}

// scalars asks for all single objects of the sources together.
func (l *learner) scalars(sources []Source) error {
	var names []string
	for _, s := range sources {
		for _, name := range append(s.names(), s.Value) {
			if name.scalar() && !slices.Contains(names, "."+string(name)) {
				names = append(names, "."+string(name))
			}
		}
	}
	return l.get(names, l.objects)
}

// rows returns the rows by which a source tells a value now: none, when it does not.
func (l *learner) rows(s Source) ([]reading, error) {
	if s.Sensors != "" {
		return l.sensors(s)
	}
	scale := cmp.Or(s.Scale, 1)
	if names := s.names(); s.Value.scalar() || len(names) > 0 && names[0].scalar() {
		r := reading{value: dotted(s.Value), used: dotted(s.Used...), free: dotted(s.Free...), total: dotted(s.Total...), scale: scale}
		if s.told(r, l.objects) {
			return []reading{r}, nil
		}
		return nil, nil
	}
	lead := s.Value
	if lead == "" {
		lead = s.names()[0]
	}
	found := values{}
	for _, column := range append(s.names(), s.Value) {
		if column == "" {
			continue
		}
		rows, err := l.column(column)
		if err != nil {
			return nil, err
		}
		for name, v := range rows {
			found[name] = v
		}
	}
	var out []reading
	for _, index := range l.indexes(lead) {
		fits, err := l.fits(s.Where, index)
		if err != nil {
			return nil, err
		}
		with := func(columns ...OID) []string {
			names := dotted(columns...)
			for i := range names {
				names[i] += "." + index
			}
			return names
		}
		r := reading{value: with(s.Value), used: with(s.Used...), free: with(s.Free...), total: with(s.Total...), scale: scale}
		if fits && s.told(r, found) {
			out = append(out, r)
		}
	}
	return s.keep(out, found), nil
}

// told reports whether a row tells something. A text does when it is not empty.
func (s Source) told(r reading, found values) bool {
	if _, told := r.read(found, s); told {
		return true
	}
	return len(r.value) > 0 && len(s.Is) == 0 && s.Value.scalar() && text(found[r.value[0]]) != "" && found[r.value[0]].Type == gosnmp.OctetString
}

// keep bounds the rows that every poll asks for: the highest, in the order of their
// indexes.
func (s Source) keep(rows []reading, found values) []reading {
	if len(rows) <= maxRowsKept {
		return rows
	}
	if s.Take == TakeFirst {
		return rows[:1]
	}
	order := slices.Clone(rows)
	slices.SortStableFunc(order, func(a, b reading) int {
		left, _ := a.read(found, s)
		right, _ := b.read(found, s)
		return cmp.Compare(right, left)
	})
	return order[:maxRowsKept]
}

func dotted(names ...OID) []string {
	var out []string
	for _, name := range names {
		if name != "" {
			out = append(out, "."+string(name))
		}
	}
	return out
}

// The columns of a table of sensors, and what they say of one that tells a temperature
// (RFC 3433).
const (
	sensorType      = ".1"
	sensorScale     = ".2"
	sensorPrecision = ".3"
	sensorValue     = ".4"
	sensorState     = ".5"

	sensorCelsius = 8
	sensorOK      = 1
	sensorUnits   = 9 // the scale of 10^0; each step is a thousand
)

// sensors returns the rows of a table of sensors that tell a temperature and work.
func (l *learner) sensors(s Source) ([]reading, error) {
	found := values{}
	for _, column := range []OID{sensorType, sensorScale, sensorPrecision, sensorValue, sensorState} {
		rows, err := l.column(s.Sensors + column)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 && column == sensorType {
			return nil, nil
		}
		for name, v := range rows {
			found[name] = v
		}
	}
	var out []reading
	for _, index := range l.indexes(s.Sensors + sensorType) {
		of := func(column string) (float64, bool) {
			return found.number("." + string(s.Sensors) + column + "." + index)
		}
		kind, _ := of(sensorType)
		state, told := of(sensorState)
		if kind != sensorCelsius || told && state != sensorOK {
			continue
		}
		scale, scaled := of(sensorScale)
		if !scaled {
			scale = sensorUnits
		}
		precision, _ := of(sensorPrecision)
		r := reading{
			value: []string{"." + string(s.Sensors) + sensorValue + "." + index},
			scale: math.Pow(1000, scale-sensorUnits) / math.Pow(10, precision),
		}
		if s.told(r, found) {
			out = append(out, r)
		}
	}
	return s.keep(out, found), nil
}

// fits reports whether a row is one of those that are chosen.
func (l *learner) fits(w *Where, index string) (bool, error) {
	if w == nil {
		return true, nil
	}
	rows, err := l.column(w.Column)
	if err != nil {
		return false, err
	}
	variable, there := rows["."+string(w.Column)+"."+index]
	told := worded(variable)
	switch {
	case !there:
		return len(w.Not) > 0, nil
	case len(w.Is) > 0:
		return slices.Contains(w.Is, told), nil
	case len(w.Not) > 0:
		return !slices.Contains(w.Not, told), nil
	}
	return slices.ContainsFunc(w.Holds, func(part string) bool {
		return strings.Contains(strings.ToUpper(told), strings.ToUpper(part))
	}), nil
}

// worded is an object as a profile writes it.
func worded(v gosnmp.SnmpPDU) string {
	switch value := v.Value.(type) {
	case string: // the name of an object
		return strings.TrimPrefix(value, ".")
	case []byte:
		return text(v)
	case nil:
		return ""
	}
	return gosnmp.ToBigInt(v.Value).String()
}

// column returns the rows of a column, asked for once.
func (l *learner) column(column OID) (values, error) {
	if rows, known := l.columns[column]; known {
		return rows, nil
	}
	rows := values{}
	err := l.each("."+string(column), maxColumn, func(v gosnmp.SnmpPDU) { rows[v.Name] = v })
	l.columns[column] = rows
	return rows, err
}

// indexes returns the indexes of the rows of a column in their order.
func (l *learner) indexes(column OID) []string {
	var out []string
	for name := range l.columns[column] {
		out = append(out, strings.TrimPrefix(name, "."+string(column)+"."))
	}
	slices.SortFunc(out, compareIndexes)
	return out
}

// compareIndexes orders two indexes number by number.
func compareIndexes(a, b string) int {
	numbers := func(text string) []uint64 {
		var out []uint64
		for n := range strings.SplitSeq(text, ".") {
			value, _ := strconv.ParseUint(n, 10, 32) // the library wrote it
			out = append(out, value)
		}
		return out
	}
	return slices.Compare(numbers(a), numbers(b))
}

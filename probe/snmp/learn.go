package snmp

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"
)

// learn looks for what tells of a device, as its profile says. With an error the plan
// asks for nothing, and is soon stale.
func (s *session) learn(found values, boots int64) (plan, error) {
	object := found.object()
	profile := s.profiles.For(object)
	one := &layout{profile: profile.Name, object: object}
	failed := plan{s.layouts.share(&layout{profile: profile.Name, object: object}), time.Now().Add(searchAgain - learnAgain), boots}
	l := learner{session: s, columns: map[OID]values{}, objects: values{}}
	lists := [][]Source{profile.CPU, profile.Memory, profile.Temperature, profile.OnBattery, profile.Battery, profile.FailedSupplies, profile.RestartCause}
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
	slices.SortFunc(out, compareKeys)
	return out
}

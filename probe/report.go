package probe

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Report is something that a prober found out beside its rounds and its polls:
// seldom, and larger than they are.
type Report struct {
	// Link is the link it is about, 0 for the prober itself.
	Link int64
	// At is when it was found out: UTC, to the microsecond.
	At      time.Time
	Finding Finding
}

// Finding is what a report says. Its value travels and is stored as JSON: a field that
// is renamed is lost to whoever reads what is stored.
type Finding interface {
	// Kind names the type of the finding, in lower case: one of Findings.
	Kind() string
	// Validate refuses what no prober of ours says: a number out of its range, a list
	// or a text that is too long.
	Validate() error
}

// findings makes an empty finding of each kind, to decode into.
var findings = map[string]func() Finding{
	(*Check).Kind(nil):      func() Finding { return new(Check) },
	(*Stamp).Kind(nil):      func() Finding { return new(Stamp) },
	(*Trace).Kind(nil):      func() Finding { return new(Trace) },
	(*Device).Kind(nil):     func() Finding { return new(Device) },
	(*Look).Kind(nil):       func() Finding { return new(Look) },
	(*Throughput).Kind(nil): func() Finding { return new(Throughput) },
	(*Trap).Kind(nil):       func() Finding { return new(Trap) },
}

// maxFinding bounds a finding as JSON, in octets.
const maxFinding = 1 << 17

// Body is the finding as JSON, which the store keeps. It fails on a finding that is not
// valid, that is longer than 128 KiB, or that holds a NUL, which no database takes.
func (r Report) Body() ([]byte, error) {
	if r.Finding == nil {
		return nil, fmt.Errorf("report of link %d: no finding", r.Link)
	}
	kind := r.Finding.Kind()
	if findings[kind] == nil {
		return nil, fmt.Errorf("report of link %d: a finding of the unknown kind %q", r.Link, kind)
	}
	if err := r.Finding.Validate(); err != nil {
		return nil, fmt.Errorf("report of link %d: %s: %w", r.Link, kind, err)
	}
	body, err := json.Marshal(r.Finding)
	switch {
	case err != nil:
		return nil, fmt.Errorf("report of link %d: %s: %w", r.Link, kind, err)
	case len(body) > maxFinding:
		return nil, fmt.Errorf("report of link %d: %s of %d octets, at most %d are expected", r.Link, kind, len(body), maxFinding)
	case bytes.Contains(body, []byte(`\u0000`)):
		return nil, fmt.Errorf("report of link %d: %s with a NUL in a text", r.Link, kind)
	}
	return body, nil
}

// ReadFinding reads the finding of a kind from its JSON and refuses one that is not
// valid. A field that its kind has not is passed over: a newer version wrote it.
func ReadFinding(kind string, body []byte) (Finding, error) {
	empty := findings[kind]
	if empty == nil {
		return nil, fmt.Errorf("finding of the unknown kind %q", kind)
	}
	f := empty()
	if err := json.Unmarshal(body, f); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	if err := f.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	return f, nil
}

// appendReports encodes the number of reports and each: the link, the time after the
// cycle's start, the kind, the length of the JSON and the JSON.
func (b Batch) appendReports(out []byte) ([]byte, error) {
	out = binary.AppendUvarint(out, uint64(len(b.Reports)))
	for _, r := range b.Reports {
		body, err := r.Body()
		if err != nil {
			return nil, fmt.Errorf("encode batch: %w", err)
		}
		out = binary.AppendVarint(out, r.Link)
		out = binary.AppendVarint(out, r.At.Sub(b.Cycle).Microseconds())
		out = appendText(out, r.Finding.Kind())
		out = binary.AppendUvarint(out, uint64(len(body)))
		out = append(out, body...)
	}
	return out, nil
}

func (r *reader) reports(cycle time.Time) []Report {
	var reports []Report
	count := r.bounded(min(maxObservations, uint64(len(r.rest))))
	for i := uint64(0); i < count && r.err == nil; i++ {
		report := Report{Link: r.varint()}
		report.At = cycle.Add(r.micros())
		kind := r.text()
		body := r.take(int(r.bounded(maxFinding)))
		if r.err != nil {
			break
		}
		var err error
		if report.Finding, err = ReadFinding(kind, body); err == nil {
			_, err = report.Body() // again as it is stored
		}
		if err != nil {
			r.fail("report %d: %w", i+1, err)
			break
		}
		reports = append(reports, report)
	}
	return reports
}

// errNoTime refuses a finding that does not say when.
var errNoTime = errors.New("without the time at which it began")

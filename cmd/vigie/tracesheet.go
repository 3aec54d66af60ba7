package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/internal/i18n"
	"vigie/probe"
	"vigie/probe/path"
	"vigie/probe/ping"
)

// traceSheet adds up what the hops on a way answered.
type traceSheet struct {
	print   i18n.Printer
	name    string
	address netip.Addr
	method  path.Method // known at the end
	hops    [path.MaxHops + 1]traceHop
}

// traceHop is what answered at a distance: more than one router where ways change.
type traceHop struct {
	delays *delaySheet // of one host
	from   []netip.Addr
	last   path.Probe // the latest that was answered
}

func newTraceSheet(print i18n.Printer, name string, address netip.Addr) *traceSheet {
	t := &traceSheet{print: print, name: name, address: address}
	for hop := range t.hops {
		t.hops[hop].delays = newDelaySheet(print, []string{strconv.Itoa(hop)}, []netip.Addr{{}})
	}
	return t
}

func (t *traceSheet) add(p path.Probe) {
	h := &t.hops[p.Hop]
	echo := ping.Echo{Seq: p.Round, Unsent: p.Kind == path.Unsent, RTTMicros: probe.Lost}
	if p.From.IsValid() {
		echo.RTTMicros = int32(p.RTT.Round(time.Microsecond).Microseconds())
		h.last = p
		if !slices.Contains(h.from, p.From) {
			h.from = append(h.from, p.From)
		}
	}
	h.delays.add(echo)
}

// end is the last hop to show: the host, who says that it goes no further, or one of
// silence behind the last answer.
func (t *traceSheet) end() int {
	farthest := 0
	for hop := 1; hop <= path.MaxHops; hop++ {
		switch t.hops[hop].last.Kind {
		case path.Reached, path.Unreachable:
			return hop
		case path.Passing:
			farthest = hop
		}
	}
	return min(farthest+1, path.MaxHops)
}

func (t *traceSheet) reached() bool { return t.hops[t.end()].last.Kind == path.Reached }

// hopFigures is what is said of a hop.
type hopFigures struct {
	Hop       int          `json:"hop"`
	Kind      path.Kind    `json:"kind"` // of the latest answer; lost when there was none
	Code      int          `json:"code"`
	Addresses []netip.Addr `json:"addresses"`
	delayFigures
}

// traceFigures is what is said of a way.
type traceFigures struct {
	Host    string       `json:"host"`
	Address string       `json:"address"`
	Method  path.Method  `json:"method"`
	Reached bool         `json:"reached"`
	Hops    []hopFigures `json:"hops"`
}

func (t *traceSheet) figures() traceFigures {
	f := traceFigures{Host: t.name, Address: t.address.String(), Method: t.method, Reached: t.reached()}
	for hop := 1; hop <= t.end(); hop++ {
		h := t.hops[hop]
		one := hopFigures{Hop: hop, Kind: h.last.Kind, Code: h.last.Code, Addresses: append([]netip.Addr{}, h.from...), delayFigures: h.delays.hosts[0].figures()}
		one.Host, one.delayFigures.Address = t.name, ""
		if one.Kind == "" {
			one.Kind = path.Lost
		} else {
			one.delayFigures.Address = h.last.From.String()
		}
		f.Hops = append(f.Hops, one)
	}
	return f
}

func (t *traceSheet) write(out io.Writer, format string) error {
	switch format {
	case "json":
		return writeJSON(out, t.figures())
	case "csv":
		records := [][]string{append([]string{"hop", "kind", "code"}, delayColumns...)}
		for _, f := range t.figures().Hops {
			records = append(records, append([]string{strconv.Itoa(f.Hop), string(f.Kind), strconv.Itoa(f.Code)}, f.record()...))
		}
		return csv.NewWriter(out).WriteAll(records)
	}
	_, err := io.WriteString(out, t.table())
	return err
}

// table writes a line for each hop.
func (t *traceSheet) table() string {
	lines := newDelaySheet(t.print, nil, nil)
	for hop := 1; hop <= t.end(); hop++ {
		h := t.hops[hop]
		line := h.delays.hosts[0]
		line.name = fmt.Sprintf("%2d  %s", hop, t.who(h))
		lines.hosts = append(lines.hosts, line)
	}
	return lines.table()
}

// who answered at a hop, the latest first.
func (t *traceSheet) who(h traceHop) string {
	if len(h.from) == 0 {
		return "*"
	}
	name := h.last.From.String()
	if h.last.Kind == path.Reached && !strings.Contains(t.name, name) {
		name = t.name + " (" + name + ")"
	}
	if others := len(h.from) - 1; others > 0 {
		name += fmt.Sprintf(" +%d", others)
	}
	if h.last.Kind == path.Unreachable {
		name += " " + t.print.T("trace.unreachable", strconv.Itoa(h.last.Code))
	}
	return name
}

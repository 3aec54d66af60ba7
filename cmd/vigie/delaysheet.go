package main

import (
	"cmp"
	"encoding/csv"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vigie/internal/i18n"
	"vigie/internal/measure"
	"vigie/probe"
	"vigie/probe/ping"
)

// delaySheet adds up the echoes to each host, or whatever else goes there and back. It
// keeps all of them, 4 octets each: a day of one a second is 350 kB.
type delaySheet struct {
	print     i18n.Printer
	hosts     []delayHost
	elsewhere ping.Rejects // replies from none of the hosts
	refusal   string       // what this machine said latest when it did not send
}

type delayHost struct {
	name    string
	address netip.Addr
	echoes  []int32 // by number; pending while not known
	unsent  int
	doubled int // replies that came again
	rejects ping.Rejects
	// blind says that replies which come twice, late or forged are not seen.
	blind bool
}

// pending stands for an echo whose outcome is not known, or that did not leave.
const pending = probe.Lost - 1

func newDelaySheet(print i18n.Printer, names []string, addresses []netip.Addr) *delaySheet {
	p := &delaySheet{print: print}
	for i, name := range names {
		p.hosts = append(p.hosts, delayHost{name: name, address: addresses[i]})
	}
	return p
}

func (p *delaySheet) add(e ping.Echo) {
	h := &p.hosts[e.Host]
	h.blind = h.blind || e.OneByOne
	for len(h.echoes) <= e.Seq {
		h.echoes = append(h.echoes, pending)
	}
	if e.Unsent {
		h.unsent++
		p.refusal = cmp.Or(e.Refusal, p.refusal)
		return
	}
	h.echoes[e.Seq] = e.RTTMicros
	h.doubled += e.Duplicates
}

// delayFigures is what is said of a host. Times are milliseconds, null where there is
// none: no answer, or a rank that falls on a lost echo.
type delayFigures struct {
	Host        string   `json:"host"`
	Address     string   `json:"address"`
	Sent        int      `json:"sent"`
	Received    int      `json:"received"`
	Unsent      int      `json:"unsent"`
	LossPercent *float64 `json:"loss_percent"`
	LastMillis  *float64 `json:"last_ms"`
	MinMillis   *float64 `json:"min_ms"`
	Median      *float64 `json:"median_ms"`
	P95         *float64 `json:"p95_ms"`
	MaxMillis   *float64 `json:"max_ms"`
	Jitter      *float64 `json:"jitter_ms"`
}

// sum gives the minute-like summary of a host's echoes, and the latest of them.
func (h delayHost) sum() (m measure.Minute, last int32) {
	last = measure.Undefined
	var known []int32
	for _, micros := range h.echoes {
		if micros != pending {
			known = append(known, micros)
			last = micros
		}
	}
	if last == probe.Lost {
		last = measure.Undefined
	}
	round := measure.Round{Observation: probe.Observation{RTTMicros: known}}
	return measure.Summarise(0, time.Time{}, len(h.echoes), []measure.Round{round}), last
}

func (h delayHost) figures() delayFigures {
	m, last := h.sum()
	f := delayFigures{
		Host: h.name, Address: h.address.String(), Sent: m.Sent, Received: m.Received, Unsent: h.unsent,
		LastMillis: millis(last), MinMillis: millis(m.MinMicros), Median: millis(m.MedianMicros),
		P95: millis(m.P95Micros), MaxMillis: millis(m.MaxMicros), Jitter: millis(m.JitterMicros),
	}
	if loss, ok := m.Loss(); ok {
		percent := 100 * loss
		f.LossPercent = &percent
	}
	return f
}

func millis(micros int32) *float64 {
	if micros == measure.Undefined {
		return nil
	}
	ms := float64(micros) / 1000
	return &ms
}

// silent names the hosts that never answered.
func (p *delaySheet) silent() []string {
	var names []string
	for _, h := range p.hosts {
		if m, _ := h.sum(); m.Received == 0 {
			names = append(names, h.name)
		}
	}
	return names
}

// delayColumns are the names of the figures in CSV, in the order of record.
var delayColumns = []string{"host", "address", "sent", "received", "unsent", "loss_percent", "last_ms", "min_ms", "median_ms", "p95_ms", "max_ms", "jitter_ms"}

func (f delayFigures) record() []string {
	record := []string{f.Host, f.Address, strconv.Itoa(f.Sent), strconv.Itoa(f.Received), strconv.Itoa(f.Unsent)}
	for _, figure := range []*float64{f.LossPercent, f.LastMillis, f.MinMillis, f.Median, f.P95, f.MaxMillis, f.Jitter} {
		record = append(record, decimal(figure))
	}
	return record
}

// decimal writes a figure for a program; none is an empty cell.
func decimal(figure *float64) string {
	if figure == nil {
		return ""
	}
	return strconv.FormatFloat(*figure, 'f', -1, 64)
}

func (p *delaySheet) write(out io.Writer, format string) error {
	var all []echoFigures
	for _, h := range p.hosts {
		all = append(all, h.echoFigures())
	}
	switch format {
	case "json":
		return writeJSON(out, all)
	case "csv":
		records := [][]string{slices.Concat(delayColumns, echoColumns)}
		for _, f := range all {
			records = append(records, f.record())
		}
		return csv.NewWriter(out).WriteAll(records)
	}
	_, err := io.WriteString(out, p.table())
	return err
}

// delay writes microseconds; none at all is a figure too.
func (p *delaySheet) delay(micros int32) string {
	if micros == 0 {
		micros = 1
	}
	return p.print.Millis(int64(micros))
}

// delays writes a line for each host, in the reader's language.
func (p *delaySheet) delays() string {
	t := p.print.T
	rows := [][]string{{
		t("ping.host"), t("ping.sent"), t("ping.received"), t("ping.loss"), t("ping.last"),
		"min", t("ping.median"), "p95", "max", t("ping.jitter"),
	}}
	for _, h := range p.hosts {
		m, last := h.sum()
		name := h.name
		if address := h.address.String(); h.address.IsValid() && !strings.Contains(name, address) {
			name += " (" + address + ")"
		}
		row := []string{name, p.print.Number(int64(m.Sent)), p.print.Number(int64(m.Received)), p.print.Percent(int64(m.Sent-m.Received), int64(m.Sent), 1)}
		for _, micros := range []int32{last, m.MinMicros, m.MedianMicros, m.P95Micros, m.MaxMicros, m.JitterMicros} {
			row = append(row, p.delay(micros))
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + space)
			} else {
				b.WriteString("  " + space + cell)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"vigie/internal/i18n"
	"vigie/probe"
	"vigie/probe/ping"
	"vigie/probe/stamp"
)

// stampSheet adds up the sessions with reflectors: the delays as for ping, and what
// else they have shown.
type stampSheet struct {
	*delaySheet
	standings []stamp.Standing
}

func newStampSheet(print i18n.Printer, names []string, sessions []stamp.Options) *stampSheet {
	addresses := make([]netip.Addr, len(sessions))
	for i, session := range sessions {
		addresses[i] = session.Reflector.Addr()
	}
	return &stampSheet{delaySheet: newDelaySheet(print, names, addresses), standings: make([]stamp.Standing, len(sessions))}
}

func (p *stampSheet) add(host int, packet stamp.Packet, standing stamp.Standing) {
	echo := ping.Echo{Host: host, Seq: int(packet.Sequence), Unsent: packet.Unsent, RTTMicros: probe.Lost}
	if !packet.Lost {
		echo.RTTMicros = int32((packet.Delay.Nanoseconds() + 500) / 1000)
	}
	p.delaySheet.add(echo)
	p.standings[host] = standing
}

// stampFigures is what is said of a reflector; what was not told is null.
type stampFigures struct {
	delayFigures
	Duplicates   int      `json:"duplicates"`
	Reordered    int      `json:"reordered"`
	Late         int      `json:"late"`
	Rejected     int      `json:"rejected"`
	Unreachable  int      `json:"unreachable"`
	Uncorrected  int      `json:"uncorrected"`
	Short        int      `json:"short"`
	ForwardLost  *int     `json:"forward_lost"`
	OwnError     *float64 `json:"own_clock_error_ms"`
	OwnSync      *bool    `json:"own_clock_synchronised"`
	TheirError   *float64 `json:"reflector_clock_error_ms"`
	TheirSync    *bool    `json:"reflector_clock_synchronised"`
	ForwardDSCP  *uint8   `json:"forward_dscp"`
	BackDSCP     *uint8   `json:"back_dscp"`
	ClassRefused *bool    `json:"class_refused"`
	NotRead      int      `json:"extensions_refused"`
}

func (p *stampSheet) figures(host int) stampFigures {
	s := p.standings[host]
	f := stampFigures{
		delayFigures: p.hosts[host].figures(), Duplicates: s.Duplicates, Reordered: s.Reordered, Late: s.Late,
		Rejected: s.Rejected, Unreachable: s.Unreachable, Uncorrected: s.Uncorrected, Short: s.Short, NotRead: s.ExtensionsRefused,
	}
	if s.Counts {
		f.ForwardLost = &s.ForwardLost
	}
	if s.Answered {
		own, theirs := s.Own.Within().Seconds()*1000, s.Reflector.Within().Seconds()*1000
		f.OwnError, f.OwnSync, f.TheirError, f.TheirSync = &own, &s.Own.Synchronised, &theirs, &s.Reflector.Synchronised
	}
	if s.Class.Known {
		f.ForwardDSCP, f.ClassRefused = &s.Class.Forward, &s.Class.Refused
		if s.Class.Told {
			f.BackDSCP = &s.Class.Back
		}
	}
	return f
}

var stampColumns = []string{
	"duplicates", "reordered", "late", "rejected", "unreachable", "uncorrected", "short", "forward_lost",
	"own_clock_error_ms", "own_clock_synchronised", "reflector_clock_error_ms", "reflector_clock_synchronised",
	"forward_dscp", "back_dscp", "class_refused", "extensions_refused",
}

func (f stampFigures) record() []string {
	record := f.delayFigures.record()
	for _, n := range []int{f.Duplicates, f.Reordered, f.Late, f.Rejected, f.Unreachable, f.Uncorrected, f.Short} {
		record = append(record, strconv.Itoa(n))
	}
	return append(record, cell(f.ForwardLost), decimal(f.OwnError), cell(f.OwnSync), decimal(f.TheirError), cell(f.TheirSync),
		cell(f.ForwardDSCP), cell(f.BackDSCP), cell(f.ClassRefused), strconv.Itoa(f.NotRead))
}

// cell writes what may be missing: an empty cell.
func cell[T int | uint8 | bool](v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}

func (p *stampSheet) write(out io.Writer, format string) error {
	var all []stampFigures
	for host := range p.hosts {
		all = append(all, p.figures(host))
	}
	switch format {
	case "json":
		return writeJSON(out, all)
	case "csv":
		records := [][]string{append(append([]string{}, delayColumns...), stampColumns...)}
		for _, f := range all {
			records = append(records, f.record())
		}
		return csv.NewWriter(out).WriteAll(records)
	}
	_, err := io.WriteString(out, p.table())
	return err
}

// table writes the delays, and below them what else each session has shown.
func (p *stampSheet) table() string {
	var b strings.Builder
	b.WriteString(p.delays())
	for host, h := range p.hosts {
		for _, note := range p.notes(host) {
			if len(p.hosts) > 1 {
				note = p.print.T("ping.of", h.name, note)
			}
			b.WriteString(note + "\n")
		}
	}
	return b.String()
}

func (p *stampSheet) notes(host int) []string {
	s, print := p.standings[host], p.print
	var notes []string
	counted := func(n int, note string) {
		if n > 0 {
			notes = append(notes, note)
		}
	}
	counted(p.hosts[host].unsent, print.N("stamp.unsent", p.hosts[host].unsent))
	counted(s.Unreachable, print.T("stamp.unreachable"))
	counted(s.Duplicates, print.N("stamp.duplicates", s.Duplicates))
	counted(s.Reordered, print.N("stamp.reordered", s.Reordered))
	counted(s.Late, print.N("stamp.late", s.Late))
	counted(s.Rejected, print.N("stamp.rejected", s.Rejected))
	counted(s.Uncorrected, print.N("stamp.uncorrected", s.Uncorrected))
	counted(s.Short, print.T("stamp.short"))
	counted(s.ExtensionsRefused, print.N("stamp.extensions", s.ExtensionsRefused))
	if m, _ := p.hosts[host].sum(); s.Counts && m.Sent > m.Received {
		back := max(0, m.Sent-m.Received-s.ForwardLost)
		notes = append(notes, print.T("stamp.ways", print.Number(int64(s.ForwardLost)), print.Number(int64(back))))
	}
	if s.Class.Known {
		notes = append(notes, p.class(s.Class))
	}
	if s.Answered {
		notes = append(notes, print.T("stamp.clocks", p.clock(s.Reflector), p.clock(s.Own)))
	}
	return notes
}

func (p *stampSheet) class(c stamp.Class) string {
	back := "–"
	if c.Told {
		back = strconv.Itoa(int(c.Back))
	}
	if c.Refused {
		return p.print.T("stamp.class-refused", strconv.Itoa(int(c.Forward)), back)
	}
	return p.print.T("stamp.class", strconv.Itoa(int(c.Forward)), back)
}

// clock says how far a clock may be from UTC.
func (p *stampSheet) clock(e stamp.ErrorEstimate) string {
	if !e.Synchronised {
		return p.print.T("stamp.unsynchronised")
	}
	return p.print.T("stamp.within", p.delay(int32(min(e.Within().Microseconds(), 1<<30))))
}

// writeReflected says what a reflector has done.
func writeReflected(s surroundings, c stamp.ReflectorCounters, format string) error {
	switch format {
	case "json":
		return writeJSON(s.out, c)
	case "csv":
		count := func(n uint64) string { return strconv.FormatUint(n, 10) }
		return csv.NewWriter(s.out).WriteAll([][]string{
			{"answered", "malformed", "forged", "limited", "unsent"},
			{count(c.Answered), count(c.Malformed), count(c.Forged), count(c.Limited), count(c.Unsent)},
		})
	}
	number := func(n uint64) string { return s.print.Number(int64(n)) }
	_, err := fmt.Fprintln(s.out, s.print.T("stamp.reflected", number(c.Answered), number(c.Malformed), number(c.Forged), number(c.Limited), number(c.Unsent)))
	return err
}

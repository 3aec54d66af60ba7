package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"vigie/internal/app"
	"vigie/internal/i18n"
	"vigie/probe"
	"vigie/probe/throughput"
)

type throughputCommand struct {
	Test throughputTest `cmd:"" default:"withargs" help:"Test with a server now."`
	Plan throughputPlan `cmd:"" help:"What the running instance would test now, and why not the rest."`
}

type throughputTest struct {
	Server    string        `help:"iperf3 server, host or host:port." placeholder:"HOST:PORT"`
	URL       string        `name:"url" help:"Web server: what is read at this URL." placeholder:"URL"`
	Sink      string        `help:"Web server: what is sent to this URL." placeholder:"URL"`
	Direction string        `help:"Only one direction: forward is to the server, reverse from it." enum:",forward,reverse" default:"" placeholder:"forward|reverse"`
	Duration  time.Duration `help:"Measured time of a direction, 2s to 1m." default:"10s"`
	SlowStart time.Duration `help:"Time before it that is left out." default:"2s"`
	Streams   int           `help:"Connections side by side, 1 to 32." default:"4"`
	Mbps      float64       `name:"mbps" help:"Rate that a direction uses at most, in millions of bits a second." default:"1000"`
	Megabytes int64         `help:"Volume that a direction uses at most, in millions of octets." default:"2000"`
	Format    string        `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (throughputTest) Help() string {
	return `Fills a line for some seconds and tells what it carries: TCP payload, the slow start
left out. It disturbs whoever uses the line, and no calendar is asked: the hour is
yours to choose. Ctrl+C stops it. The status is 1 when there is no figure. One beside
which this machine was busy shows the machine, and says so.

Examples:
  vigie throughput --server 192.0.2.1                     both ways, by iperf3
  vigie throughput --server test.example:5202 --mbps 50   and no more than 50 Mbit/s
  vigie throughput --url http://192.0.2.1/down --sink http://192.0.2.1/up
  vigie throughput --server 192.0.2.1 --direction reverse --format json
  vigie throughput plan                                   what Vigie would test now`
}

// client is the far end to test with, and the directions it can.
func (c throughputTest) client(ctx context.Context) (throughput.Client, []throughput.Direction, error) {
	ways := []throughput.Direction{throughput.Forward, throughput.Reverse}
	switch {
	case (c.Server == "") == (c.URL == "" && c.Sink == ""):
		return nil, nil, &usageError{"expected --server HOST:PORT for iperf3, or --url and --sink for a web server"}
	case c.Server != "":
		address, err := iperfServer(ctx, c.Server)
		if err != nil {
			return nil, nil, err
		}
		return throughput.Iperf3{Addr: address}, ways, nil
	}
	ways = nil
	for _, end := range []struct {
		url string
		way throughput.Direction
	}{{c.Sink, throughput.Forward}, {c.URL, throughput.Reverse}} {
		if end.url == "" {
			continue
		}
		if _, err := throughput.ParseURL(end.url); err != nil {
			return nil, nil, &usageError{err.Error()}
		}
		ways = append(ways, end.way)
	}
	return throughput.Web{Source: c.URL, Sink: c.Sink}, ways, nil
}

// iperfServer gives the address of a server's name, with the usual port where it names
// none.
func iperfServer(ctx context.Context, name string) (netip.AddrPort, error) {
	host, port := name, uint64(throughput.Port)
	if given, text, err := net.SplitHostPort(name); err == nil {
		host = given
		if port, err = strconv.ParseUint(text, 10, 16); err != nil || port == 0 {
			return netip.AddrPort{}, &usageError{fmt.Sprintf("--server: port %q, expected 1 to 65535", text)}
		}
	}
	address, err := resolve(ctx, strings.Trim(host, "[]"))
	return netip.AddrPortFrom(address, uint16(port)), err
}

// Run tests, shows how far it is, and ends with the figures.
func (c throughputTest) Run(s surroundings) error {
	bounds := throughput.Bounds{
		Duration: c.Duration, SlowStart: c.SlowStart, Streams: c.Streams, BitsPerSecond: int64(c.Mbps * 1e6), Octets: c.Megabytes * 1_000_000,
	}
	if err := bounds.Validate(); err != nil {
		return &usageError{err.Error()}
	}
	client, ways, err := c.client(s.ctx)
	if err != nil {
		return err
	}
	sheet := &throughputSheet{print: s.print, Method: client.Method(), Server: client.Server()}
	for _, way := range ways {
		if c.Direction == "" || c.Direction == string(way) {
			sheet.Flows = append(sheet.Flows, &flowLine{Direction: way})
		}
	}
	if len(sheet.Flows) == 0 {
		return &usageError{"--direction: no URL is given for it"}
	}
	drawn := drawing{live: c.Format == "table" && watched(s.out), every: time.Second, table: sheet.table}
	err = drawn.during(s, func(ctx context.Context, lock *sync.Mutex) error { return sheet.measure(ctx, client, bounds, lock) })
	if err != nil {
		return err
	}
	if err := sheet.write(s.out, c.Format); err != nil {
		return err
	}
	if sheet.failed() {
		return errSaid
	}
	return nil
}

// throughputSheet is what is told of a test.
type throughputSheet struct {
	print  i18n.Printer
	Method probe.ThroughputMethod `json:"method"`
	Server string                 `json:"server"`
	Flows  []*flowLine            `json:"flows"`
}

// flowLine is one direction of it.
type flowLine struct {
	Direction throughput.Direction `json:"direction"`
	Flow      *probe.Flow          `json:"flow"` // null without a figure
	NotRun    probe.NotRun         `json:"not_run,omitempty"`
	Detail    string               `json:"detail,omitempty"`
	since     time.Duration
}

// measure runs the directions one after the other; a failure ends only its own.
func (t *throughputSheet) measure(ctx context.Context, client throughput.Client, b throughput.Bounds, lock *sync.Mutex) error {
	for _, line := range t.Flows {
		flow, err := client.Flow(ctx, line.Direction, b, func(p throughput.Progress) {
			lock.Lock()
			defer lock.Unlock()
			line.since = p.Since
		})
		var failure *throughput.Failure
		if err != nil && !errors.As(err, &failure) {
			return err
		}
		lock.Lock()
		if failure != nil {
			line.NotRun, line.Detail = failure.Reason, failure.Detail
		} else {
			line.Flow = &flow
			if flow.HostBusy() {
				line.NotRun = probe.HostBusy
			}
		}
		lock.Unlock()
	}
	return nil
}

func (t *throughputSheet) failed() bool {
	for _, line := range t.Flows {
		if line.Flow == nil {
			return true
		}
	}
	return false
}

func (t *throughputSheet) write(out io.Writer, format string) error {
	switch format {
	case "json":
		return writeJSON(out, t)
	case "csv":
		records := [][]string{{"method", "server", "direction", "bits_per_second", "layer", "octets", "millis", "streams", "retransmits", "capped", "not_run", "detail", "host_permille", "machine_permille", "late_micros"}}
		for _, line := range t.Flows {
			record := []string{string(t.Method), t.Server, string(line.Direction), "", "", "", "", "", "", "", string(line.NotRun), line.Detail, "", "", ""}
			if f := line.Flow; f != nil {
				record[3], record[4], record[5], record[6] = strconv.FormatInt(f.BitsPerSecond, 10), string(f.Layer), strconv.FormatInt(f.Octets, 10), strconv.FormatInt(f.Millis, 10)
				record[7], record[9] = strconv.Itoa(f.Streams), strconv.FormatBool(f.Capped())
				record[12], record[13], record[14] = known(f.HostPermille), known(f.MachinePermille), strconv.FormatInt(f.LateMicros, 10)
				if f.Retransmits >= 0 {
					record[8] = strconv.FormatInt(f.Retransmits, 10)
				}
			}
			records = append(records, record)
		}
		return csv.NewWriter(out).WriteAll(records)
	}
	_, err := io.WriteString(out, t.table())
	return err
}

// known writes a number of which less than 0 means that it is not known.
func known(n int) string {
	if n < 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// table writes a line for each direction.
func (t *throughputSheet) table() string {
	rows := []row{{t.print.T("test.way"), t.print.T("test.rate"), t.print.T("test.layer"), t.print.T("test.note")}}
	for _, line := range t.Flows {
		way := t.print.T("test.way." + string(line.Direction))
		switch {
		case line.Flow != nil:
			note := ""
			switch {
			case line.NotRun != "":
				note = t.print.T("notrun." + string(line.NotRun))
			case line.Flow.Capped():
				note = t.print.T("test.capped", t.print.BitRate(line.Flow.CapBits))
			case line.Flow.Retransmits >= 0:
				note = t.print.N("test.retransmits", int(line.Flow.Retransmits))
			}
			rows = append(rows, row{way, t.print.BitRate(line.Flow.BitsPerSecond), t.print.T("test.layer." + string(line.Flow.Layer)), note})
		case line.NotRun != "":
			rows = append(rows, row{way, "–", "", strings.TrimSpace(t.print.T("notrun."+string(line.NotRun)) + " " + line.Detail)})
		default:
			rows = append(rows, row{way, "…", "", line.since.Round(time.Second).String()})
		}
	}
	var b strings.Builder
	writeRows(&b, rows)
	return b.String()
}

type throughputPlan struct {
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (throughputPlan) Help() string {
	return `Asks the running instance which links it would test for what they carry now, in order,
and why it would not test the others.

Examples:
  vigie throughput plan
  vigie throughput plan --format csv`
}

// Run prints the plan.
func (c throughputPlan) Run(s surroundings) error {
	dir, err := s.dir()
	if err != nil {
		return err
	}
	if !app.Running(dir) {
		return fmt.Errorf("no instance runs in %s: only a running one tests links", dir)
	}
	plan, err := app.Connect(dir).TestPlan(s.ctx)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return writeJSON(s.out, plan)
	}
	records := [][]string{{"link", "reason", "last", "due", "load_permille", "contested"}}
	for _, l := range plan {
		records = append(records, []string{l.Link, string(l.Reason), stamped(l.Last), stamped(l.Due), strconv.Itoa(l.LoadPerMille), strconv.FormatBool(l.Contested)})
	}
	if c.Format == "csv" {
		return csv.NewWriter(s.out).WriteAll(records)
	}
	_, err = io.WriteString(s.out, planTable(s.print, plan))
	return err
}

// planTable writes a line for each link.
func planTable(print i18n.Printer, plan []app.TestChoice) string {
	rows := []row{{print.T("table.link"), print.T("test.note"), print.T("test.last"), print.T("test.due")}}
	for _, l := range plan {
		note := print.T("test.starts")
		if l.Reason != "" {
			note = print.T("notrun." + string(l.Reason))
		}
		last, due := print.T("test.last.none"), print.T("test.due.once")
		if l.Last != nil {
			last = print.Time(*l.Last)
		}
		if l.Due != nil {
			due = print.Time(*l.Due)
		}
		rows = append(rows, row{l.Link, note, last, due})
	}
	var b strings.Builder
	writeRows(&b, rows)
	return b.String()
}

func stamped(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

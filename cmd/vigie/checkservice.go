package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"vigie/internal/i18n"
	"vigie/probe/service"
)

type serviceCommand struct {
	Services  []string      `arg:"" name:"service" help:"https://HOST/PATH, tcp://HOST:PORT or dns://SERVER/NAME."`
	Status    string        `help:"Statuses of a page that are right. Default: 2xx." placeholder:"200,4xx"`
	Text      string        `help:"Text that the right page holds." placeholder:"TEXT"`
	Answer    string        `help:"Address that a name server must give." placeholder:"ADDRESS"`
	Days      int           `help:"How many days a certificate must still hold." placeholder:"N"`
	Redirects int           `help:"Redirects of a page to follow, 0 to 20." default:"5"`
	Family    string        `help:"Only by IPv4 or IPv6. Default: IPv4, then IPv6." enum:",4,6" default:"" placeholder:"4|6"`
	Timeout   time.Duration `help:"How long a whole check may take, at most 1m." default:"10s"`
	Format    string        `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (serviceCommand) Help() string {
	return `Asks whether what stands behind a router works: a TCP port that accepts, a name server
that answers, a page that is the right one. Tells how long the name, the connection,
the encryption and the first octet took, until when the certificate holds, and why a
check failed. The status is 1 when one failed.

Examples:
  vigie check service tcp://192.0.2.1:4433
  vigie check service dns://192.0.2.53/www.example.org --answer 198.51.100.7
  vigie check service "dns://[2001:db8::53]/www.example.org?type=AAAA"
  vigie check service https://ent.example.org/ --text "Vie scolaire" --days 21
  vigie check service http://192.0.2.1/ --redirects 0 --status 200,401 --format json`
}

const (
	mostServices     = 256
	servicesTogether = 8
)

// checks reads what is asked.
func (c serviceCommand) checks() ([]service.Check, error) {
	expect := service.Expect{Text: c.Text, Lasts: time.Duration(c.Days) * 24 * time.Hour}
	if c.Days < 0 || c.Days > 36500 {
		return nil, fmt.Errorf("--days: %d, expected 0 to 36500", c.Days)
	}
	var err error
	if c.Status != "" {
		if expect.Status, err = service.ParseStatuses(c.Status); err != nil {
			return nil, fmt.Errorf("--status: %w", err)
		}
	}
	if c.Answer != "" {
		if expect.Answer, err = netip.ParseAddr(c.Answer); err != nil {
			return nil, fmt.Errorf("--answer: %q, expected an address such as 192.0.2.1", c.Answer)
		}
	}
	if len(c.Services) > mostServices {
		return nil, fmt.Errorf("services: %d, expected 1 to %d", len(c.Services), mostServices)
	}
	var all []service.Check
	for _, text := range c.Services {
		check, err := service.Parse(text)
		if err != nil {
			return nil, err
		}
		check.Expect, check.Timeout, check.Redirects = expect, c.Timeout, c.Redirects
		check.Family = map[string]service.Family{"": service.Either, "4": service.IPv4, "6": service.IPv6}[c.Family]
		if err := check.Validate(); err != nil {
			return nil, err
		}
		all = append(all, check)
	}
	return all, nil
}

// Run checks the services, some together, and tells of them in the order given.
func (c serviceCommand) Run(s surroundings) error {
	checks, err := c.checks()
	if err != nil {
		return &usageError{err.Error()}
	}
	sheet := serviceSheet{print: s.print, checks: checks, results: make([]service.Result, len(checks))}
	places, errs := make(chan int), make([]error, len(checks))
	var running sync.WaitGroup
	for range min(servicesTogether, len(checks)) {
		running.Go(func() {
			for i := range places {
				sheet.results[i], errs[i] = service.Prober{}.Run(s.ctx, checks[i])
			}
		})
	}
	for i := range checks {
		places <- i
	}
	close(places)
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if err := sheet.write(s.out, c.Format); err != nil {
		return err
	}
	if failed := sheet.failed(); failed > 0 {
		fmt.Fprintln(s.talk, "vigie: "+s.print.N("service.failed", failed))
		return errSaid
	}
	return nil
}

// serviceSheet tells what checks found.
type serviceSheet struct {
	print   i18n.Printer
	checks  []service.Check
	results []service.Result
}

func (sh serviceSheet) failed() int {
	n := 0
	for _, r := range sh.results {
		if r.Reason != service.OK {
			n++
		}
	}
	return n
}

// serviceFigures is what is told of a check. Times are milliseconds, null for a phase
// that was not gone through.
type serviceFigures struct {
	Service     string              `json:"service"`
	Reason      service.Reason      `json:"reason"`
	Known       bool                `json:"known"` // false: it says nothing of the service
	Detail      string              `json:"detail"`
	Peer        string              `json:"peer"`
	URL         string              `json:"url"`
	Status      int                 `json:"status"`
	Redirects   int                 `json:"redirects"`
	Octets      int64               `json:"octets"`
	Addresses   []netip.Addr        `json:"addresses"`
	ByTCP       bool                `json:"by_tcp"`
	Asked       int                 `json:"asked"`
	Foreign     int                 `json:"foreign"`
	Moved       *float64            `json:"moved_ms"`
	Resolve     *float64            `json:"resolve_ms"`
	Connect     *float64            `json:"connect_ms"`
	TLS         *float64            `json:"tls_ms"`
	FirstByte   *float64            `json:"first_byte_ms"`
	Rest        *float64            `json:"rest_ms"`
	Whole       *float64            `json:"whole_ms"`
	Certificate *certificateFigures `json:"certificate"`
}

type certificateFigures struct {
	Subject string        `json:"subject"`
	Issuer  string        `json:"issuer"`
	From    time.Time     `json:"from"`
	Until   time.Time     `json:"until"`
	Fault   service.Fault `json:"fault"`
}

func figuresOf(c service.Check, r service.Result) serviceFigures {
	ms := func(d time.Duration) *float64 {
		if d <= 0 {
			return nil
		}
		v := float64(d.Microseconds()) / 1000
		return &v
	}
	g := r.Timings
	f := serviceFigures{
		Service: c.String(), Reason: r.Reason, Known: r.Known(), Detail: r.Detail, URL: r.URL, Status: r.Status, Redirects: r.Redirects, Octets: r.Octets,
		Addresses: append([]netip.Addr{}, r.Addresses...), ByTCP: r.ByTCP, Asked: r.Asked, Foreign: r.Foreign,
		Moved: ms(g.Moved), Resolve: ms(g.Resolve), Connect: ms(g.Connect), TLS: ms(g.TLS), FirstByte: ms(g.FirstByte), Rest: ms(g.Rest), Whole: ms(g.Whole),
	}
	if r.Peer.IsValid() {
		f.Peer = r.Peer.String()
	}
	if k := r.Certificate; k != nil {
		f.Certificate = &certificateFigures{Subject: k.Subject, Issuer: k.Issuer, From: k.From.UTC(), Until: k.Until.UTC(), Fault: k.Fault}
	}
	return f
}

func (sh serviceSheet) write(out io.Writer, format string) error {
	var all []serviceFigures
	for i, r := range sh.results {
		all = append(all, figuresOf(sh.checks[i], r))
	}
	switch format {
	case "json":
		return writeJSON(out, all)
	case "csv":
		return csv.NewWriter(out).WriteAll(serviceRecords(all))
	}
	var b strings.Builder
	writeRows(&b, sh.rows())
	_, err := io.WriteString(out, b.String())
	return err
}

// serviceRecords are the same figures, without those of a list.
func serviceRecords(all []serviceFigures) [][]string {
	records := [][]string{{
		"service", "reason", "known", "detail", "peer", "url", "status", "redirects", "octets", "addresses",
		"moved_ms", "resolve_ms", "connect_ms", "tls_ms", "first_byte_ms", "rest_ms", "whole_ms", "certificate_until", "certificate_fault",
	}}
	for _, f := range all {
		var addresses []string
		for _, a := range f.Addresses {
			addresses = append(addresses, a.String())
		}
		record := []string{
			f.Service, string(f.Reason), strconv.FormatBool(f.Known), f.Detail, f.Peer, f.URL, strconv.Itoa(f.Status), strconv.Itoa(f.Redirects),
			strconv.FormatInt(f.Octets, 10), strings.Join(addresses, " "),
		}
		for _, figure := range []*float64{f.Moved, f.Resolve, f.Connect, f.TLS, f.FirstByte, f.Rest, f.Whole} {
			record = append(record, text(figure))
		}
		until, fault := "", ""
		if f.Certificate != nil {
			until, fault = f.Certificate.Until.Format(time.RFC3339), string(f.Certificate.Fault)
		}
		records = append(records, append(record, until, fault))
	}
	return records
}

// rows are a table in the reader's language; details stay in the words of the system.
func (sh serviceSheet) rows() []row {
	t := sh.print.T
	rows := []row{{
		t("service.service"), t("service.result"), t("service.resolve"), t("service.connect"), "TLS", t("service.first"), t("service.whole"),
		t("service.until"), t("service.detail"),
	}}
	for i, r := range sh.results {
		line := row{sh.checks[i].String(), t("service.reason." + strings.ReplaceAll(string(r.Reason), "_", "-"))}
		g := r.Timings
		for _, d := range []time.Duration{g.Resolve, g.Connect, g.TLS, g.FirstByte, g.Whole} {
			line = append(line, sh.print.Millis(d.Microseconds()))
		}
		until, detail := "", r.Detail
		if k := r.Certificate; k != nil {
			until = sh.print.Date(k.Until)
			if k.Fault != "" {
				detail = t("service.fault." + strings.ReplaceAll(string(k.Fault), "_", "-"))
			}
		}
		if r.Reason == service.OK {
			detail = found(r)
		}
		rows = append(rows, append(line, until, detail))
	}
	return rows
}

// found is what an answer holds, in one word.
func found(r service.Result) string {
	if r.Status != 0 {
		return strconv.Itoa(r.Status)
	}
	var all []string
	for _, a := range r.Addresses {
		all = append(all, a.String())
	}
	return strings.Join(all, " ")
}

package series

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/internal/linkstate"
	"vigie/internal/org"
)

// PerLink is the most series that a link of one site has; each further site adds one.
const PerLink = 9 + len(bounds) + 3

// Family is one name of series.
type Family struct {
	Name, Type, Help string
	write            func(dst []byte, name string, k *link, at moment) []byte // nil: counted over all
}

// moment is when the figures are written.
type moment struct {
	now       time.Time
	pollEvery time.Duration
}

// Families are the names of the series of links, in the order of their writing.
func Families() []Family {
	return []Family{
		{"vigie_links", "gauge", "Links in force, by operator and state.", nil},
		{"vigie_link_info", "gauge", "1; whose the link is and where it goes.", writeInfo},
		{"vigie_link_site_info", "gauge", "1 for each site that the link serves.", writeSites},
		{"vigie_link_state", "gauge", "0 up, 1 degraded, 2 down, 3 unknown.", writeState},
		{"vigie_link_echoes_sent_total", "counter", "Echoes that counted.", func(dst []byte, name string, k *link, _ moment) []byte {
			return whole(series(dst, name, k.label, ""), k.sent)
		}},
		{"vigie_link_echoes_lost_total", "counter", "Those of them without answer.", func(dst []byte, name string, k *link, _ moment) []byte {
			return whole(series(dst, name, k.label, ""), k.lost)
		}},
		{"vigie_link_rtt_seconds", "histogram", "Round-trip times of the answers.", writeDelays},
		{"vigie_link_contract_bytes_per_second", "gauge", "Rate that the contract guarantees.", writeContract},
		{"vigie_link_utilisation_ratio", "gauge", "What the link carried between two polls of its router, to the contract.", writeRatio},
	}
}

// chunk is how many links are written under one hold of the lock, so that a slow reader
// keeps no decision waiting.
const chunk = 512

// Write gives the series of the links that somebody sees, as they are now.
func (l *Links) Write(w io.Writer, who org.User, now time.Time) error {
	l.mu.Lock()
	seen := l.order
	if !who.Territory.All || !org.Allowed(who, org.SeeLinks) {
		seen = slices.DeleteFunc(slices.Clone(seen), func(k *link) bool {
			return len(k.owners) == 0 || !org.Allowed(who, org.SeeLinks, k.owners...)
		})
	}
	totals := count(seen)
	at := moment{now, l.pollEvery}
	l.mu.Unlock()
	var text []byte
	for _, f := range Families() {
		text = append(text, "# HELP "+f.Name+" "+f.Help+"\n# TYPE "+f.Name+" "+f.Type+"\n"...)
		if f.write == nil {
			text = writeTotals(text, f.Name, totals)
		}
		for part := range slices.Chunk(seen, chunk) {
			if f.write == nil {
				break
			}
			l.mu.Lock()
			for _, k := range part {
				text = f.write(text, f.Name, k, at)
			}
			l.mu.Unlock()
			if _, err := w.Write(text); err != nil {
				return err
			}
			text = text[:0]
		}
	}
	_, err := w.Write(text)
	return err
}

// states are the statuses of a link.
var states = [...]linkstate.Status{linkstate.Up, linkstate.Degraded, linkstate.Down, linkstate.Unknown}

// total counts the links of an operator by status.
type total struct {
	operator string
	links    [len(states)]uint64
}

// count gives the totals by operator; a link without a decision yet counts nowhere.
func count(links []*link) []total {
	by := map[string]*total{}
	for _, k := range links {
		if by[k.operator] == nil {
			by[k.operator] = &total{operator: k.operator}
		}
		if k.decided {
			by[k.operator].links[k.status]++
		}
	}
	var totals []total
	for _, t := range by {
		totals = append(totals, *t)
	}
	slices.SortFunc(totals, func(a, b total) int { return cmp.Compare(a.operator, b.operator) })
	return totals
}

func writeTotals(dst []byte, name string, totals []total) []byte {
	for _, t := range totals {
		for i, state := range states {
			dst = whole(series(dst, name, label("operator", t.operator), label("state", state.String())), t.links[i])
		}
	}
	return dst
}

func writeInfo(dst []byte, name string, k *link, _ moment) []byte {
	return whole(series(dst, name, k.label, k.info), 1)
}

func writeSites(dst []byte, name string, k *link, _ moment) []byte {
	for _, site := range k.sites {
		dst = whole(series(dst, name, k.label, site), 1)
	}
	return dst
}

func writeState(dst []byte, name string, k *link, _ moment) []byte {
	if !k.decided {
		return dst
	}
	return whole(series(dst, name, k.label, ""), uint64(k.status))
}

// leLabels are the labels of the buckets, in seconds.
var leLabels = func() (out [len(bounds) + 1]string) {
	for i, micros := range bounds {
		out[i] = label("le", strconv.FormatFloat(float64(micros)/1e6, 'f', -1, 64))
	}
	out[len(bounds)] = label("le", "+Inf")
	return out
}()

func writeDelays(dst []byte, name string, k *link, _ moment) []byte {
	if k.sent == 0 {
		return dst
	}
	var answers uint64
	for i, n := range k.delays {
		answers += n
		dst = whole(series(dst, name+"_bucket", k.label, leLabels[i]), answers)
	}
	dst = decimal(series(dst, name+"_sum", k.label, ""), float64(k.sumMicros)/1e6)
	return whole(series(dst, name+"_count", k.label, ""), answers)
}

var directionLabels = [directions]string{
	down: label("direction", directionNames[down]), up: label("direction", directionNames[up]),
}

func writeContract(dst []byte, name string, k *link, _ moment) []byte {
	for direction, labels := range directionLabels {
		if k.contractBytes[direction] > 0 {
			dst = decimal(series(dst, name, k.label, labels), k.contractBytes[direction])
		}
	}
	return dst
}

func writeRatio(dst []byte, name string, k *link, at moment) []byte {
	if !k.carriedAt(at.now, at.pollEvery) {
		return dst
	}
	for direction, labels := range directionLabels {
		if k.contractBytes[direction] > 0 {
			dst = decimal(series(dst, name, k.label, labels), k.ratio[direction])
		}
	}
	return dst
}

// series begins a line.
func series(dst []byte, name, labels, further string) []byte {
	dst = append(append(append(dst, name...), '{'), labels...)
	if further != "" {
		dst = append(append(dst, ','), further...)
	}
	return append(dst, "} "...)
}

func whole(dst []byte, n uint64) []byte { return append(strconv.AppendUint(dst, n, 10), '\n') }

// significant is how many digits a measured value has: more than its measure is exact to.
const significant = 6

func decimal(dst []byte, v float64) []byte {
	return append(strconv.AppendFloat(dst, v, 'g', significant, 64), '\n')
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func label(name, value string) string { return name + `="` + escape.Replace(value) + `"` }

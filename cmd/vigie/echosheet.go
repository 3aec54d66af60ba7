package main

import (
	"strconv"
	"strings"

	"vigie/probe/icmp"
	"vigie/probe/ping"
)

// reject notes a reply that was refused.
func (p *delaySheet) reject(host int, why icmp.Rejection) {
	if host == ping.Elsewhere {
		p.elsewhere.Count(why)
		return
	}
	p.hosts[host].rejects.Count(why)
}

// takeRejects takes what a prober refused: of each host, then from elsewhere. One that
// does not tell has not looked.
func (p *delaySheet) takeRejects(told []ping.Rejects) {
	for i := range p.hosts {
		if i < len(told) {
			p.hosts[i].rejects = told[i]
		} else {
			p.hosts[i].blind = true
		}
	}
	if len(told) > len(p.hosts) {
		p.elsewhere = told[len(p.hosts)]
	}
}

// echoFigures are those of a host that was sent echoes: of a trace nobody counts what
// comes twice. What the way of measuring does not see is null.
type echoFigures struct {
	delayFigures
	Duplicates *int `json:"duplicates"`
	Late       *int `json:"late"`
	Forged     *int `json:"forged"`
	Malformed  *int `json:"malformed"`
}

// echoColumns are the names of what echoFigures add, in the order of record.
var echoColumns = []string{"duplicates", "late", "forged", "malformed"}

func (h delayHost) echoFigures() echoFigures {
	f := echoFigures{delayFigures: h.figures()}
	if !h.blind {
		f.Duplicates, f.Late, f.Forged, f.Malformed = &h.doubled, &h.rejects.Late, &h.rejects.Forged, &h.rejects.Malformed
	}
	return f
}

func (f echoFigures) record() []string {
	return append(f.delayFigures.record(), cell(f.Duplicates), cell(f.Late), cell(f.Forged), cell(f.Malformed))
}

// table writes a line for each host, and below them what was not counted and why.
func (p *delaySheet) table() string {
	var b strings.Builder
	b.WriteString(p.delays())
	var blind []string
	for _, h := range p.hosts {
		if h.blind {
			blind = append(blind, h.name)
		}
	}
	p.note(&b, "ping.unsent", 0, func(h delayHost) int { return h.unsent })
	if p.refusal != "" {
		b.WriteString(p.print.T("ping.refusal", p.refusal) + "\n")
	}
	p.note(&b, "ping.doubled", 0, func(h delayHost) int { return h.doubled })
	p.note(&b, "ping.late", p.elsewhere.Late, func(h delayHost) int { return h.rejects.Late })
	p.note(&b, "ping.forged", p.elsewhere.Forged, func(h delayHost) int { return h.rejects.Forged })
	p.note(&b, "ping.malformed", p.elsewhere.Malformed, func(h delayHost) int { return h.rejects.Malformed })
	if len(blind) > 0 {
		b.WriteString(p.print.T("ping.blind", strings.Join(blind, ", ")) + "\n")
	}
	return b.String()
}

// note writes how often something was seen, and at which hosts where that is not clear.
func (p *delaySheet) note(b *strings.Builder, key string, elsewhere int, of func(delayHost) int) {
	total := elsewhere
	var each []string
	for _, h := range p.hosts {
		if n := of(h); n > 0 {
			total += n
			each = append(each, p.print.T("ping.of", h.name, p.print.Number(int64(n))))
		}
	}
	if total == 0 {
		return
	}
	if elsewhere > 0 {
		each = append(each, p.print.T("ping.of", p.print.T("ping.elsewhere"), strconv.Itoa(elsewhere)))
	}
	b.WriteString(p.print.N(key, total))
	if len(p.hosts) > 1 || elsewhere > 0 {
		b.WriteString(" (" + strings.Join(each, ", ") + ")")
	}
	b.WriteByte('\n')
}

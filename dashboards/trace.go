package dashboards

import (
	"html/template"
	"net/netip"
	"slices"
	"strings"

	"vigie/internal/linkstate"
	"vigie/internal/view"
	"vigie/probe"
)

// wayDrawing is a trace hop by hop, beside the last good way.
type wayDrawing struct {
	Width   int
	Between int // from one mark to the next, without them
	Rows    []wayRow
	Last    *probe.Hop // that answered; nil when none did
}

// wayRow is one hop of a trace, with who stood there before.
type wayRow struct {
	probe.Hop
	X       int
	State   string // name of an icon
	Link    string // from the hop before: goes, or ends; empty for the first
	Loss    int    // of its answers, in whole percent
	Before  []netip.Addr
	Differs bool // another router answers than before
}

// hopWidth is from one mark to the next, of which markWidth is the mark.
const hopWidth, markWidth = 30, 16

func drawWay(t view.Trace) wayDrawing {
	d := wayDrawing{Between: hopWidth - markWidth}
	if last, ok := t.Last(); ok {
		d.Last = &last
	}
	hops := slices.Clone(t.Hops)
	if t.Good != nil {
		for n := len(hops); n < len(t.Good.Hops); n++ {
			hops = append(hops, probe.Hop{Number: n + 1})
		}
	}
	for i, h := range hops {
		row := wayRow{Hop: h, X: 4 + i*hopWidth, State: linkstate.Down.String()}
		if row.Link = "ends"; d.Last != nil && h.Number <= d.Last.Number {
			row.Link = "goes"
		}
		if i == 0 {
			row.Link = ""
		}
		if h.Sent > 0 {
			row.Loss = ((h.Sent-h.Received)*100 + h.Sent/2) / h.Sent
		}
		switch {
		case h.Received > 0 && !h.Refused:
			row.State = linkstate.Up.String()
		case d.Last != nil && h.Number < d.Last.Number:
			row.State = linkstate.Unknown.String() // it passes on and does not answer itself
		}
		if t.Good != nil && i < len(t.Good.Hops) {
			row.Before = t.Good.Hops[i].From
			row.Differs = len(h.From) > 0 && len(row.Before) > 0 && !slices.ContainsFunc(h.From, func(a netip.Addr) bool { return slices.Contains(row.Before, a) })
		}
		d.Rows = append(d.Rows, row)
	}
	d.Width = 8 + len(d.Rows)*hopWidth
	return d
}

// addressesText writes the routers of a hop; a dash where none answered.
func addressesText(all []netip.Addr) string {
	if len(all) == 0 {
		return "–"
	}
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// traceFunctions are what the templates about traces call.
func traceFunctions() template.FuncMap {
	return template.FuncMap{"waydrawn": drawWay, "addresses": addressesText}
}

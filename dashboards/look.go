package dashboards

import (
	"fmt"
	"strings"

	"vigie/internal/i18n"
	"vigie/internal/view"
	"vigie/probe"
)

// lookDrawing is a closer look in words and as a strip of its echoes.
type lookDrawing struct {
	view.Look
	// Named is false on the page of the link itself.
	Named bool
	Text  string
	Width int // of the strip, in its own units
	Bars  []lookBar
}

// lookBar is an echo of the strip: one that is lost stands over the whole height, one
// answered as high as its delay among the others.
type lookBar struct {
	X, Y, Height int
	Lost         bool
}

// The strip has a place of lookPlace units for each echo.
const (
	lookPlace  = 4
	lookHeight = 24
	lookLeast  = 3
)

func newLookDrawings(p i18n.Printer, named bool, looks []view.Look) []lookDrawing {
	drawings := make([]lookDrawing, len(looks))
	for i, look := range looks {
		d := lookDrawing{Look: look, Named: named, Text: lookText(p, look.Look), Width: lookPlace * look.Sent()}
		var slowest int32 = 1
		for _, rtt := range look.RTTMicros {
			slowest = max(slowest, rtt)
		}
		for place, rtt := range look.RTTMicros {
			bar := lookBar{X: lookPlace * place, Height: lookHeight, Lost: rtt == probe.Lost}
			if !bar.Lost {
				bar.Height = lookLeast + int(int64(rtt)*(lookHeight/2-lookLeast)/int64(slowest))
			}
			bar.Y = lookHeight - bar.Height
			d.Bars = append(d.Bars, bar)
		}
		drawings[i] = d
	}
	return drawings
}

// lookText says what was seen in two or three sentences.
func lookText(p i18n.Printer, l probe.Look) string {
	sentences := []string{p.T("look.round", p.TimeTenths(l.From), figure(p, l.RoundLost), figure(p, l.RoundSent))}
	sent, lost := figure(p, l.Sent()), figure(p, l.Lost())
	switch {
	case l.End == probe.LookPassed:
		return strings.Join(append(sentences, p.N("look.passed", l.Together)), " ")
	case l.Sent() == 0:
		sentences = append(sentences, p.T("look.blind"))
	case l.Lost() == 0:
		sentences = append(sentences, p.T("look.well", sent))
	case l.End == probe.LookRecovered:
		sentences = append(sentences, p.T("look.recovered", lost, sent, p.ClockTenths(l.LastLost)))
	case l.Lost() == l.Sent():
		sentences = append(sentences, p.T("look.total", sent, p.ClockTenths(l.LastLost)))
	default:
		sentences = append(sentences, p.T("look.lasting", lost, sent, p.ClockTenths(l.LastLost)))
	}
	if l.Together > 1 {
		sentences = append(sentences, p.N("look.together", l.Together))
	}
	return strings.Join(sentences, " ")
}

func figure(p i18n.Printer, n int) string { return p.Number(int64(n)) }

// ViewBox is the strip's own coordinates.
func (d lookDrawing) ViewBox() string { return fmt.Sprintf("0 0 %d %d", d.Width, lookHeight) }

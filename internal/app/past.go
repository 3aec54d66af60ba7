package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"vigie/internal/calendar"
	"vigie/internal/inventory"
	"vigie/internal/lab"
	"vigie/internal/measure"
	"vigie/internal/store"
)

const (
	// pastMonths is how much simulated past a demonstration has: a year and the month
	// before, so that every month of a year can be compared.
	pastMonths = 13
	// pastRows is how much of it, at least, is minutes and five-minute figures; what
	// is older is packed days.
	pastRows = 24 * time.Hour
	// pastHours and pastDays are the pieces, each one transaction. Of many links a piece
	// has fewer days: about pastLinkDays of all links together, and one at least.
	pastHours    = 3
	pastDays     = 7
	pastLinkDays = 1500
	utcDay       = 24 * time.Hour
)

// Past is the past of a demonstration: what its links would have lived.
type Past struct {
	options PastOptions
	links   []pastLink
	until   time.Time
}

// PastOptions says what past to write.
type PastOptions struct {
	Store   *store.Past
	Prober  string               // that would have measured
	Now     time.Time            // at which the past ends, where none is written yet
	Workers int                  // that draw at once
	Written func(store.PastMark) // told after each piece
}

// pastLink is a link with what its past is drawn from. It draws for one at a time.
type pastLink struct {
	inventory.Link
	lab     lab.Link
	traffic *lab.Traffic
}

// NewPast is the past of the links in force that the lab simulates.
func NewPast(x *inventory.Index, o PastOptions) (*Past, error) {
	school, err := labCalendar()
	if err != nil {
		return nil, err
	}
	p := &Past{options: o, until: o.Now.UTC().Truncate(time.Minute)}
	for _, l := range labTopology(x, o.Now).Links {
		if link, ok := x.Link(l.Ref); ok {
			p.links = append(p.links, pastLink{link, l, lab.NewTraffic(demoSeed, l, school)})
		}
	}
	return p, nil
}

// Fill writes what is missing of the past, newest first, and returns how far it came.
// It may be stopped or killed at any instant and goes on where it was.
func (p *Past) Fill(ctx context.Context) (store.PastMark, error) {
	since := p.until.AddDate(0, -pastMonths, 0).Truncate(utcDay)
	mark, err := p.options.Store.Begin(ctx, since, p.until)
	if err != nil {
		return mark, err
	}
	p.options.Written(mark)
	ctx, stop := context.WithCancel(ctx)
	pieces := make(chan store.PastPiece)
	var drawing sync.WaitGroup
	drawing.Go(func() {
		defer close(pieces)
		p.draw(ctx, mark, pieces)
	})
	defer drawing.Wait()
	defer stop()
	for piece := range pieces {
		if ctx.Err() != nil {
			break
		}
		if err := p.options.Store.Write(ctx, piece); err != nil {
			return mark, err
		}
		mark.Written = piece.From
		p.options.Written(mark)
	}
	return mark, nil
}

// draw gives the pieces that are missing, one while the one before is written.
func (p *Past) draw(ctx context.Context, mark store.PastMark, pieces chan<- store.PastPiece) {
	rowsFrom := calendar.Later(mark.Since, mark.Until.Add(-pastRows).Truncate(utcDay))
	days := min(max(1, pastLinkDays/max(1, len(p.links))), pastDays)
	for mark.Written.After(mark.Since) {
		var piece store.PastPiece
		if mark.Written.After(rowsFrom) {
			piece = p.rows(calendar.Later(rowsFrom, mark.Written.Add(-pastHours*time.Hour).Truncate(time.Hour)), mark)
		} else {
			piece = p.days(ctx, calendar.Later(mark.Since, mark.Written.AddDate(0, 0, -days)), mark)
		}
		select {
		case pieces <- piece:
		case <-ctx.Done(): // the piece may be a part only
			return
		}
		mark.Written = piece.From
	}
}

// parts has each worker draw from some of the links; the parts stand in their order.
func (p *Past) parts(draw func(links []pastLink) store.PastPiece) []store.PastPiece {
	parts := make([]store.PastPiece, min(p.options.Workers, len(p.links)))
	var working sync.WaitGroup
	for w := range parts {
		links := p.links[w*len(p.links)/len(parts) : (w+1)*len(p.links)/len(parts)]
		working.Go(func() { parts[w] = draw(links) })
	}
	working.Wait()
	return parts
}

// rows is a piece of the past as minutes and five-minute figures, in the order in which
// they would have come.
func (p *Past) rows(from time.Time, mark store.PastMark) store.PastPiece {
	piece := store.PastPiece{From: from, Prober: p.options.Prober}
	for _, part := range p.parts(func(links []pastLink) store.PastPiece { return linkRows(links, from, mark) }) {
		piece.Minutes = append(piece.Minutes, part.Minutes...)
		piece.Carried = append(piece.Carried, part.Carried...)
		piece.Outages = append(piece.Outages, part.Outages...)
	}
	slices.SortStableFunc(piece.Minutes, func(a, b measure.Minute) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(piece.Carried, func(a, b store.PastCarried) int { return a.At.Compare(b.At) })
	return piece
}

func linkRows(links []pastLink, from time.Time, mark store.PastMark) (part store.PastPiece) {
	var s sketch
	for _, l := range links {
		outages := l.outages(from, mark)
		part.Outages = append(part.Outages, l.begun(outages, from, mark.Written)...)
		for _, m := range s.minutes(l, from, mark.Written, outages) {
			addDelays(&m.Delays, m)
			part.Minutes = append(part.Minutes, m)
		}
		// Whole intervals only: the one that the past ends in belongs to the living chain.
		for at := from.Truncate(lab.SlotLength); at.Before(mark.Written); at = at.Add(lab.SlotLength) {
			if end := at.Add(lab.SlotLength); !at.Before(from) && !end.After(mark.Until) {
				part.Carried = append(part.Carried, store.PastCarried{Link: l.ID, Carried: l.carried(at, end, outages)})
			}
		}
	}
	return part
}

// days is a piece of the past as packed days, those of a link side by side.
func (p *Past) days(ctx context.Context, from time.Time, mark store.PastMark) store.PastPiece {
	piece := store.PastPiece{From: from}
	for _, part := range p.parts(func(links []pastLink) store.PastPiece { return linkDays(ctx, links, from, mark) }) {
		piece.Days = append(piece.Days, part.Days...)
		piece.Outages = append(piece.Outages, part.Outages...)
	}
	return piece
}

func linkDays(ctx context.Context, links []pastLink, from time.Time, mark store.PastMark) (part store.PastPiece) {
	var s sketch
	for _, l := range links {
		if ctx.Err() != nil {
			return part
		}
		outages := l.outages(from, mark)
		part.Outages = append(part.Outages, l.begun(outages, from, mark.Written)...)
		for at := from; at.Before(mark.Written); at = at.Add(utcDay) {
			if !inventory.InForce(l.Starts, l.Ends, at) {
				continue
			}
			minutes := s.minutes(l, at, at.Add(utcDay), outages)
			day := store.PastDay{
				Link: l.ID, Day: at, Hours: measure.HoursOf(at, minutes), Delays: &measure.HourlyDelays{}, Carried: measure.NewUtilisationDay(),
			}
			for i, m := range minutes {
				addDelays(&day.Delays[i/60], m)
			}
			for slot := at; slot.Before(at.Add(utcDay)); slot = slot.Add(lab.SlotLength) {
				day.Carried.Put(at, l.carried(slot, slot.Add(lab.SlotLength), outages))
			}
			part.Days = append(part.Days, day)
		}
	}
	return part
}

// outages are those that touch the time from from to what is written already and are
// over when the past ends: what still lasts is for the living chain to find.
func (l pastLink) outages(from time.Time, mark store.PastMark) []lab.Outage {
	all := lab.Outages(demoSeed, l.lab, from, mark.Written)
	for n := len(all); n > 0 && all[n-1].To.After(mark.Until); n-- {
		all = all[:n-1]
	}
	return all
}

// begun are the outages that begin in [from, to) while the link is in service: each
// belongs to one piece.
func (l pastLink) begun(outages []lab.Outage, from, to time.Time) []store.PastOutage {
	var list []store.PastOutage
	for _, o := range outages {
		if !o.From.Before(from) && o.From.Before(to) && inventory.InForce(l.Starts, l.Ends, o.From.Truncate(utcDay)) {
			list = append(list, store.PastOutage{Link: l.ID, From: o.From, To: o.To, Power: o.Power})
		}
	}
	return list
}

// sketch is room in which minutes are drawn; those of one drawing are over with the next.
type sketch struct {
	drawn []lab.Minute
	made  []measure.Minute
}

// minutes draws the minutes of a link from from to to, one after the other.
func (s *sketch) minutes(l pastLink, from, to time.Time, outages []lab.Outage) []measure.Minute {
	s.drawn = lab.AppendHistory(s.drawn[:0], demoSeed, l.lab, calendar.Local(from), to)
	lab.Silence(s.drawn, outages)
	s.made = s.made[:0]
	for _, m := range s.drawn {
		s.made = append(s.made, simulated(l.ID, m))
	}
	return s.made
}

// simulated is a minute of the lab with the delays that the rules of measure leave it:
// a lost echo is an infinite delay.
func simulated(link int64, m lab.Minute) measure.Minute {
	minute := measure.Minute{
		Link: link, At: m.At, Planned: lab.EchoesPerMinute, Sent: m.Sent, Received: m.Received,
		MinMicros: int32(m.MinMicros), MedianMicros: int32(m.MedianMicros), P95Micros: int32(m.P95Micros),
		MaxMicros: int32(m.MaxMicros), JitterMicros: int32(m.JitterMicros),
		Detailed: true,
	}
	// A bad spell scatters its losses over a minute; more of them are an outage's.
	switch lost := int64(m.Sent - m.Received); {
	case lost > lab.MostScattered:
		minute.LossPeriods, minute.LongestLoss = 1, lost
	case lost > 0:
		minute.LossPeriods, minute.LongestLoss = lost, 1
	}
	switch {
	case m.Received == 0:
		minute.MinMicros, minute.MaxMicros, minute.JitterMicros = measure.Undefined, measure.Undefined, measure.Undefined
		fallthrough
	case 2*m.Received < m.Sent:
		minute.MedianMicros = measure.Undefined
		fallthrough
	case 100*m.Received < 95*m.Sent:
		minute.P95Micros = measure.Undefined
	}
	return minute
}

// addDelays adds the echoes of a simulated minute: one took the longest, the others as
// long as straight lines between its least, its median and its 95th percentile say, in
// five parts of about the same size.
func addDelays(d *measure.Distribution, m measure.Minute) {
	d.Lost += int64(m.Sent - m.Received)
	if m.Received == 0 {
		return
	}
	median := max(m.MedianMicros, m.MinMicros) // undefined where much was lost
	late := max(m.P95Micros, median)
	others := uint32(m.Received - 1)
	part := others / 5
	d.Add(m.MinMicros+(median-m.MinMicros)/5, part)
	d.Add(m.MinMicros+(median-m.MinMicros)*3/5, part)
	d.Add(median, others-4*part)
	d.Add(median+(late-median)*4/9, part)
	d.Add(median+(late-median)*8/9, part)
	d.Add(m.MaxMicros, 1)
}

// carried is what the router of a link would have counted: during an outage nobody
// reaches it, so that time is not covered.
func (l pastLink) carried(from, to time.Time, outages []lab.Outage) measure.Carried {
	covered := to.Sub(from)
	for _, o := range outages {
		if lost := calendar.Earlier(to, o.To).Sub(calendar.Later(from, o.From)); lost > 0 {
			covered -= lost
		}
	}
	octets := l.traffic.Carried(from, from.Add(covered))
	return measure.Carried{At: from, DownOctets: int64(octets.Down), UpOctets: int64(octets.Up), CoveredMillis: int32(covered.Milliseconds())}
}

package app

import (
	"context"
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
	// pastHours and pastDays are the pieces, each one transaction.
	pastHours = 3
	pastDays  = 7
	utcDay    = 24 * time.Hour
)

// simulatedPast is the past of a demonstration: what its links would have lived.
type simulatedPast struct {
	store   *store.Past
	prober  string
	links   []pastLink
	until   time.Time
	written func(store.PastMark) // told after each piece
}

// pastLink is a link with what its past is drawn from.
type pastLink struct {
	inventory.Link
	lab     lab.Link
	traffic *lab.Traffic
}

// newPast is the past of the links in force that the lab simulates.
func newPast(s *store.Past, x *inventory.Index, prober string, now time.Time) (*simulatedPast, error) {
	school, err := labCalendar()
	if err != nil {
		return nil, err
	}
	p := &simulatedPast{store: s, prober: prober, until: now.UTC().Truncate(time.Minute)}
	for _, l := range labTopology(x, now).Links {
		if link, ok := x.Link(l.Ref); ok {
			p.links = append(p.links, pastLink{link, l, lab.NewTraffic(demoSeed, l, school)})
		}
	}
	return p, nil
}

// fill writes what is missing of the past, newest first, and returns how far it came.
// It may be stopped or killed at any instant and goes on where it was.
func (p *simulatedPast) fill(ctx context.Context) (store.PastMark, error) {
	since := p.until.AddDate(0, -pastMonths, 0).Truncate(utcDay)
	mark, err := p.store.Begin(ctx, since, p.until)
	if err != nil {
		return mark, err
	}
	p.written(mark)
	rowsFrom := mark.Until.Add(-pastRows).Truncate(utcDay)
	if rowsFrom.Before(mark.Since) {
		rowsFrom = mark.Since
	}
	for mark.Written.After(mark.Since) && ctx.Err() == nil {
		var piece store.PastPiece
		if mark.Written.After(rowsFrom) {
			piece = p.rows(calendar.Later(rowsFrom, mark.Written.Add(-pastHours*time.Hour).Truncate(time.Hour)), mark)
		} else {
			piece = p.days(ctx, calendar.Later(mark.Since, mark.Written.AddDate(0, 0, -pastDays)), mark)
		}
		if ctx.Err() != nil {
			return mark, nil // the piece may be a part only
		}
		if err := p.store.Write(ctx, piece); err != nil {
			return mark, err
		}
		mark.Written = piece.From
		p.written(mark)
	}
	return mark, nil
}

// rows is a piece of the past as minutes and five-minute figures.
func (p *simulatedPast) rows(from time.Time, mark store.PastMark) store.PastPiece {
	piece := store.PastPiece{From: from, Prober: p.prober}
	for _, l := range p.links {
		outages := l.outages(from, mark)
		piece.Outages = append(piece.Outages, l.begun(outages, from, mark.Written)...)
		minutes := l.minutes(from, mark.Written, outages)
		for i := range minutes {
			addDelays(&minutes[i].Delays, minutes[i])
		}
		piece.Minutes = append(piece.Minutes, minutes...)
		// Whole intervals only: the one that the past ends in belongs to the living chain.
		for at := from.Truncate(lab.SlotLength); at.Before(mark.Written); at = at.Add(lab.SlotLength) {
			if end := at.Add(lab.SlotLength); !at.Before(from) && !end.After(mark.Until) {
				piece.Carried = append(piece.Carried, store.PastCarried{Link: l.ID, Carried: l.carried(at, end, outages)})
			}
		}
	}
	return piece
}

// days is a piece of the past as packed days, those of a link side by side: a year of
// one link then lies in few places.
func (p *simulatedPast) days(ctx context.Context, from time.Time, mark store.PastMark) store.PastPiece {
	piece := store.PastPiece{From: from}
	for _, l := range p.links {
		if ctx.Err() != nil {
			return piece
		}
		outages := l.outages(from, mark)
		piece.Outages = append(piece.Outages, l.begun(outages, from, mark.Written)...)
		for at := from; at.Before(mark.Written); at = at.Add(utcDay) {
			if !inventory.InForce(l.Starts, l.Ends, at) {
				continue
			}
			minutes := l.minutes(at, at.Add(utcDay), outages)
			day := store.PastDay{
				Link: l.ID, Day: at, Hours: measure.HoursOf(at, minutes), Delays: &measure.HourlyDelays{}, Carried: measure.NewUtilisationDay(),
			}
			for _, m := range minutes {
				addDelays(&day.Delays[m.At.Hour()], m)
			}
			for slot := at; slot.Before(at.Add(utcDay)); slot = slot.Add(lab.SlotLength) {
				day.Carried.Put(at, l.carried(slot, slot.Add(lab.SlotLength), outages))
			}
			piece.Days = append(piece.Days, day)
		}
	}
	return piece
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

func (l pastLink) minutes(from, to time.Time, outages []lab.Outage) []measure.Minute {
	past := lab.History(demoSeed, l.lab, calendar.Local(from), to)
	lab.Silence(past, outages)
	minutes := make([]measure.Minute, len(past))
	for i, m := range past {
		minutes[i] = simulated(l.ID, m)
	}
	return minutes
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

package lab

import (
	"cmp"
	"slices"
	"time"
)

// Outage is a time [From, To) of the simulated past in which a link was silent: its
// first failed round and its first good one. It must be shown as simulated.
type Outage struct {
	From, To time.Time // UTC, whole rounds
	Power    bool      // the site was without power; the line was whole
}

const (
	// pastRound is how far apart the rounds of the history are.
	pastRound      = 5 * time.Second
	echoesPerRound = int(EchoesPerMinute * pastRound / time.Minute)
	day            = 24 * time.Hour
	// A day in so many brings an outage of each kind: two or three of its own line in
	// a year, hardly one for want of power, one that its whole POP shares.
	lineOneIn, powerOneIn, popOneIn = 140, 600, 420
)

// Outages returns the outages of a link that touch [from, to), in order and apart
// from each other. They depend on the seed, the link's reference and POP and their own
// day only, so pieces of a past fit together. Links of one POP share some. Most are
// short, some outlast any guaranteed time of repair; none lasts a day.
func Outages(seed uint64, link Link, from, to time.Time) []Outage {
	first := from.UTC().Truncate(day).Add(-day)
	before := outagesOf(seed, link, first.Add(-day))
	var all []Outage
	for at := first; at.Before(to); at = at.Add(day) {
		today := outagesOf(seed, link, at)
		for i, o := range today {
			// One that begins while another lasts is left out, even where that one is left
			// out itself: so nothing further back has to be known.
			overlaps := func(earlier Outage) bool { return earlier.To.After(o.From) }
			if slices.ContainsFunc(before, overlaps) || slices.ContainsFunc(today[:i], overlaps) {
				continue
			}
			if o.To.After(from) && o.From.Before(to) {
				all = append(all, o)
			}
		}
		before = today
	}
	return all
}

// outagesOf draws what begins on one UTC day.
func outagesOf(seed uint64, link Link, at time.Time) []Outage {
	number := uint64(at.Unix()) / uint64(day/time.Second)
	draws := func(names ...string) *dice { return &dice{state: mix(newDice(seed, names...).state ^ number)} }
	var list []Outage
	if own := draws("outage", link.Ref); own.one(lineOneIn) {
		list = append(list, drawOutage(own, at, drawLength(own)))
	}
	if power := draws("power", link.Ref); power.one(powerOneIn) {
		o := drawOutage(power, at, 10*time.Minute+power.duration(4*time.Hour))
		o.Power = true
		list = append(list, o)
	}
	if shared := draws("pop outage", link.Operator, link.POP); link.POP != "" && shared.one(popOneIn) {
		list = append(list, drawOutage(shared, at, 15*time.Minute+shared.duration(4*time.Hour)))
	}
	slices.SortStableFunc(list, func(a, b Outage) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	return list
}

func drawOutage(draws *dice, at time.Time, length time.Duration) Outage {
	from := at.Add(draws.duration(day).Truncate(pastRound))
	return Outage{From: from, To: from.Add(length.Truncate(pastRound))}
}

// drawLength draws how long an outage lasts: of ten, five are over within half an
// hour, three within three hours, and one or two want a technician and a night.
func drawLength(draws *dice) time.Duration {
	switch tenth := draws.below(10); {
	case tenth < 5:
		return 2*time.Minute + draws.duration(28*time.Minute)
	case tenth < 8:
		return 30*time.Minute + draws.duration(150*time.Minute)
	case tenth < 9:
		return 3*time.Hour + draws.duration(3*time.Hour)
	default:
		return 6*time.Hour + draws.duration(12*time.Hour)
	}
}

// Silence takes from the minutes of a link, in order, the answers that its outages
// swallowed. What is left of a minute keeps its delays: none at all is 0 in each.
func Silence(minutes []Minute, outages []Outage) {
	for _, o := range outages {
		first, _ := slices.BinarySearchFunc(minutes, o.From.Add(-time.Minute+1), func(m Minute, at time.Time) int { return m.At.Compare(at) })
		for i := first; i < len(minutes) && minutes[i].At.Before(o.To); i++ {
			minutes[i].silence(o)
		}
	}
}

func (m *Minute) silence(o Outage) {
	var silent int
	for at := m.At; at.Before(m.At.Add(time.Minute)); at = at.Add(pastRound) {
		if !at.Before(o.From) && at.Before(o.To) {
			silent += echoesPerRound
		}
	}
	m.Received = max(0, m.Received-silent)
	if m.Received == 0 {
		*m = Minute{At: m.At, Sent: m.Sent}
	}
}

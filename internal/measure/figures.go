package measure

// Figures is what was measured of one link over some time longer than a round: a
// minute as several probers saw it, an hour, a day. Times are microseconds of round
// trip, or Undefined.
//
// The counts, the minimum and the maximum are exact, whatever they were summed from.
// Those of Extras are too, but for a run of losses that goes on from one minute to the
// next, which is two. The median, the 95th percentile, the jitter and the delay
// variation are not those of the echoes: see RollUp, and Distribution for theirs.
type Figures struct {
	Planned, Sent, Received int64 // echoes, those of every prober
	// CoveredMillis is the measured time in thousandths of a minute: a minute of which
	// half the planned echoes left counts 500. What was not measured is missing here
	// and stands nowhere else.
	CoveredMillis int64
	MinMicros     int32
	MedianMicros  int32
	P95Micros     int32
	MaxMicros     int32
	JitterMicros  int32
	PDVMicros     int32 // see Minute.PDVMicros
	// Detailed are those of the echoes sent of which Extras and PDVMicros tell; none of
	// what an older version measured.
	Detailed int64
	Extras
}

// undefinedFigures is what nothing measured adds up to.
func undefinedFigures() Figures {
	return Figures{MinMicros: Undefined, MedianMicros: Undefined, P95Micros: Undefined, MaxMicros: Undefined, JitterMicros: Undefined, PDVMicros: Undefined}
}

// Measured reports whether anything was.
func (f Figures) Measured() bool { return f.Sent > 0 }

// Seen is one minute of one link as the probers that measured it saw it together.
// It is covered as well as the best of them covered it, its median is the lower
// median of theirs, its 95th percentile, its jitter and its delay variation the
// largest, and its Extras are added.
func Seen(minutes ...Minute) Figures {
	f := undefinedFigures()
	medians := make([]int32, 0, 4)
	for _, m := range minutes {
		f.Planned += int64(m.Planned)
		if m.Sent == 0 {
			continue
		}
		f.count(Figures{Sent: int64(m.Sent), Received: int64(m.Received), MinMicros: m.MinMicros, MaxMicros: m.MaxMicros})
		f.CoveredMillis = max(f.CoveredMillis, min(1000, int64(m.Sent)*1000/int64(max(m.Planned, 1))))
		f.P95Micros = max(f.P95Micros, m.P95Micros)
		f.JitterMicros = max(f.JitterMicros, m.JitterMicros)
		if m.Detailed {
			f.Detailed += int64(m.Sent)
			f.PDVMicros = max(f.PDVMicros, m.PDVMicros())
			f.Extras.add(m.Extras)
		}
		medians = appendDefined(medians, m.MedianMicros)
	}
	f.MedianMicros = rankOf(medians, Median)
	return f
}

// RollUp sums parts that follow each other: minutes to an hour, hours to a day. The
// median is the lower median of the parts' medians, the 95th percentile the nearest
// rank 95th percentile of theirs, the jitter the lower median and the delay variation
// the nearest rank 95th percentile of theirs, each over the parts that have one and
// each part counting once. Extras are added. They say how the time was,
// typically and at its worse; they are not the percentiles of its echoes, and no
// penalty rests on them.
func RollUp(parts []Figures) Figures {
	f := undefinedFigures()
	room, n := make([]int32, 4*len(parts)), len(parts)
	medians, p95s, jitters, pdvs := room[:0:n], room[n:n:2*n], room[2*n:2*n:3*n], room[3*n:3*n]
	for i := range parts {
		part := &parts[i]
		f.Planned += part.Planned
		if !part.Measured() {
			continue
		}
		f.count(*part)
		f.CoveredMillis += part.CoveredMillis
		medians = appendDefined(medians, part.MedianMicros)
		p95s = appendDefined(p95s, part.P95Micros)
		jitters = appendDefined(jitters, part.JitterMicros)
		pdvs = appendDefined(pdvs, part.PDVMicros)
		f.Detailed += part.Detailed
		f.Extras.add(part.Extras)
	}
	f.MedianMicros, f.P95Micros = rankOf(medians, Median), rankOf(p95s, P95)
	f.JitterMicros, f.PDVMicros = rankOf(jitters, Median), rankOf(pdvs, P95)
	return f
}

// count adds what adds up exactly.
func (f *Figures) count(part Figures) {
	f.Sent += part.Sent
	f.Received += part.Received
	f.MaxMicros = max(f.MaxMicros, part.MaxMicros)
	if part.MinMicros != Undefined && (f.MinMicros == Undefined || part.MinMicros < f.MinMicros) {
		f.MinMicros = part.MinMicros
	}
}

func appendDefined(list []int32, micros int32) []int32 {
	if micros == Undefined {
		return list
	}
	return append(list, micros)
}

// rankOf changes the order of the list it is given.
func rankOf(list []int32, q Quantile) int32 {
	micros, ok := Select(list, q)
	if !ok {
		return Undefined
	}
	return micros
}

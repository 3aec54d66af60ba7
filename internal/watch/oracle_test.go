package watch_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigie/probe"
)

// minuteRows is what the minute table must hold for some batches, each applied
// once: counted and sorted in the plainest way, without the code under test.
func (w *world) minuteRows(batches []probe.Batch) []string {
	type key struct {
		prober string
		link   int64
		minute time.Time
	}
	isolated, lossy := map[string]bool{}, map[string]bool{} // by prober and cycle
	at := func(b probe.Batch, n int) string {
		return b.Prober + b.Cycle.Add(time.Duration(n)*w.cycle()).UTC().String()
	}
	for _, b := range batches {
		answers := 0
		for _, o := range b.Observations {
			if o.Kind == probe.Canary {
				answers += o.Received()
			}
			lossy[at(b, 0)] = lossy[at(b, 0)] || o.Received() < o.Sent() && !o.Loaded
		}
		isolated[at(b, 0)] = answers == 0
	}
	void := func(b probe.Batch) bool {
		return isolated[at(b, 0)] || lossy[at(b, 0)] && (isolated[at(b, -1)] || isolated[at(b, 1)])
	}
	rounds := map[key][][]int32{}
	for _, b := range batches {
		for _, o := range b.Observations {
			if o.Kind != probe.Link {
				continue
			}
			k := key{b.Prober, o.Target, b.Cycle.Truncate(time.Minute)}
			if rounds[k] == nil {
				rounds[k] = [][]int32{}
			}
			if !void(b) && !o.Loaded {
				rounds[k] = append(rounds[k], o.RTTMicros)
			}
		}
	}
	planned := int(time.Minute/w.cycle()) * echoes
	rows := []string{}
	for k, seen := range rounds {
		rows = append(rows, fmt.Sprintf("%s %d %s %d %s", k.prober, k.link, k.minute.UTC().Format(time.DateTime), planned, figures(seen)))
	}
	slices.Sort(rows)
	return rows
}

// figures are sent, received, minimum, median, p95, maximum and jitter.
func figures(rounds [][]int32) string {
	const never = 1 << 30
	var all, answered []int32
	sum, pairs := 0.0, 0.0
	for _, round := range rounds {
		for i, rtt := range round {
			if rtt == probe.Lost {
				all = append(all, never)
				continue
			}
			all, answered = append(all, rtt), append(answered, rtt)
			if i > 0 && round[i-1] != probe.Lost {
				sum += max(float64(rtt-round[i-1]), float64(round[i-1]-rtt))
				pairs++
			}
		}
	}
	slices.Sort(all)
	rank := func(percent int) string {
		if len(answered) == 0 || all[(len(all)*percent+99)/100-1] == never {
			return "-"
		}
		return fmt.Sprint(all[(len(all)*percent+99)/100-1])
	}
	low, high, jitter := "-", "-", "-"
	if len(answered) > 0 {
		low, high = fmt.Sprint(slices.Min(answered)), fmt.Sprint(slices.Max(answered))
	}
	if pairs > 0 {
		jitter = fmt.Sprint(int(sum/pairs + 0.5))
	}
	return fmt.Sprintf("%d %d %s %s %s %s %s", len(all), len(answered), low, rank(50), rank(95), high, jitter)
}

// minutes are the rows of the minute table in the same form, once nothing is due.
func (w *world) minutes(t testing.TB) []string {
	t.Helper()
	w.summarise(t, time.Now().AddDate(100, 0, 0))
	rows := w.ask(t, `SELECT p.name, link_id, to_char(at, 'YYYY-MM-DD HH24:MI:SS'), planned, sent, received, coalesce(min_micros::text, '-'),
		coalesce(median_micros::text, '-'), coalesce(p95_micros::text, '-'), coalesce(max_micros::text, '-'), coalesce(jitter_micros::text, '-')
		FROM minute JOIN prober p ON p.id = prober`)
	slices.Sort(rows)
	return rows
}

func (w *world) compareMinutes(t testing.TB, batches []probe.Batch) {
	t.Helper()
	if diff := cmp.Diff(w.minuteRows(batches), w.minutes(t)); diff != "" {
		t.Errorf("minutes (-want +got):\n%s", diff)
	}
}

// gaps are the gaps of a prober, as seconds after a time.
func (w *world) gaps(t testing.TB, prober string, after time.Time) []string {
	t.Helper()
	return w.ask(t, `SELECT reason, extract(epoch FROM from_at - $2::timestamptz)::bigint, extract(epoch FROM to_at - $2::timestamptz)::bigint
		FROM gap WHERE prober = (SELECT id FROM prober WHERE name = $1) ORDER BY from_at`, prober, after)
}

package ping

import "context"

// RunOneByOne is Run as it is where there is no batched engine.
func RunOneByOne(ctx context.Context, o Options, report func(Echo)) error {
	return newMeasuring(o, report).run(ctx, nil, nil, []int{0})
}

// Seqs are the numbers of the echoes of an interval, as its results tell them.
func Seqs(o Options, seq int) []int {
	m := newMeasuring(o, nil)
	hosts := make([]int, len(o.Hosts))
	for i := range hosts {
		hosts[i] = i
	}
	seqs := make([]int, len(hosts))
	for i, r := range m.rounds(hosts, seq) {
		seqs[i] = m.seq(r)
	}
	return seqs
}

package ping

import "context"

// RunOneByOne is Run as it is where there is no batched engine.
func RunOneByOne(ctx context.Context, o Options, report func(Echo)) error {
	return newMeasuring(o, report).run(ctx, nil, nil, []int{0})
}

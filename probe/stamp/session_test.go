package stamp_test

import (
	"context"
	"testing"
	"time"

	"vigie/probe/stamp"
)

func TestASessionIsSummedUp(t *testing.T) {
	t.Parallel()
	r, err := stamp.Listen(stamp.ReflectorOptions{Listen: "127.0.0.1:0", Stateful: true, Rate: 1000})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx) }()
	opened := 0
	found, err := stamp.Measure(t.Context(), stamp.Options{
		Reflector: r.Addr(), Count: 5, Interval: 10 * time.Millisecond, Timeout: 2 * time.Second,
		Open: func(create func() error) error { opened++; return create() },
	})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := found.Validate(); err != nil {
		t.Error(err)
	}
	if opened != 1 || found.Sent != 5 || found.Received != 5 || found.MedianMicros < found.MinMicros || found.MedianMicros > found.MaxMicros {
		t.Errorf("opened %d times, found %+v; want five packets back by one socket", opened, found)
	}
	if found.Synchronised != (found.ErrorMicros > 0) { // as this machine's clock says
		t.Errorf("the clocks are %+v", found)
	}
	silent, err := stamp.Measure(t.Context(), stamp.Options{Reflector: r.Addr(), Count: 2, Interval: 10 * time.Millisecond, Timeout: 50 * time.Millisecond})
	if err != nil || silent.Sent != 2 || silent.Received != 0 || silent.Validate() != nil {
		t.Errorf("nobody listens: %+v, error %v; want two packets lost", silent, err)
	}
}

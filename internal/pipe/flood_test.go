package pipe_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"vigie/probe"
)

func TestAProberThatFloodsItsCoreFillsItsOwnRoomOnly(t *testing.T) {
	t.Parallel()
	c := startCore(t, t.TempDir(), "127.0.0.1:0", certificate(t), "noisy", "quiet")
	noisy, quiet := start(t, t.TempDir()), start(t, t.TempDir())
	large := probe.Batch{Prober: "noisy"}
	for target := range int64(30000) {
		large.Observations = append(large.Observations, probe.Observation{Target: target, Kind: probe.Link, RTTMicros: []int32{int32(target), probe.Lost}})
	}
	forward(t, noisy, dial(t, c.way("noisy")))
	const flood = 12 // of some 600 kB each, where 2 MiB are its room
	for seq := range uint64(flood) {
		large.Seq = seq + 1
		if err := noisy.Publish(t.Context(), large); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the flood stands still at its bound", func() bool {
		n, err := c.Pending(t.Context())
		return err == nil && n > 1
	})
	time.Sleep(2 * time.Second) // it tries again
	if n, err := c.Pending(t.Context()); err != nil || n >= flood {
		t.Errorf("%d of %d batches found room, %v", n, flood, err)
	}
	to := dial(t, c.way("quiet"))
	forward(t, quiet, to)
	if err := quiet.Publish(t.Context(), probe.Batch{Prober: "quiet", Seq: 1}); err != nil {
		t.Fatal(err)
	}
	settled(t, quiet) // the core has it, whatever the other does

	var order []string
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	err := c.Consume(ctx, func(_ context.Context, b probe.Batch) error {
		order = append(order, b.Prober)
		if len(order) == flood+1 {
			cancel()
		}
		time.Sleep(200 * time.Millisecond) // so that both wait, however late one is begun to be asked
		return nil
	})
	if err != nil || len(order) != flood+1 {
		t.Fatalf("%d of %d batches arrived, %v: what found no room waits at the prober", len(order), flood+1, err)
	}
	if at := slices.Index(order, "quiet"); at > 2 {
		t.Errorf("the other prober waited for %d batches of the flood", at)
	}
}

func TestAProberThatAsksWithoutEndKeepsNoOtherFromItsAnswer(t *testing.T) {
	t.Parallel()
	c := startCore(t, t.TempDir(), "127.0.0.1:0", certificate(t), "noisy", "quiet")
	noisy, quiet := dial(t, c.way("noisy")), dial(t, c.way("quiet"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- c.Answer(ctx, func(ctx context.Context, prober string, _ []byte) ([]byte, error) {
			if prober == "noisy" {
				<-ctx.Done() // as an answer that takes long
			}
			return []byte("here"), nil
		})
	}()
	until(t, "the core answers", func() bool { _, err := quiet.Ask(t.Context(), nil); return err == nil })
	for range 40 {
		go func() { _, _ = noisy.Ask(ctx, nil) }() // it ends with the test
	}
	time.Sleep(200 * time.Millisecond)
	if got, err := quiet.Ask(t.Context(), nil); err != nil || string(got) != "here" {
		t.Errorf("beside forty questions of another: %q, %v", got, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

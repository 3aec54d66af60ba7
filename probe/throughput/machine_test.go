package throughput

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vigie/probe"
)

func TestTheTimeOfAllProcessorsIsReadWithoutWaiting(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]uint64{
		"cpu  100 20 30 400 50 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 1\n": {171, 621},
		"cpu  100 20 30 400 50 6 7 8":                              {171, 621},
		"cpu  100 20 30 400 50 6 7":                                {},
		"cpu0 100 20 30 400 50 6 7 8":                              {},
		"cpu  100 20 -3 400 50 6 7 8":                              {},
		"":                                                         {},
	} {
		if busy, all := readStat([]byte(text)); busy != want[0] || all != want[1] {
			t.Errorf("%q: got %d of %d, want %d of %d", text, busy, all, want[0], want[1])
		}
	}
}

func FuzzReadStat(f *testing.F) {
	f.Add([]byte("cpu  100 20 30 400 50 6 7 8 9 10\n"))
	f.Add([]byte("cpu 281474976710655 281474976710655 1 1 1 1 1 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if busy, all := readStat(text); busy > all {
			t.Errorf("%d of %d", busy, all)
		}
	})
}

// It spins on every processor, so it is alone: no t.Parallel.
func TestABusyMachineIsSeenBesideAFlow(t *testing.T) {
	if _, all := processorTime(); all == 0 {
		t.Skip("the kernel does not tell processor time")
	}
	watched := watchMachine()
	var over atomic.Bool
	var spinning sync.WaitGroup
	for range runtime.NumCPU() {
		spinning.Go(func() {
			for !over.Load() {
			}
		})
	}
	time.Sleep(time.Second)
	var f probe.Flow
	watched.tell(&f)
	over.Store(true)
	spinning.Wait()
	if f.MachinePermille < 800 || f.MachinePermille > 1000 || !f.HostBusy() {
		t.Errorf("got %+v of a machine all of whose processors spin", f)
	}
}

func TestAMachineThatWakesLateIsSeenBesideAFlow(t *testing.T) {
	t.Parallel()
	m := &machine{end: make(chan struct{}), done: make(chan struct{})}
	close(m.done)
	for i := range 100 {
		m.late = append(m.late, time.Duration(i)*time.Millisecond)
	}
	var f probe.Flow
	m.tell(&f)
	if f.LateMicros != 94_000 || !f.HostBusy() {
		t.Errorf("late by %d µs, want 94000, the 95th of 100", f.LateMicros)
	}
}

package lab

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"time"
)

// side is one end of the emulator.
type side int

const (
	proberSide side = iota
	operatorSide
)

// mtu is that of the TUN devices, so no packet is longer.
const mtu = 1500

// maxOnTheWay bounds the memory of the delay line: more packets than that are
// dropped and counted as Overflowed.
const maxOnTheWay = 1 << 16

// buffer is the room for one packet.
type buffer struct {
	bytes  [mtu]byte
	length int
}

// Counters tell what the emulator did with the packets it read, since Start.
type Counters struct {
	Carried     uint64 // written to the other side
	Lost        uint64 // by the loss or the cut of a link
	Unaddressed uint64 // neither a link's nor a canary's, or not IPv4
	Overflowed  uint64 // beyond what the delay line holds
	Queued      uint64 // lost behind the queue of a link that was full
	Refused     uint64 // not taken by the kernel of the other side
	Expired     uint64 // ended at a router on the way, which may have said so
}

// alarm is a clock that rings later than Go's timers do: those of the runtime
// are up to a millisecond late when the machine idles.
type alarm interface {
	set(after time.Duration) error // replaces what was set before
	wait() error                   // until it rings; os.ErrClosed after Close
	io.Closer
}

// path is one address of the operator's side.
type path struct {
	impairment Impairment
	numbers    map[Flow]uint64 // of the next packet; one address has 512 flows at most
	ways       [2]way          // from each side
	before     []netip.Addr    // the routers on the way to it, each a path too
	voice      voice           // as a router on the way to others
}

// emulator carries packets between its two ends.
type emulator struct {
	seed  uint64
	ends  [2]io.ReadWriteCloser // each Read and Write is one packet
	alarm alarm
	epoch time.Time
	pool  sync.Pool

	mu       sync.Mutex
	paths    map[netip.Addr]*path // fixed set of addresses
	line     delayLine
	counters Counters
}

// run carries packets until both ends and the alarm are closed, and returns
// what broke before that.
func (e *emulator) run() error {
	var workers sync.WaitGroup
	var errs [3]error
	workers.Go(func() { errs[0] = e.readFrom(proberSide) })
	workers.Go(func() { errs[1] = e.readFrom(operatorSide) })
	workers.Go(func() { errs[2] = e.deliver() })
	workers.Wait()
	return errors.Join(errs[:]...)
}

// readFrom admits every packet that comes from one side.
func (e *emulator) readFrom(from side) error {
	for {
		packet := e.pool.Get().(*buffer)
		n, err := e.ends[from].Read(packet.bytes[:])
		if errors.Is(err, os.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lab emulator: read a packet: %w", err)
		}
		packet.length = n
		if err := e.admit(packet, from); err != nil {
			return err
		}
	}
}

// admit decides the fate of a packet: dropped, written at once, or delayed; once or twice.
func (e *emulator) admit(packet *buffer, from side) error {
	arrived := time.Since(e.epoch)
	to := operatorSide
	if from == operatorSide {
		to = proberSide
	}
	e.mu.Lock()
	fate, back := e.fate(packet, from, arrived)
	if back {
		to = from
	}
	if fate.Lost {
		e.mu.Unlock()
		e.pool.Put(packet)
		return nil
	}
	arriving := []waiting{{due: arrived + fate.Delay, packet: packet, arrival: to}}
	if fate.Twice {
		again := e.pool.Get().(*buffer)
		*again = *packet
		arriving = append(arriving, waiting{due: arrived + fate.Delay, packet: again, arrival: to})
	}
	if fate.Delay == 0 {
		e.mu.Unlock()
		e.write(arriving)
		return nil
	}
	defer e.mu.Unlock()
	return e.delay(arriving)
}

// delay has packets wait until they are due. The caller holds the mutex.
func (e *emulator) delay(arriving []waiting) error {
	for _, w := range arriving {
		if len(e.line.queue) >= maxOnTheWay {
			e.counters.Overflowed++
			e.pool.Put(w.packet)
			continue
		}
		if e.line.push(w) {
			if err := e.ring(w.due); err != nil {
				return err
			}
		}
	}
	return nil
}

// fate numbers a packet and draws its fate; back when it ended on the way, and what a
// router says of it goes back in its place. The caller holds the mutex.
func (e *emulator) fate(packet *buffer, from side, arrived time.Duration) (f Fate, back bool) {
	header, err := parseHeader(packet.bytes[:packet.length])
	addr := header.dst
	if from == operatorSide {
		addr = header.src
	}
	path := e.paths[addr]
	if err != nil || path == nil {
		e.counters.Unaddressed++
		return Fate{Lost: true}, false
	}
	flow := Flow{Addr: addr, Protocol: header.protocol, Back: from == operatorSide}
	n := path.numbers[flow]
	path.numbers[flow] = n + 1
	if router, ends := path.router(header); ends && from == proberSide {
		return e.expire(packet, header, router, flow, n, arrived), true
	}
	fate := path.impairment.Fate(e.seed, flow, n)
	if fate.Lost {
		e.counters.Lost++
		return fate, false
	}
	rate := path.impairment.DownBits
	if flow.Back {
		rate = path.impairment.UpBits
	}
	wait, fits := path.ways[from].carry(arrived, packet.length, rate)
	if !fits {
		e.counters.Queued++
		return Fate{Lost: true}, false
	}
	fate.Delay += wait
	if header.protocol == protocolTCP {
		fate.Delay = path.ways[from].inOrder(arrived, fate.Delay)
	}
	return fate, false
}

// deliver writes each delayed packet when it is due.
func (e *emulator) deliver() error {
	var due []waiting
	for {
		if err := e.alarm.wait(); errors.Is(err, os.ErrClosed) {
			return nil
		} else if err != nil {
			return fmt.Errorf("lab emulator: wait for the next packet: %w", err)
		}
		e.mu.Lock()
		due = e.line.pop(due[:0], time.Since(e.epoch))
		e.mu.Unlock()
		e.write(due)
		if err := e.ringNext(); err != nil {
			return err
		}
	}
}

// ringNext sets the alarm for the next packet on its way, if any.
func (e *emulator) ringNext() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	next, waits := e.line.next()
	if !waits {
		return nil
	}
	return e.ring(next)
}

// ring sets the alarm for the next packet, at once when it is already due. The
// caller holds the mutex.
func (e *emulator) ring(due time.Duration) error {
	err := e.alarm.set(max(due-time.Since(e.epoch), 1))
	if err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("lab emulator: set the alarm: %w", err)
	}
	return nil
}

// write hands packets to the other side's kernel and takes their room back.
func (e *emulator) write(due []waiting) {
	var carried, refused uint64
	for _, w := range due {
		_, err := e.ends[w.arrival].Write(w.packet.bytes[:w.packet.length])
		e.pool.Put(w.packet)
		switch {
		case err == nil:
			carried++
		case errors.Is(err, os.ErrClosed):
			return // the lab stops
		default:
			// A kernel short of memory drops a packet as a router would: the
			// lab goes on, and the counter tells.
			refused++
		}
	}
	e.mu.Lock()
	e.counters.Carried += carried
	e.counters.Refused += refused
	e.mu.Unlock()
}

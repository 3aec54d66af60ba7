package lab

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"sync"
	"time"
)

// UnavailableError says, in one sentence, what this machine lacks to run a
// lab. The rest of Vigie does without.
type UnavailableError struct {
	Missing string // such as "CAP_NET_ADMIN" or "/dev/net/tun"
	Purpose string // what it is needed for, an infinitive
	Err     error  // the kernel's answer
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("the lab needs %s to %s: %v", e.Missing, e.Purpose, e.Err)
}

// Unwrap returns the kernel's answer.
func (e *UnavailableError) Unwrap() error { return e.Err }

// underlay is what a network holds of the kernel while it runs.
type underlay struct {
	ends  [2]io.ReadWriteCloser // TUN devices: each Read and Write is one packet
	alarm alarm
	// answer answers for the routers until agents is closed.
	answer func(*Agents) error
	agents io.Closer
	// inProber calls a function on the current thread, which the caller has
	// locked, inside the prober's namespace. It reports whether the thread is
	// back where it was.
	inProber func(func() error) (restored bool, err error)
	// inOperator is the same for the operator's namespace.
	inOperator func(func() error) (restored bool, err error)
	// close frees the namespaces; the ends and the alarm close on their own.
	close func() error
}

// Network is the simulated operator network and the emulator in front of it.
// Its methods may be called from several goroutines.
type Network struct {
	emulator *emulator
	agents   *Agents

	mu      sync.Mutex
	under   *underlay // nil unless running
	running sync.WaitGroup
	failure error // of the emulator, read after running is done
	refusal error // of the agents, likewise
}

// New returns a network that is not started yet. At first each address suffers
// what the base line says, one absent from it nothing; every address of
// OperatorNetwork outside the topology is silent. The agents answer for the
// routers.
func New(topology Topology, baseline Baseline, seed uint64, agents *Agents) (*Network, error) {
	if err := topology.validate(); err != nil {
		return nil, err
	}
	e := &emulator{seed: seed, paths: make(map[netip.Addr]*path)}
	e.pool.New = func() any { return new(buffer) }
	for _, addr := range topology.addrs() {
		e.paths[addr] = &path{numbers: make(map[Flow]uint64)}
	}
	for addr, before := range topology.ways() {
		e.paths[addr].before = before
	}
	n := &Network{emulator: e, agents: agents}
	for addr, impairment := range baseline {
		if err := n.Set(addr, impairment); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// Start makes the namespaces and the devices and begins to carry packets. It
// returns when echoes are answered, or an *UnavailableError when this machine
// refuses. A network starts once.
func (n *Network) Start() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.emulator.epoch.IsZero() {
		return errors.New("lab: the network was started before")
	}
	under, err := openUnderlay()
	if err != nil {
		return err
	}
	n.under = under
	n.emulator.ends, n.emulator.alarm, n.emulator.epoch = under.ends, under.alarm, time.Now()
	n.running.Go(func() { n.failure = n.emulator.run() })
	n.running.Go(func() { n.refusal = under.answer(n.agents) })
	return nil
}

// Stop ends everything and returns what broke in the emulator while it ran.
// Sockets made by InProber stay open and silent until their owner closes them.
// It may be called twice, or without Start.
func (n *Network) Stop() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.under == nil {
		return nil
	}
	err := errors.Join(n.under.ends[proberSide].Close(), n.under.ends[operatorSide].Close(), n.under.alarm.Close(), n.under.agents.Close())
	n.running.Wait()
	err = errors.Join(err, n.failure, n.refusal, n.under.close())
	n.under = nil
	return err
}

// SetLink changes what befell a link of the topology, as its router lives it.
func (n *Network) SetLink(ref string, condition Condition) { n.agents.set(ref, condition, time.Now()) }

// Set changes what an address of the topology suffers from now on. Packets already on their way keep their fate.
func (n *Network) Set(addr netip.Addr, impairment Impairment) error {
	if err := impairment.validate(); err != nil {
		return fmt.Errorf("lab: impair %v: %w", addr, err)
	}
	n.emulator.mu.Lock()
	defer n.emulator.mu.Unlock()
	path := n.emulator.paths[addr]
	if path == nil {
		return fmt.Errorf("lab: impair %v: nothing in the lab has this address", addr)
	}
	path.impairment = impairment
	return nil
}

// Counters returns what the emulator did so far.
func (n *Network) Counters() Counters {
	n.emulator.mu.Lock()
	defer n.emulator.mu.Unlock()
	return n.emulator.counters
}

// InProber calls f inside the prober's namespace and returns f's error. The
// sockets that f makes belong to that namespace for good and may be used
// anywhere afterwards. f runs on a goroutine and a thread of its own; what it
// starts itself runs outside the namespace.
func (n *Network) InProber(f func() error) error {
	return n.in(func(u *underlay) func(func() error) (bool, error) { return u.inProber }, f)
}

// InOperator is InProber for the operator's namespace, where a socket may have any
// address of OperatorNetwork, and a program that f starts too.
func (n *Network) InOperator(f func() error) error {
	return n.in(func(u *underlay) func(func() error) (bool, error) { return u.inOperator }, f)
}

func (n *Network) in(which func(*underlay) func(func() error) (bool, error), f func() error) error {
	n.mu.Lock()
	under := n.under
	n.mu.Unlock()
	if under == nil {
		return errors.New("lab: the network is not running")
	}
	return onOwnThread(func() (bool, error) { return which(under)(f) })
}

// onOwnThread calls f on a goroutine locked to its thread. Unless f reports
// that the thread is as it was, the thread ends with the goroutine.
func onOwnThread(f func() (restored bool, err error)) error {
	done := make(chan error, 1)
	go func() {
		err := errors.New("lab: the function left its goroutine before it returned")
		defer func() { done <- err }()
		runtime.LockOSThread()
		var restored bool
		if restored, err = f(); restored {
			runtime.UnlockOSThread()
		}
	}()
	return <-done
}

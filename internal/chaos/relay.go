//go:build linux

package main

import (
	"io"
	"net"
	"sync"
	"time"

	"vigie/internal/lab"
)

// relay stands at the operator's end of the emulated network and carries the connections
// of one prober to the core. Its address is the prober's way: what the emulator does to
// it, it does to that way.
type relay struct {
	listener net.Listener
	network  *lab.Network
	to       []string // where the core may listen; the first that answers is taken

	mu      sync.Mutex
	refuses bool
	mute    bool // answers of the core are kept back
	conns   map[net.Conn]bool
	carried sync.WaitGroup
}

// openRelay listens on an address of the operator's namespace.
func openRelay(network *lab.Network, address string, to ...string) (*relay, error) {
	r := &relay{network: network, to: to, conns: map[net.Conn]bool{}}
	err := network.InOperator(func() (err error) {
		r.listener, err = net.Listen("tcp", address)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.carried.Go(r.accept)
	return r, nil
}

func (r *relay) accept() {
	for {
		in, err := r.listener.Accept()
		if err != nil {
			return // it is closed
		}
		r.carried.Go(func() { r.carry(in) })
	}
}

// carry takes octets both ways until one end closes.
func (r *relay) carry(in net.Conn) {
	defer in.Close()
	out := r.dial()
	if out == nil {
		return
	}
	defer out.Close()
	if !r.keep(in, out) {
		return
	}
	defer r.drop(in, out)
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(out, in); done <- struct{}{} }()
	go func() { _, _ = io.Copy(in, answers{out, r}); done <- struct{}{} }()
	<-done
	_, _ = in.Close(), out.Close()
	<-done
}

// dial reaches the core, nil where none answers.
func (r *relay) dial() net.Conn {
	for _, to := range r.to {
		var conn net.Conn
		err := r.network.InProber(func() (err error) {
			// An address, of the same machine: the connection is made on this thread, or refused.
			conn, err = net.DialTimeout("tcp", to, time.Second)
			return err
		})
		if err == nil {
			return conn
		}
	}
	return nil
}

// answers are what the core says, held back while the relay is mute.
type answers struct {
	io.Reader
	relay *relay
}

func (a answers) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	for err == nil && a.relay.isMute() {
		time.Sleep(20 * time.Millisecond)
	}
	return n, err
}

func (r *relay) isMute() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mute
}

func (r *relay) keep(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuses {
		return false
	}
	for _, c := range conns {
		r.conns[c] = true
	}
	return true
}

func (r *relay) drop(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		delete(r.conns, c)
	}
}

// refuse closes every connection and takes no other, until accepted again.
func (r *relay) refuse(refuses bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuses = refuses
	for c := range r.conns {
		_ = c.Close()
	}
}

// forget has the core take what comes and its answers kept back for a while, then lost:
// the prober cannot know what was taken, and hands it over again.
func (r *relay) forget(during time.Duration) {
	r.mu.Lock()
	r.mute = true
	r.mu.Unlock()
	time.Sleep(during)
	r.refuse(true)
	r.mu.Lock()
	r.mute, r.refuses = false, false
	r.mu.Unlock()
}

func (r *relay) close() {
	_ = r.listener.Close()
	r.refuse(true)
	r.carried.Wait()
}

package snmp

import (
	"context"
	"net/netip"
	"sync"
)

// turns lets one request at a time to each address: many agents answer one after the
// other, and lose what does not fit the little they keep waiting.
type turns struct {
	mu   sync.Mutex
	held map[netip.AddrPort]*turn
}

type turn struct {
	busy  chan struct{} // holds one token while somebody asks
	users int           // who asks and who waits
}

// take waits for the turn at an address, or for the end of ctx, which is the error.
func (t *turns) take(ctx context.Context, addr netip.AddrPort) error {
	t.mu.Lock()
	one := t.held[addr]
	if one == nil {
		one = &turn{busy: make(chan struct{}, 1)}
		t.held[addr] = one
	}
	one.users++
	t.mu.Unlock()
	select {
	case one.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		t.leave(addr, one)
		return ctx.Err()
	}
}

// give ends the turn at an address.
func (t *turns) give(addr netip.AddrPort) {
	t.mu.Lock()
	one := t.held[addr]
	t.mu.Unlock()
	<-one.busy
	t.leave(addr, one)
}

func (t *turns) leave(addr netip.AddrPort, one *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one.users--; one.users == 0 {
		delete(t.held, addr)
	}
}

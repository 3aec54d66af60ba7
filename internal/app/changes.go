package app

import "sync"

// changes tells the live pages that a cycle was decided. A listener that has not
// taken the last word is not told twice.
type changes struct {
	mu        sync.Mutex
	listeners map[chan struct{}]bool
}

// Subscribe returns a channel of words and the function that ends it.
func (c *changes) Subscribe() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listeners == nil {
		c.listeners = map[chan struct{}]bool{}
	}
	c.listeners[ch] = true
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.listeners, ch)
	}
}

func (c *changes) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.listeners {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

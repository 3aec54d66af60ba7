package operator

import (
	"errors"
	"net"
	"sync"
)

// closingListener closes the connections it accepted when it is closed, so
// that no handler outlives it.
type closingListener struct {
	net.Listener

	mu     sync.Mutex
	open   map[*trackedConn]struct{}
	closed bool
}

func newClosingListener(l net.Listener) *closingListener {
	return &closingListener{Listener: l, open: make(map[*trackedConn]struct{})}
}

// Accept returns the next connection.
func (l *closingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errors.Join(net.ErrClosed, conn.Close())
	}
	tracked := &trackedConn{Conn: conn, listener: l}
	l.open[tracked] = struct{}{}
	return tracked, nil
}

// Close closes the listener and its connections.
func (l *closingListener) Close() error {
	l.mu.Lock()
	l.closed = true
	conns := l.open
	l.open = nil
	l.mu.Unlock()
	err := l.Listener.Close()
	for conn := range conns {
		// The peer may have closed it first: nothing is lost with it.
		_ = conn.Conn.Close()
	}
	return err
}

// trackedConn is a connection that its listener knows.
type trackedConn struct {
	net.Conn
	listener *closingListener
}

// Close closes the connection and has the listener forget it.
func (c *trackedConn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.open, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

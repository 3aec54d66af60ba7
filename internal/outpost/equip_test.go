package outpost

import (
	"context"
	"errors"
	"net"
	"testing"
)

func TestConnectionsAreMadeWhereTheSocketsAre(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	times := 0
	dial := DialThrough(func(create func() error) error { times++; return create() })
	conn, err := dial(context.Background(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil || times != 1 {
		t.Errorf("close: %v; entered %d times, want once", err, times)
	}
	gone := errors.New("the namespace is gone")
	if _, err := DialThrough(func(func() error) error { return gone })(context.Background(), "tcp", listener.Addr().String()); !errors.Is(err, gone) {
		t.Errorf("got error %v, want %v", err, gone)
	}
}

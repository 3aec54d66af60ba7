package service_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"vigie/probe/service"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// check parses a check, changes it and runs it.
func check(t *testing.T, p service.Prober, text string, change func(*service.Check)) service.Result {
	t.Helper()
	c, err := service.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&c)
	}
	r, err := p.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Timings.Whole > c.Timeout+5*time.Second {
		t.Errorf("%s took %s, more than its timeout %s", text, r.Timings.Whole, c.Timeout)
	}
	return r
}

// soon is a check of little patience.
func soon(c *service.Check) { c.Timeout = 300 * time.Millisecond }

// serve accepts connections on 127.0.0.1 until the test ends, and gives the address.
func serve(t *testing.T, each func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			each(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}

// swallow reads the head of a request, as far as it comes at once.
func swallow(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 4096))
}

// says is a server that answers anything with the same octets.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		swallow(conn)
		_, _ = io.WriteString(conn, text)
	}
}

// nameServer answers by UDP, and by TCP on the same port, until the test ends.
func nameServer(t *testing.T, byUDP, byTCP func(asked dnsmessage.Message) [][]byte) string {
	t.Helper()
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp4", udp.LocalAddr().String())
	if err != nil {
		t.Skipf("the port of the UDP socket is taken for TCP: %v", err)
	}
	done := make(chan struct{}, 2)
	go func() {
		defer func() { done <- struct{}{} }()
		buffer := make([]byte, 4096)
		for {
			n, from, err := udp.ReadFrom(buffer)
			if err != nil {
				return
			}
			var asked dnsmessage.Message
			if asked.Unpack(buffer[:n]) != nil {
				continue
			}
			for _, message := range byUDP(asked) {
				_, _ = udp.WriteTo(message, from)
			}
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			buffer := make([]byte, 4096)
			var asked dnsmessage.Message
			if n, err := conn.Read(buffer); err == nil && n > 2 && asked.Unpack(buffer[2:n]) == nil && byTCP != nil {
				for _, message := range byTCP(asked) {
					_, _ = conn.Write(append([]byte{byte(len(message) >> 8), byte(len(message))}, message...))
				}
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_, _ = udp.Close(), tcp.Close()
		<-done
		<-done
	})
	return udp.LocalAddr().String()
}

// answer is the reply to a question, with records and whatever is changed.
func answer(asked dnsmessage.Message, change func(*dnsmessage.Message), records ...dnsmessage.Resource) []byte {
	reply := dnsmessage.Message{
		Header: dnsmessage.Header{ID: asked.ID, Response: true, RecursionAvailable: true}, Questions: asked.Questions, Answers: records,
	}
	if change != nil {
		change(&reply)
	}
	packed, err := reply.Pack()
	if err != nil {
		panic(err) // a mistake in the test
	}
	return packed
}

func record(name string, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: 60}, Body: body}
}

func address(text string) dnsmessage.ResourceBody {
	a := netip.MustParseAddr(text)
	if a.Is4() {
		return &dnsmessage.AResource{A: a.As4()}
	}
	return &dnsmessage.AAAAResource{AAAA: a.As16()}
}

// knows is a resolver for the prober's own names: those of a zone, by the sockets of
// the caller.
func knows(t *testing.T, zone map[string][]string) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	server := nameServer(t, func(asked dnsmessage.Message) [][]byte {
		q := asked.Questions[0]
		var records []dnsmessage.Resource
		for _, text := range zone[q.Name.String()] {
			if netip.MustParseAddr(text).Is4() == (q.Type == dnsmessage.TypeA) {
				records = append(records, record(q.Name.String(), address(text)))
			}
		}
		return [][]byte{answer(asked, func(m *dnsmessage.Message) {
			if len(zone[q.Name.String()]) == 0 {
				m.RCode = dnsmessage.RCodeNameError
			}
		}, records...)}
	}, nil)
	return func(ctx context.Context, network, to string) (net.Conn, error) {
		if network == "udp" {
			to = server
		}
		return new(net.Dialer).DialContext(ctx, network, to)
	}
}

package throughput

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"vigie/probe"
)

// Web tests by HTTP/1.1, with a connection of its own for each stream: it asks for the
// source, which has to be long enough, and sends to the sink what it makes up.
type Web struct {
	// Source answers a GET with octets, Sink takes those of a POST; http or https. A
	// direction without its URL is not measured.
	Source, Sink string
	// Dial opens a connection, as net.Dialer.DialContext does; nil for where this
	// program runs.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Roots are the authorities that certificates are traced to; nil = the machine's.
	Roots *x509.CertPool
}

// Method is HTTP.
func (Web) Method() probe.ThroughputMethod { return probe.ByHTTP }

// Server is the source, or the sink where there is none.
func (c Web) Server() string {
	if c.Source != "" {
		return c.Source
	}
	return c.Sink
}

// ParseURL reads a URL of a source or sink.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return nil, fmt.Errorf("URL %q: expected http(s)://HOST/PATH without user", text)
	}
	return u, nil
}

// Flow measures one direction.
func (c Web) Flow(ctx context.Context, d Direction, b Bounds, progress func(Progress)) (probe.Flow, error) {
	if err := b.Validate(); err != nil {
		return probe.Flow{}, err
	}
	b = b.fitted()
	text := c.Sink
	if d == Reverse {
		text = c.Source
	}
	u, err := ParseURL(text)
	if err != nil {
		return probe.Flow{}, err
	}
	w := &webFlow{Web: c, Bounds: b, direction: d, url: u, pace: newPace(b), over: make(chan struct{})}
	return w.measure(ctx, progress)
}

// webFlow is one flow under way.
type webFlow struct {
	Web
	Bounds
	direction Direction
	url       *url.URL
	pace      *pace
	moved     atomic.Int64 // octets of TCP payload read or written
	conns     []net.Conn
	over      chan struct{} // closed when what is sent shall end
}

// measure opens the streams, lets them run, and reads the counters at the end of the
// slow start and at the end.
func (w *webFlow) measure(ctx context.Context, progress func(Progress)) (probe.Flow, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := w.connect(ctx); err != nil {
		return probe.Flow{}, err
	}
	defer w.close()
	var running sync.WaitGroup
	defer running.Wait()
	defer w.close() // before the wait: it ends what waits on a connection
	for _, conn := range w.conns {
		running.Go(func() {
			if err := w.stream(conn); err != nil && ctx.Err() == nil {
				cancel(failed(probe.BadAnswer, "%v", err))
			}
		})
	}
	beside := watchMachine()
	defer beside.stop()
	begun := time.Now()
	if err := w.wait(ctx, begun, w.SlowStart, progress); err != nil {
		return probe.Flow{}, err
	}
	from, octets := time.Now(), w.delivered()
	if err := w.wait(ctx, begun, w.SlowStart+w.Duration, progress); err != nil {
		return probe.Flow{}, err
	}
	if w.direction == Forward {
		if err := w.answered(ctx, &running); err != nil {
			return probe.Flow{}, err
		}
	}
	took, whole := time.Since(from), w.moved.Load()
	cancel(nil)
	if whole == octets {
		return probe.Flow{}, failed(probe.BadAnswer, "nothing went for %s", took.Round(time.Second))
	}
	f := probe.Flow{
		BitsPerSecond: int64(float64(whole-octets) * 8 / took.Seconds()), Layer: probe.PayloadLayer, Octets: whole,
		Millis: took.Milliseconds(), SkippedMillis: from.Sub(begun).Milliseconds(), Streams: w.Streams, Retransmits: -1,
		CapBits: w.BitsPerSecond, HostPermille: -1, RemotePermille: -1,
	}
	beside.tell(&f)
	return f, nil
}

// answered ends what is sent, and waits until the far end has answered on every stream:
// only that tells that somebody read it. A kernel acknowledges what nobody reads.
func (w *webFlow) answered(ctx context.Context, running *sync.WaitGroup) error {
	close(w.over)
	all := make(chan struct{})
	go func() {
		running.Wait()
		close(all)
	}()
	late := time.NewTimer(slack)
	defer late.Stop()
	select {
	case <-all:
		if ctx.Err() != nil { // one of them was refused
			return ended(ctx)
		}
		return nil
	case <-ctx.Done():
		return ended(ctx)
	case <-late.C:
		return failed(probe.BadAnswer, "%s gave no answer within %s of the end: nothing tells that it read what was sent", w.url.Redacted(), slack)
	}
}

// wait lasts until some time after the beginning, or returns why the flow ended before.
func (w *webFlow) wait(ctx context.Context, begun time.Time, length time.Duration, progress func(Progress)) error {
	end := time.NewTimer(time.Until(begun.Add(length)))
	defer end.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-end.C:
			return nil
		case <-tick.C:
			if progress != nil {
				progress(Progress{Direction: w.direction, Since: time.Since(begun), Octets: w.moved.Load()})
			}
		case <-ctx.Done():
			return ended(ctx)
		}
	}
}

// connect opens the connections, encrypted where the URL says so.
func (w *webFlow) connect(ctx context.Context) error {
	dial := w.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	port := w.url.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[w.url.Scheme]
	}
	within, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	for range w.Streams {
		conn, err := dial(within, "tcp", net.JoinHostPort(w.url.Hostname(), port))
		if err != nil {
			w.close()
			if ctx.Err() != nil {
				return ended(ctx)
			}
			return failed(probe.NoServer, "%v", err)
		}
		w.conns = append(w.conns, conn)
		if tcp, ok := conn.(*net.TCPConn); ok {
			if err := w.narrow(tcp); err != nil {
				w.close()
				return failed(probe.NoServer, "%v", err)
			}
		}
	}
	return nil
}

// narrow bounds what waits here: what is slowed down must not come at full rate into a
// buffer, and what is written must not wait long after the end.
func (w *webFlow) narrow(conn *net.TCPConn) error {
	room := int(w.octetsPerSecond() / float64(w.Streams) * bufferTime.Seconds())
	room = min(max(room, leastBuffer), mostBuffer)
	if w.direction == Forward {
		return conn.SetWriteBuffer(room)
	}
	return conn.SetReadBuffer(room)
}

// The room for what waits: a quarter of a second of the rate, which lets a way of 100 ms
// be filled.
const (
	bufferTime  = 250 * time.Millisecond
	leastBuffer = 64 << 10
	mostBuffer  = 8 << 20
)

func (w *webFlow) close() {
	for _, conn := range w.conns {
		_ = conn.Close() // what it holds is not wanted any more
	}
}

// stream moves octets on one connection until it is closed. The octets are counted
// below the encryption: all of them are TCP payload.
func (w *webFlow) stream(raw net.Conn) error {
	var conn net.Conn = &counted{Conn: raw, flow: w}
	if w.url.Scheme == "https" {
		conn = tls.Client(conn, &tls.Config{ServerName: w.url.Hostname(), RootCAs: w.Roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	if w.direction == Forward {
		return w.send(conn)
	}
	return w.receive(conn)
}

// receive asks for the source, again when it was not long enough.
func (w *webFlow) receive(conn net.Conn) error {
	bounded := &io.LimitedReader{R: conn}
	reader := bufio.NewReaderSize(bounded, blockLength)
	for {
		bounded.N = mostHeader
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: vigie\r\nAccept-Encoding: identity\r\n\r\n", w.url.RequestURI(), w.url.Host); err != nil {
			return err
		}
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return err
		}
		bounded.N = math.MaxInt64
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s, expected 200", w.url.Redacted(), answer.Status)
		}
		n, err := io.Copy(io.Discard, answer.Body)
		if err != nil {
			return err
		}
		if n < leastSource || answer.Close {
			return fmt.Errorf("%s is %d octets long and then closes, expected %d or more, or that it keeps the connection", w.url.Redacted(), n, leastSource)
		}
	}
}

// leastSource is the shortest source that may be asked for again and again: of a
// shorter one the pauses in between would be measured.
const leastSource = 1 << 20

// mostHeader bounds what is read of an answer before its body, in octets: the far end may
// say anything.
const mostHeader = 64 << 10

// blockLength is what is written at a time.
const blockLength = 32 << 10

// send posts octets until the flow is over, and waits for the answer to them. One before
// the end is a refusal.
func (w *webFlow) send(conn net.Conn) error {
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: vigie\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n", w.url.RequestURI(), w.url.Host); err != nil {
		return err
	}
	var whole atomic.Bool
	answer := make(chan error, 1)
	go func() {
		answer <- w.answer(conn, &whole)
		_ = conn.Close() // so that writing ends
	}()
	// A chunk of what no way compresses, the same again and again.
	chunk := fmt.Appendf(nil, "%x\r\n", blockLength)
	for range blockLength {
		chunk = append(chunk, byte(rand.Uint32()))
	}
	chunk = append(chunk, "\r\n"...)
	for {
		select {
		case <-w.over:
			whole.Store(true)
			if _, err := io.WriteString(conn, "0\r\n\r\n"); err != nil {
				return w.unsent(conn, err, answer)
			}
			return <-answer
		default:
		}
		if _, err := conn.Write(chunk); err != nil {
			return w.unsent(conn, err, answer)
		}
	}
}

// answer reads the far end's. It is good only to the whole of what was sent.
func (w *webFlow) answer(conn net.Conn, whole *atomic.Bool) error {
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, mostHeader)), nil)
	switch {
	case err != nil:
		return err
	case !whole.Load():
		return fmt.Errorf("%s answered %s before the end", w.url.Redacted(), answer.Status)
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		return fmt.Errorf("%s answered %s, expected 200", w.url.Redacted(), answer.Status)
	}
	return nil
}

// unsent is why writing failed: the answer tells more, where there is one.
func (w *webFlow) unsent(conn net.Conn, err error, answer <-chan error) error {
	_ = conn.Close() // so that reading ends
	if refused := <-answer; refused != nil && !errors.Is(refused, net.ErrClosed) {
		return refused
	}
	return err
}

// delivered is how many octets have arrived so far: what was read, or what was written and
// does not wait here any more.
func (w *webFlow) delivered() int64 {
	n := w.moved.Load()
	if w.direction == Forward {
		for _, conn := range w.conns {
			n -= unacknowledged(conn)
		}
	}
	return n
}

// counted counts and slows down what goes the way that is measured.
type counted struct {
	net.Conn
	flow *webFlow
}

func (c *counted) Read(p []byte) (int, error) {
	if c.flow.direction != Reverse {
		return c.Conn.Read(p)
	}
	n, err := c.Conn.Read(p)
	c.flow.moved.Add(int64(n))
	if err == nil && !c.flow.pace.take(n) {
		err = net.ErrClosed
	}
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	if c.flow.direction != Forward {
		return c.Conn.Write(p)
	}
	if !c.flow.pace.take(len(p)) {
		return 0, net.ErrClosed
	}
	n, err := c.Conn.Write(p)
	c.flow.moved.Add(int64(n))
	return n, err
}

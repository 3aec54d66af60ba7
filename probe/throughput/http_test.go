package throughput

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vigie/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a source and a sink, as a web server at a far end would be.
func site(t *testing.T, secure bool) (*httptest.Server, Web) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /down", func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 1<<16)
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("POST /up", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	mux.HandleFunc("POST /full", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusInsufficientStorage)
	})
	mux.HandleFunc("POST /slow", func(_ http.ResponseWriter, r *http.Request) {
		for block := make([]byte, 10_000); ; time.Sleep(100 * time.Millisecond) {
			if _, err := io.ReadFull(r.Body, block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("GET /short", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "short") })
	server := httptest.NewUnstartedServer(mux)
	web := Web{}
	if secure {
		server.StartTLS()
		web.Roots = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	web.Source, web.Sink = server.URL+"/down", server.URL+"/up"
	return server, web
}

var brief = Bounds{Duration: 2 * time.Second, SlowStart: 500 * time.Millisecond, Streams: 3, BitsPerSecond: 20e6, Octets: 20e6}

func TestAFlowByHTTPKeepsItsRate(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"plain": false, "encrypted": true} {
		for _, d := range []Direction{Forward, Reverse} {
			t.Run(name+" "+string(d), func(t *testing.T) {
				t.Parallel()
				_, web := site(t, secure)
				told := 0
				f, err := web.Flow(t.Context(), d, brief, func(Progress) { told++ })
				if err != nil {
					t.Fatal(err)
				}
				if f.BitsPerSecond < 16e6 || f.BitsPerSecond > 21e6 {
					t.Errorf("got %d bit/s, want the limit of 20e6", f.BitsPerSecond)
				}
				if f.Octets > brief.Octets || f.Octets < 5e6 || f.Streams != 3 || f.SkippedMillis < 500 || f.Millis < 1900 || told == 0 {
					t.Errorf("got %+v, progress told %d times", f, told)
				}
				report := probe.Throughput{Began: day, Method: probe.ByHTTP, Up: &f}
				if err := report.Validate(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestAFlowThatCannotBeMeasuredHasItsReason(t *testing.T) {
	t.Parallel()
	server, web := site(t, false)
	_, secure := site(t, true)
	secure.Roots = nil
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, test := range map[string]struct {
		web  Web
		d    Direction
		want probe.NotRun
		says string
	}{
		"nobody listens":             {Web{Source: closed.URL}, Reverse, probe.NoServer, "refused"},
		"no such source":             {Web{Source: server.URL + "/none"}, Reverse, probe.BadAnswer, "404"},
		"no such sink":               {Web{Sink: server.URL + "/none"}, Forward, probe.BadAnswer, "404"},
		"a source that is too short": {Web{Source: server.URL + "/short"}, Reverse, probe.BadAnswer, "5 octets"},
		"an unknown certificate":     {secure, Reverse, probe.BadAnswer, "certificate"},
		"a source without a body":    {Web{Source: babbling(t)}, Reverse, probe.BadAnswer, "EOF"},
		"a sink that only talks":     {Web{Sink: babbling(t)}, Forward, probe.BadAnswer, "EOF"},
		"a sink that never reads":    {Web{Sink: deaf(t)}, Forward, probe.BadAnswer, "nothing tells that it read"},
		"a sink that fails at last":  {Web{Sink: server.URL + "/full"}, Forward, probe.BadAnswer, "507"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := test.web.Flow(t.Context(), test.d, brief, nil)
			var f *Failure
			if !errors.As(err, &f) || f.Reason != test.want || !strings.Contains(f.Detail, test.says) {
				t.Errorf("got %v, want %s: ...%s...", err, test.want, test.says)
			}
		})
	}
	if _, err := (Web{Sink: web.Sink}).Flow(t.Context(), Reverse, brief, nil); err == nil || !strings.Contains(err.Error(), "expected http(s)") {
		t.Errorf("without a source: got %v", err)
	}
}

func TestAFlowEndsWithItsContextAndSaysWhy(t *testing.T) {
	t.Parallel()
	_, web := site(t, false)
	ctx, cancel := context.WithCancelCause(t.Context())
	begun := time.Now()
	_, err := web.Flow(ctx, Forward, usual, func(Progress) { cancel(&Failure{Reason: probe.CanaryLoss}) })
	var f *Failure
	if !errors.As(err, &f) || f.Reason != probe.CanaryLoss {
		t.Errorf("got %v, want %s", err, probe.CanaryLoss)
	}
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("ended after %s, want soon after a second", took)
	}
}

// babbling answers with a header that has no end.
func babbling(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				line := []byte("HTTP/1.1 200 OK\r\n")
				for err == nil {
					_, err = conn.Write(line)
					line = []byte("X-More: " + strings.Repeat("x", 1000) + "\r\n")
				}
			})
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
	return "http://" + listener.Addr().String()
}

// deaf takes connections and reads nothing of them: its kernel acknowledges all the same.
func deaf(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		var taken []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				break
			}
			taken = append(taken, conn)
		}
		for _, conn := range taken {
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
	return "http://" + listener.Addr().String()
}

// What waits in the far end's kernel was acknowledged, and is no figure until it is read.
func TestAFigureCountsWhatTheFarEndHasRead(t *testing.T) {
	t.Parallel()
	server, _ := site(t, false)
	b := Bounds{Duration: 2 * time.Second, Streams: 1, BitsPerSecond: 2e6, Octets: 20e6}
	f, err := (Web{Sink: server.URL + "/slow"}).Flow(t.Context(), Forward, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.BitsPerSecond > 1e6 {
		t.Errorf("got %d bit/s of a far end that reads 800,000", f.BitsPerSecond)
	}
}

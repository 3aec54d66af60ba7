package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// The ports on which every address of the operator's side answers tests of throughput.
const (
	IperfPort = 5201
	WebPort   = 5280
)

// FarEnd answers tests of throughput at the far end of every link: an HTTP source at
// /down, a sink at /up and, where the program is installed, an iperf3 server, which takes
// one test at a time.
type FarEnd struct {
	// Iperf3 says whether an iperf3 server runs.
	Iperf3 bool

	server  *http.Server
	stop    context.CancelFunc
	running sync.WaitGroup
	failure error // of the HTTP server, read after running is done
}

// ServeTests starts the far end in the operator's namespace of a running network.
func (n *Network) ServeTests() (*FarEnd, error) {
	var listener net.Listener
	err := n.InOperator(func() (err error) {
		listener, err = net.Listen("tcp4", ":"+strconv.Itoa(WebPort))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lab: answer tests of throughput: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &FarEnd{server: &http.Server{Handler: volumes(), ReadHeaderTimeout: time.Minute}, stop: cancel}
	f.running.Go(func() {
		if err := f.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			f.failure = err
		}
	})
	if f.Iperf3, err = f.startIperf3(ctx, n); err != nil {
		return nil, errors.Join(err, f.Stop())
	}
	return f, nil
}

// startIperf3 runs the program where it is installed. The thread that starts it waits
// for it: the kernel ends the program with its thread, so none outlives the lab.
func (f *FarEnd) startIperf3(ctx context.Context, n *Network) (bool, error) {
	name, err := exec.LookPath("iperf3")
	if err != nil {
		return false, nil //nolint:nilerr // tests go by HTTP then
	}
	started := make(chan error, 1)
	f.running.Go(func() {
		program := exec.CommandContext(ctx, name, "--server", "--port", strconv.Itoa(IperfPort))
		program.SysProcAttr = dieWithThread()
		err := n.InOperator(func() error {
			err := program.Start()
			started <- err
			if err == nil {
				_ = program.Wait() // it is killed at the end; before it, tests say what is missing
			}
			return err
		})
		if err != nil {
			select {
			case started <- err:
			default: // told already
			}
		}
	})
	if err := <-started; err != nil {
		return false, fmt.Errorf("lab: start iperf3: %w", err)
	}
	return true, nil
}

// Stop ends the far end and returns what broke in it.
func (f *FarEnd) Stop() error {
	f.stop()
	err := f.server.Close()
	f.running.Wait()
	return errors.Join(err, f.failure)
}

// volumes gives and takes octets without an end.
func volumes() http.Handler {
	mux := http.NewServeMux()
	block := make([]byte, 64<<10)
	mux.HandleFunc("GET /down", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("POST /up", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // whoever sends ends it as they like
	})
	return mux
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// farEnd is a web server that gives octets and takes them.
func farEnd(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /down", func(w http.ResponseWriter, r *http.Request) {
		for block := make([]byte, 1<<16); r.Context().Err() == nil; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("POST /up", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestThroughputTellsBothDirections(t *testing.T) {
	t.Parallel()
	url := farEnd(t)
	var out, talk bytes.Buffer
	args := []string{"throughput", "--url", url + "/down", "--sink", url + "/up", "--duration", "2s", "--slow-start", "0s", "--mbps", "20", "--streams", "2", "--format", "json"}
	if code := run(context.Background(), args, &out, &talk); code != 0 {
		t.Fatalf("ended with %d: %s", code, talk.String())
	}
	var got struct {
		Method string
		Flows  []struct {
			Direction string
			Flow      *struct {
				Bits  int64  `json:"bits_per_second"`
				Layer string `json:"layer"`
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Method != "http" || len(got.Flows) != 2 || got.Flows[0].Direction != "forward" || got.Flows[1].Direction != "reverse" {
		t.Fatalf("got %s", out.String())
	}
	for _, f := range got.Flows {
		if f.Flow == nil || f.Flow.Bits < 15e6 || f.Flow.Bits > 21e6 || f.Flow.Layer != "tcp-payload" {
			t.Errorf("%s: got %+v, want the limit of 20 Mbit/s of TCP payload", f.Direction, f.Flow)
		}
	}
}

func TestThroughputWithoutAFigureSaysWhy(t *testing.T) {
	t.Parallel()
	url := farEnd(t)
	var out, talk bytes.Buffer
	args := []string{"throughput", "--url", url + "/none", "--duration", "2s", "--mbps", "20", "--streams", "2"}
	if code := run(context.Background(), args, &out, &talk); code != exitFailure || !strings.Contains(out.String(), "404") {
		t.Errorf("ended with %d: %s%s", code, out.String(), talk.String())
	}
	for _, args := range [][]string{
		{"throughput"},
		{"throughput", "--server", "127.0.0.1", "--url", url},
		{"throughput", "--server", "127.0.0.1:x"},
		{"throughput", "--url", "ftp://127.0.0.1/"},
		{"throughput", "--url", url, "--direction", "forward"},
		{"throughput", "--url", url, "--streams", "0"},
	} {
		if code := run(context.Background(), args, io.Discard, &talk); code != exitUsage {
			t.Errorf("%v: ended with %d, want %d", args, code, exitUsage)
		}
	}
}

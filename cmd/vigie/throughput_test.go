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
	"time"

	"vigie/internal/app"
	"vigie/internal/i18n"
	"vigie/probe"
	"vigie/probe/throughput"
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

func TestThePlanSaysWhenAndWhyNot(t *testing.T) {
	t.Parallel()
	due, last := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC), time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	got := planTable(i18n.For(i18n.English), []app.TestChoice{
		{Link: "CLG-1", Reason: probe.RetryWaits, Due: &due}, {Link: "CLG-2", Reason: probe.NotDue, Last: &last, Due: &due}, {Link: "CLG-3"},
	})
	p := i18n.For(i18n.English)
	for i, want := range [][]string{
		{p.T("test.last"), p.T("test.due")},
		{"CLG-1", "waits for its retry", "none yet", p.Time(due)},
		{"CLG-2", "tested lately", p.Time(last), p.Time(due)},
		{"CLG-3", "would start now", "none yet", "at once"},
	} {
		line := strings.Split(got, "\n")[i]
		for _, words := range want {
			if !strings.Contains(line, words) {
				t.Errorf("line %q does not say %q", line, words)
			}
		}
	}
}

func TestAFigureSaysItsLayerAndWhoseItIs(t *testing.T) {
	t.Parallel()
	sheet := throughputSheet{print: i18n.For(i18n.French), Flows: []*flowLine{
		{Direction: throughput.Forward, Flow: &probe.Flow{BitsPerSecond: 9e6, Layer: probe.PayloadLayer, HostPermille: -1, Retransmits: -1}},
		{Direction: throughput.Reverse, Flow: &probe.Flow{BitsPerSecond: 9e6, Layer: probe.PayloadLayer, HostPermille: 900}, NotRun: probe.HostBusy},
	}}
	lines := strings.Split(strings.ReplaceAll(sheet.table(), "\u00a0", " "), "\n")
	if !strings.Contains(lines[0], "Couche") || !strings.Contains(lines[1], "charge utile TCP (couche 4)") || strings.Contains(lines[1], "verdict") {
		t.Errorf("got %q", lines)
	}
	if !strings.Contains(strings.ReplaceAll(lines[2], "\u202f", " "), "pas de verdict") {
		t.Errorf("a figure of a busy machine: got %q", lines[2])
	}
}

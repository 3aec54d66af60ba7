//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"vigie/internal/app"
	"vigie/internal/figure"
)

const (
	loadLinks   = 60_000
	loadProbers = 3
	// settle is how long the load runs before it is measured: a minute has been closed.
	settle = 70 * time.Second
	look   = 2 * time.Second // between two looks at the core
)

// load has probers deliver the rounds of 60,000 links to a whole core, and tells what it
// takes.
func load(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "benchhistory")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // the database may run as another user
		return err
	}
	core, err := begin("core", coreOrder{Dir: filepath.Join(dir, "core"), Links: loadLinks, Profile: o.profile})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, core.end()) }()
	var ready coreReady
	if err := core.hear(&ready); err != nil {
		return err
	}
	order := probersOrder{Dir: filepath.Join(dir, "probers"), Links: loadLinks}
	for i := range loadProbers {
		a, err := app.Connect(filepath.Join(dir, "core")).AddProber(ctx, app.NewProber{Name: fmt.Sprintf("p%d", i+1)})
		if err != nil {
			return err
		}
		order.Credentials = append(order.Credentials, a.Credential)
	}
	probers, err := begin("probers", order)
	if err != nil {
		return err
	}
	var said probersSaid
	if err := probers.hear(&said); err != nil {
		return err
	}
	if !wait(ctx, time.Now().Add(settle)) {
		return errors.Join(ctx.Err(), probers.end())
	}
	w := watcher{core: core.cmd.Process.Pid, pages: ready.Pages}
	if o.profile != "" {
		if err := core.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
			return err
		}
	}
	if err := w.watch(ctx, time.Duration(o.minutes)*time.Minute); err != nil {
		return errors.Join(err, probers.end())
	}
	w.print()
	if err := probers.in.Close(); err != nil {
		return err
	}
	if err := probers.hear(&said); err != nil {
		return err
	}
	if err := probers.cmd.Wait(); err != nil {
		return err
	}
	return w.complete(ctx, said.Rounds)
}

// watcher looks at a core under load.
type watcher struct {
	core  int    // process
	pages string // host:port

	minutes     float64
	cores, self float64 // CPU time over time, of all and of the core's own process
	megabytes   float64 // most
	lags        []float64
	rounds      float64 // applied in that time
}

// watch measures for a while.
func (w *watcher) watch(ctx context.Context, length time.Duration) error {
	began := time.Now()
	cpu, self, err := cpuOf(w.core)
	if err != nil {
		return err
	}
	first, err := w.scrape(ctx)
	if err != nil {
		return err
	}
	last := first
	for time.Since(began) < length {
		if !wait(ctx, time.Now().Add(look)) {
			return ctx.Err()
		}
		megabytes, err := memoryOf(w.core)
		if err != nil {
			return err
		}
		w.megabytes = max(w.megabytes, megabytes)
		now, err := w.scrape(ctx)
		if err != nil {
			return err
		}
		if decided := now[lagCount] - last[lagCount]; decided > 0 {
			w.lags = append(w.lags, (now[lagSum]-last[lagSum])/decided)
		}
		last = now
	}
	cpuAfter, selfAfter, err := cpuOf(w.core)
	if err != nil {
		return err
	}
	took := time.Since(began)
	w.minutes = took.Minutes()
	w.cores, w.self = (cpuAfter-cpu).Seconds()/took.Seconds(), (selfAfter-self).Seconds()/took.Seconds()
	w.rounds = last[roundsReceived] - first[roundsReceived]
	if len(w.lags) == 0 {
		return errors.New("no cycle was decided")
	}
	return nil
}

func (w *watcher) print() {
	lines.Tell("load_60000_minutes", w.minutes, "min")
	lines.AtLeast("load_60000_rounds_taken", w.rounds/(60*w.minutes), "rounds/s", 0.99*loadLinks/loadCycle.Seconds())
	lines.AtMost("load_60000_cpu", w.cores, "cores", 1.2)
	lines.Tell("load_60000_cpu_core_and_stream", w.self, "cores")
	lines.Tell("load_60000_cpu_postgresql", w.cores-w.self, "cores")
	lines.AtMost("load_60000_memory", w.megabytes, "MB", 1500)
	lines.Tell("load_60000_decided_p50", figure.Quantile(w.lags, 0.5), "s")
	lines.AtMost("load_60000_decided_p99", figure.Quantile(w.lags, 0.99), "s", 1)
	lines.AtMost("load_60000_decided_worst", figure.Quantile(w.lags, 1), "s", 1)
}

// takenWithin is how long the last batches may take to be applied.
const takenWithin = time.Minute

// complete tells how many of the rounds published were not applied.
func (w *watcher) complete(ctx context.Context, published int64) error {
	var missing float64
	for deadline := time.Now().Add(takenWithin); ; {
		now, err := w.scrape(ctx)
		if err != nil {
			return err
		}
		missing = float64(published) - now[roundsReceived]
		if missing <= 0 || time.Now().After(deadline) {
			break
		}
		if !wait(ctx, time.Now().Add(look)) {
			return ctx.Err()
		}
	}
	lines.AtMost("load_60000_rounds_missing", max(missing, 0), "rounds", 0)
	return nil
}

// The figures of /metrics that are read.
const (
	lagSum         = "vigie_cycle_decision_lag_seconds_sum"
	lagCount       = "vigie_cycle_decision_lag_seconds_count"
	roundsReceived = `vigie_prober_rounds_measured_total{prober="p` // and more: its figures are added up
)

// scrape reads the core's figures.
func (w *watcher) scrape(ctx context.Context) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.pages+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	found := map[string]float64{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		line := lines.Text()
		name, text := line, ""
		if at := strings.LastIndexByte(line, ' '); at >= 0 {
			name, text = line[:at], line[at+1:]
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		found[name] = value
		if strings.HasPrefix(name, roundsReceived) {
			found[roundsReceived] += value
		}
	}
	return found, lines.Err()
}

package app

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"vigie/internal/store/storetest"
)

// healthOf asks /healthz; the status is empty when nobody answers.
func healthOf(t *testing.T, address string) (code int, status string) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + address + "/healthz")
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	var body struct{ Status string }
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		t.Errorf("healthz of %s: %v", address, err)
	}
	return answer.StatusCode, body.Status
}

func TestASecondCoreWaitsAndTakesOver(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts two servers on a database")
	}
	dsn := storetest.DSN(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	options := func(listen string) Options {
		c := DefaultConfiguration()
		c.DatabaseURL, c.Listen = dsn, listen
		return Options{Dir: dirForAll(t), Configuration: c, Say: func(string) {}, Progress: func(int, string) {}, Log: slog.New(slog.DiscardHandler)}
	}
	first, err := Start(t.Context(), options("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	type started struct {
		*Server
		err error
	}
	taken := make(chan started, 1)
	go func() {
		s, err := Start(t.Context(), options(port))
		taken <- started{s, err}
	}()
	waitFor := func(what string, holds func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("waited for %s in vain", what)
			}
		}
	}
	waitFor("the standby", func() bool {
		code, status := healthOf(t, port)
		return code == http.StatusServiceUnavailable && status == "standby"
	})
	select {
	case s := <-taken:
		t.Fatalf("the second one works beside the first: %v", s.err)
	default:
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := <-taken
	if second.err != nil {
		t.Fatal(second.err)
	}
	if _, status := healthOf(t, port); status == "" || status == "standby" {
		t.Errorf("after the takeover healthz says %q", status)
	}
	select {
	case err := <-second.Failed():
		t.Error(fmt.Errorf("the second one failed: %w", err))
	default:
	}
	if err := second.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

package app

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigie/internal/httpd"
)

// read asks an address of the server with a token, and gives the status and the text.
func (s *Server) read(t *testing.T, address, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Address()+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// One server is asked with a token and without, and sends its figures by itself.
func TestTheFiguresOfProbedLinksAreReadWithATokenAndSent(t *testing.T) {
	t.Parallel()
	taken := make(chan string, 1)
	database := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		select {
		case <-taken: // the latest counts
		default:
		}
		taken <- string(text)
	}))
	t.Cleanup(database.Close)
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte(database.URL+"/write"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startLoopback(t, 3, "", func(c *Configuration) {
		c.Metrics.Push = PushConfiguration{URLFile: file, Every: 300 * time.Millisecond, Labels: map[string]string{"region": "essai"}}
	})
	hash, err := httpd.HashPassword("nobody signs in with it")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.instance.AddPerson(t.Context(), NewPerson{
		Person: Person{Login: "grafana", Name: "Grafana", Role: "auditor", Everything: true}, PasswordHash: hash,
	}); err != nil {
		t.Fatal(err)
	}
	made, err := s.instance.MakeToken(t.Context(), TokenRequest{Login: "grafana", Name: "metrics", Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	const wanted = `vigie_link_rtt_seconds_count{link="L-02"} `
	soon(t, "the figures of a link", func() bool {
		status, text := s.read(t, "/metrics/links", made.Token)
		if status != http.StatusOK {
			t.Fatalf("with a token: status %d", status)
		}
		return strings.Contains(text, wanted)
	})
	if status, text := s.read(t, "/metrics/links", ""); status != http.StatusUnauthorized || strings.Contains(text, "L-02") {
		t.Errorf("without a token: status %d, %s", status, text)
	}
	if status, text := s.read(t, "/metrics", ""); status != http.StatusOK || strings.Contains(text, "L-02") || !strings.Contains(text, `vigie_part_healthy{part="database"} 1`) {
		t.Errorf("Vigie's own: status %d, %s", status, text)
	}
	soon(t, "figures that are sent", func() bool {
		text := <-taken
		return strings.Contains(text, `vigie_link_rtt_seconds_count{region="essai",link="L-02"} `) &&
			strings.Contains(text, `vigie_metrics_pushes_total{region="essai"} `) && strings.Contains(text, `vigie_part_healthy{region="essai",part="database"} 1`)
	})
}

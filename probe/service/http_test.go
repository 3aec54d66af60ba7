package service_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vigie/probe/service"
)

// site is a server of pages on 127.0.0.1.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<h1>Vie scolaire</h1>") })
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("GET /loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("GET /moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/twice", http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /twice", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "../#top", http.StatusSeeOther) })
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("GET /nowhere", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) })
	mux.HandleFunc("GET /long", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
		_, _ = io.WriteString(w, "the end")
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestAPageIsJudgedByItsStatusAndItsText(t *testing.T) {
	t.Parallel()
	s := site(t)
	statuses := func(text string) service.Statuses {
		all, err := service.ParseStatuses(text)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	for name, c := range map[string]struct {
		path      string
		change    func(*service.Check)
		want      service.Reason
		detail    string
		status    int
		redirects int
	}{
		"a page":                     {path: "/", want: service.OK, status: 200},
		"the right page":             {path: "/", change: func(c *service.Check) { c.Expect.Text = "Vie scolaire" }, want: service.OK, status: 200},
		"another page":               {path: "/", change: func(c *service.Check) { c.Expect.Text = "Cantine" }, want: service.WrongText, detail: `"Cantine" is not in the page (21 octets)`, status: 200},
		"no page":                    {path: "/missing", want: service.WrongStatus, detail: "status 404, expected 2xx", status: 404},
		"a broken page":              {path: "/broken", want: service.WrongStatus, detail: "status 503", status: 503},
		"a refusal that is wanted":   {path: "/missing", change: func(c *service.Check) { c.Expect.Status = statuses("401,4xx") }, want: service.OK, status: 404},
		"a page that moved":          {path: "/moved", change: func(c *service.Check) { c.Expect.Text = "Vie scolaire" }, want: service.OK, status: 200, redirects: 2},
		"a move that is wanted":      {path: "/moved", change: func(c *service.Check) { c.Expect.Status = statuses("301") }, want: service.OK, status: 301},
		"moves without end":          {path: "/loop", want: service.TooManyMoves, detail: "after 5 redirects", status: 302, redirects: 5},
		"a move that is not asked":   {path: "/moved", change: func(c *service.Check) { c.Redirects = 0 }, want: service.TooManyMoves, status: 301},
		"a move out of the web":      {path: "/file", want: service.BadAnswer, detail: "file:///etc/passwd", redirects: 1},
		"a move to nowhere":          {path: "/nowhere", want: service.WrongStatus, detail: "status 302", status: 302},
		"a long page":                {path: "/long", want: service.OK, status: 200},
		"a text beyond what is read": {path: "/long", change: func(c *service.Check) { c.Expect.Text = "the end" }, want: service.WrongText, detail: "first 1048576 octets", status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := check(t, service.Prober{}, s.URL+c.path, c.change)
			if r.Reason != c.want || !strings.Contains(r.Detail, c.detail) || r.Status != c.status || r.Redirects != c.redirects {
				t.Errorf("%+v, want %q (%s), status %d after %d redirects", r, c.want, c.detail, c.status, c.redirects)
			}
			if r.Octets > 1<<20 {
				t.Errorf("%d octets were read", r.Octets)
			}
		})
	}
}

func TestTheTimingsOfAPageAddUp(t *testing.T) {
	t.Parallel()
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		time.Sleep(60 * time.Millisecond)
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(80 * time.Millisecond)
		_, _ = io.WriteString(w, "late")
	}))
	t.Cleanup(slow.Close)
	r := check(t, service.Prober{}, slow.URL+"/moved", nil)
	g := r.Timings
	if r.Reason != service.OK || g.FirstByte < 60*time.Millisecond || g.Rest < 80*time.Millisecond || g.Connect <= 0 || g.Moved <= 0 || g.TLS != 0 {
		t.Errorf("result %+v", r)
	}
	// What is between the phases is our own: parsing, at most a busy machine's.
	if sum := g.Moved + g.Resolve + g.Connect + g.TLS + g.FirstByte + g.Rest; sum > g.Whole || g.Whole-sum > time.Second {
		t.Errorf("the phases are %s of %s", sum, g.Whole)
	}
}

func TestAServerThatMisbehavesIsNamed(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\n"
	endless := func(start, piece string) func(net.Conn) {
		return func(conn net.Conn) {
			swallow(conn)
			_, err := io.WriteString(conn, start)
			for piece = strings.Repeat(piece, 1000); err == nil; {
				_, err = io.WriteString(conn, piece)
			}
		}
	}
	for name, c := range map[string]struct {
		server func(net.Conn)
		want   service.Reason
		detail string
	}{
		"closes before it answers":    {swallow, service.Closed, ""},
		"closes within the head":      {says("HTTP/1.1 200 OK\r\nX-A: b\r\n"), service.Closed, ""},
		"closes within the page":      {says(head + "Content-Length: 100\r\n\r\nhalf"), service.Closed, ""},
		"closes within a chunk":       {says(head + "Transfer-Encoding: chunked\r\n\r\n64\r\nhalf"), service.Closed, ""},
		"half-closes without a word":  {func(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite(); _, _ = io.Copy(io.Discard, c) }, service.Closed, ""},
		"speaks another protocol":     {says("SSH-2.0-OpenSSH_9.2\r\n"), service.BadAnswer, "malformed"},
		"has no status":               {says("HTTP/1.1 OK\r\n\r\n"), service.BadAnswer, "malformed"},
		"has a length of nonsense":    {says(head + "Content-Length: -4\r\n\r\n"), service.BadAnswer, ""},
		"has a chunk of nonsense":     {says(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), service.BadAnswer, ""},
		"has only interim answers":    {says(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 9)), service.BadAnswer, "interim"},
		"has a head without end":      {endless(head, "X-A: b\r\n"), service.BadAnswer, "65536 octets of header"},
		"has a line without end":      {endless(head+"X-A: ", "b"), service.BadAnswer, "65536 octets of header"},
		"has a page without end":      {endless(head+"\r\n", "b"), service.OK, ""},
		"has tiny chunks without end": {endless(head+"Transfer-Encoding: chunked\r\n\r\n", "1\r\nb\r\n"), service.BadAnswer, "octets for a page"},
		"resets":                      {func(c net.Conn) { swallow(c); _ = c.(*net.TCPConn).SetLinger(0) }, service.Reset, ""},
		"is silent":                   {func(c net.Conn) { swallow(c); _, _ = io.Copy(io.Discard, c) }, service.Timeout, ""},
		"drips": {func(c net.Conn) {
			swallow(c)
			for _, err := io.WriteString(c, head); err == nil; time.Sleep(20 * time.Millisecond) {
				_, err = io.WriteString(c, "X: y\r\n")
			}
		}, service.Timeout, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := check(t, service.Prober{}, "http://"+serve(t, c.server)+"/", func(k *service.Check) {
				if k.Timeout = 3 * time.Second; c.want == service.Timeout {
					k.Timeout = 400 * time.Millisecond
				}
			})
			if r.Reason != c.want || !strings.Contains(r.Detail, c.detail) {
				t.Errorf("%+v, want %q (%s)", r, c.want, c.detail)
			}
		})
	}
}

func TestACertificateIsToldWithItsEndAndItsFault(t *testing.T) {
	t.Parallel()
	ours := root(t)
	keep := func(*x509.Certificate) {}
	short := issue(t, ours, func(c *x509.Certificate) { c.IsCA, c.NotAfter = true, time.Now().Add(5*day) })
	for name, c := range map[string]struct {
		shown tls.Certificate
		want  service.Reason
		fault service.Fault
		days  int // until the end
		lasts time.Duration
	}{
		"good":                             {shown: ours.server(t, keep), want: service.OK, days: 90, lasts: 30 * day},
		"ends soon":                        {shown: ours.server(t, keep), want: service.Ending, days: 90, lasts: 91 * day},
		"an authority between ends sooner": {shown: short.server(t, keep), want: service.OK, days: 5},
		"expired":                          {shown: ours.server(t, func(c *x509.Certificate) { c.NotAfter, c.NotBefore = time.Now().Add(-2*day), time.Now().Add(-9*day) }), want: service.BadCertificate, fault: service.Expired, days: -2},
		"not yet valid":                    {shown: ours.server(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(day) }), want: service.BadCertificate, fault: service.NotYetValid, days: 90},
		"for another name":                 {shown: ours.server(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} }), want: service.BadCertificate, fault: service.OtherName, days: 90},
		"by an unknown authority":          {shown: root(t).server(t, keep), want: service.BadCertificate, fault: service.UnknownAuthority, days: 90},
		"signed by itself":                 {shown: alone(t), want: service.BadCertificate, fault: service.UnknownAuthority, days: 90},
		"not for servers":                  {shown: ours.server(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }), want: service.BadCertificate, fault: service.OtherFault, days: 90},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			s.TLS = &tls.Config{Certificates: []tls.Certificate{c.shown}}
			s.Config.ErrorLog = quiet
			s.StartTLS()
			t.Cleanup(s.Close)
			r := check(t, service.Prober{Roots: ours.pool()}, s.URL, func(k *service.Check) {
				k.Expect.Lasts = c.lasts
				k.Expect.Status = service.Statuses{{From: 404, To: 404}}
			})
			if r.Reason != c.want || r.Certificate == nil || r.Timings.TLS <= 0 {
				t.Fatalf("%+v, want %q", r, c.want)
			}
			if got := int((time.Until(r.Certificate.Until)+day/2).Hours()/24+1000) - 1000; r.Certificate.Fault != c.fault || got != c.days {
				t.Errorf("%+v, fault %q and %d days, want %q and %d", r, r.Certificate.Fault, got, c.fault, c.days)
			}
			if (r.Status == 0) == (c.fault == "") {
				t.Errorf("status %d: nothing is asked of a server that is not who it says", r.Status)
			}
		})
	}
}

func TestATLSThatIsNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server func(net.Conn)
		want   service.Reason
	}{
		"plain HTTP":              {says("HTTP/1.1 400 Bad Request\r\n\r\n"), service.BadTLS},
		"an alert":                {says("\x15\x03\x03\x00\x02\x02\x28"), service.BadTLS},
		"closed":                  {swallow, service.Closed},
		"silence":                 {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, service.Timeout},
		"a hello that breaks off": {says("\x16\x03\x03\x40\x00" + strings.Repeat("\x02\x00\xff\xff", 4096)), service.Closed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := check(t, service.Prober{}, "https://"+serve(t, c.server)+"/", func(k *service.Check) {
				if k.Timeout = 3 * time.Second; c.want == service.Timeout {
					k.Timeout = 300 * time.Millisecond
				}
			})
			if r.Reason != c.want || r.Certificate != nil {
				t.Errorf("%+v, want %q", r, c.want)
			}
		})
	}
}

func TestACertificateOfOursThatIsWantedIsATroubleOfTLS(t *testing.T) {
	t.Parallel()
	ours := root(t)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{ours.server(t, func(*x509.Certificate) {})}, ClientAuth: tls.RequireAnyClientCert}
	s.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(s.Close)
	r := check(t, service.Prober{Roots: ours.pool()}, s.URL, nil)
	// The server closes at once, and its alert may be overtaken by the reset.
	if r.Reason != service.BadTLS && r.Reason != service.Reset {
		t.Errorf("%+v", r)
	}
}

func ExampleParse() {
	c, err := service.Parse("dns://192.0.2.53/www.example.org?type=AAAA")
	fmt.Println(c.Kind, c.Host, c.Port, c.Name, c.Type, err)
	// Output: dns 192.0.2.53 53 www.example.org AAAA <nil>
}

// A firewall's own certificate, or that of an authority of the house, is known by its
// fingerprint; its end and its key count as ever.
func TestACertificateOfAnAuthorityOfTheHouseIsKnownByItsFingerprint(t *testing.T) {
	t.Parallel()
	keep := func(*x509.Certificate) {}
	other := func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} }
	late := func(c *x509.Certificate) { c.NotAfter, c.NotBefore = time.Now().Add(-2*day), time.Now().Add(-9*day) }
	house := issue(t, root(t), func(c *x509.Certificate) { c.IsCA = true })
	of := func(shown tls.Certificate, at int) string {
		sum := sha256.Sum256(shown.Certificate[at])
		return hex.EncodeToString(sum[:])
	}
	itself, signed, misnamed, expired, stranger := alone(t), house.server(t, keep), house.server(t, other), house.server(t, late), root(t).server(t, keep)
	for name, c := range map[string]struct {
		shown tls.Certificate
		pin   string
		want  service.Reason
		fault service.Fault
	}{
		"signed by itself":                     {itself, of(itself, 0), service.OK, ""},
		"the authority above it":               {signed, of(signed, 1), service.OK, ""},
		"for another name, known by itself":    {misnamed, of(misnamed, 0), service.OK, ""},
		"for another name, by its authority":   {misnamed, of(misnamed, 1), service.BadCertificate, service.OtherName},
		"expired, known by itself":             {expired, of(expired, 0), service.BadCertificate, service.Expired},
		"expired, by its authority":            {expired, of(expired, 1), service.BadCertificate, service.Expired},
		"another one":                          {stranger, of(signed, 1), service.BadCertificate, service.OtherFault},
		"one that is beside and signs nothing": {tls.Certificate{Certificate: append(stranger.Certificate, signed.Certificate[1]), PrivateKey: stranger.PrivateKey}, of(signed, 1), service.BadCertificate, service.UnknownAuthority},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.TLS, server.Config.ErrorLog = &tls.Config{Certificates: []tls.Certificate{c.shown}}, quiet
			server.StartTLS()
			t.Cleanup(server.Close)
			r := check(t, service.Prober{Roots: root(t).pool()}, server.URL+"/", func(k *service.Check) {
				k.Expect.Certificate = c.pin
				k.Expect.Status, _ = service.ParseStatuses("404")
			})
			if r.Reason != c.want || r.Certificate == nil || r.Certificate.Fault != c.fault {
				t.Errorf("%+v, want %q with fault %q", r, c.want, c.fault)
			}
		})
	}
}

func TestAFingerprintIsReadAsOpenSSLPrintsIt(t *testing.T) {
	t.Parallel()
	plain := strings.Repeat("0a", 32)
	for text, want := range map[string]string{
		plain: plain, strings.ToUpper(plain): plain, strings.TrimSuffix(strings.Repeat("0A:", 32), ":"): plain,
		"": "", "0a": "", plain + "00": "", strings.Repeat("0g", 32): "",
	} {
		if got, err := service.ParseFingerprint(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, error %v; want %q", text, got, err, want)
		}
	}
}

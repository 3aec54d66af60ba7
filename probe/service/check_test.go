package service_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/net/dns/dnsmessage"

	"vigie/probe/service"
)

func TestAServiceIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]service.Check{
		"https://www.example.org/a?b=c#d":                    {Kind: service.HTTP, URL: "https://www.example.org/a?b=c", Redirects: 5},
		"HTTP://[2001:db8::1]:8080":                          {Kind: service.HTTP, URL: "http://[2001:db8::1]:8080", Redirects: 5},
		"tcp://192.0.2.1:4433":                               {Kind: service.TCP, Host: "192.0.2.1", Port: 4433},
		"tcp://collège.example:25":                           {Kind: service.TCP, Host: "xn--collge-6ua.example", Port: 25},
		"dns://192.0.2.53/example.org.":                      {Kind: service.DNS, Host: "192.0.2.53", Port: 53, Name: "example.org", Type: service.A},
		"dns://[2001:db8::53]:5353/_x.example.org?type=aaaa": {Kind: service.DNS, Host: "2001:db8::53", Port: 5353, Name: "_x.example.org", Type: service.AAAA},
	} {
		want.Timeout = service.DefaultTimeout
		got, err := service.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(want.Expect.Answer)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestWhatIsNoServiceIsRefusedWithWhatIsExpected(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                           "expected http(s)://HOST/PATH, tcp://HOST:PORT or dns://SERVER/NAME",
		"192.0.2.1:80":               "expected http(s)://HOST/PATH",
		"gopher://x/":                "expected http(s)://HOST/PATH",
		"mailto:a@b":                 "expected http(s)://HOST/PATH",
		"http://":                    "a name such as www.example.org",
		"http://a..b/":               `not "a..b"`,
		"http://x:0/":                "a port from 1 to 65535",
		"http://x:70000/":            "a port from 1 to 65535",
		"http://x:/":                 "a port from 1 to 65535",
		"tcp://192.0.2.1":            "a port from 1 to 65535 after the host",
		"tcp://192.0.2.1:80/x":       "nothing after it",
		"dns://192.0.2.53":           "dns://SERVER/NAME",
		"dns://192.0.2.53/a/b":       `not "a/b"`,
		"dns://192.0.2.53/a?type=MX": "?type=A or ?type=AAAA",
		"dns://192.0.2.53/" + strings.Repeat("a", 64): "a name such as",
		"https://max:secret@www.example":              "expected no user or password",
	} {
		_, err := service.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

func TestAnOptionThatCannotWorkIsRefusedByName(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*service.Check){
		"kind: \"\", expected tcp, dns or http":              func(c *service.Check) { c.Kind = "" },
		"timeout: 0s, expected more than 0 and at most 1m0s": func(c *service.Check) { c.Timeout = 0 },
		"timeout: 1h0m0s, expected more than 0 and at most":  func(c *service.Check) { c.Timeout = time.Hour },
		"redirects: 21, expected 0 to 20":                    func(c *service.Check) { c.Redirects = 21 },
		"family: 5, expected 4, 6 or 0":                      func(c *service.Check) { c.Family = 5 },
		"lasts: -1s, expected 0 or more":                     func(c *service.Check) { c.Expect.Lasts = -time.Second },
		"port: 0, expected 1 to 65535":                       func(c *service.Check) { c.Kind, c.Host = service.TCP, "192.0.2.1" },
		"type: \"MX\", expected A or AAAA": func(c *service.Check) {
			*c = service.Check{Kind: service.DNS, Host: "192.0.2.1", Port: 53, Type: "MX", Timeout: 1}
		},
	} {
		c, err := service.Parse("https://www.example.org/")
		if err != nil {
			t.Fatal(err)
		}
		change(&c)
		if _, err := (service.Prober{}).Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestStatusesAreReadAndWritten(t *testing.T) {
	t.Parallel()
	all, err := service.ParseStatuses("200, 301,4XX")
	if err != nil || all.String() != "200,301,4xx" {
		t.Errorf("%s, %v", all, err)
	}
	for status, want := range map[int]bool{200: true, 201: false, 301: true, 399: false, 400: true, 499: true, 500: false} {
		if all.Include(status) != want {
			t.Errorf("%d included: %t", status, !want)
		}
	}
	for _, text := range []string{"", "99", "600", "6xx", "xx", "2x", "-200", "200-299", "200,", "700xx"} {
		if got, err := service.ParseStatuses(text); err == nil || !strings.Contains(err.Error(), "expected 100 to 599") {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"https://www.example.org/a?b", "tcp://[::1%25lo]:4", "dns://192.0.2.53/a.b?type=AAAA", "http://collège.fr", "dns://a:53/b."} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := service.Parse(text)
		if err != nil {
			return
		}
		again, err := service.Parse(c.String())
		if err != nil {
			t.Fatalf("%q reads as %q, which is not read: %v", text, c, err)
		}
		if diff := cmp.Diff(c, again, cmpopts.EquateComparable(c.Expect.Answer)); diff != "" {
			t.Errorf("%q, read again (-first +second):\n%s", text, diff)
		}
	})
}

func FuzzStatuses(f *testing.F) {
	f.Add("200,3xx")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := service.ParseStatuses(text)
		if err != nil {
			return
		}
		again, err := service.ParseStatuses(all.String())
		if diff := cmp.Diff(all, again); err != nil || diff != "" {
			t.Errorf("%q is %s: %v\n%s", text, all, err, diff)
		}
	})
}

// piped is a prober whose only server says some octets and closes.
func piped(octets []byte) service.Prober {
	return service.Prober{Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			_, _ = theirs.Write(octets)
			_ = theirs.Close()
		}()
		return ours, nil
	}}
}

// FuzzPage has a server answer anything at all.
func FuzzPage(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.0 302 Found\r\nLocation: http://[::1\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 301 x\r\nLocation: //a b/\r\n\r\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		c := service.Check{Kind: service.HTTP, URL: "http://192.0.2.1/", Timeout: 2 * time.Second, Redirects: 2, Expect: service.Expect{Text: "ok"}}
		// A redirect to a name would ask for it: this server is no name server either.
		r, err := piped(octets).Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if r.Octets > 1<<20 || r.Redirects > 2 || (r.Reason == service.OK) != (r.Detail == "") || strings.ContainsAny(r.Detail, "\r\n\x1b") {
			t.Errorf("%+v", r)
		}
	})
}

// FuzzNameServer has a name server answer anything at all behind the right number.
func FuzzNameServer(f *testing.F) {
	question := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(school), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
	f.Add(answer(question, nil, record(school, address("192.0.2.7")))[2:])
	f.Add(answer(question, nil, record(school, alias(school)))[2:])
	f.Add(answer(question, func(m *dnsmessage.Message) { m.Truncated = true })[2:])
	f.Fuzz(func(t *testing.T, octets []byte) {
		p := service.Prober{Dial: func(_ context.Context, network, _ string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer func() { _ = theirs.Close() }()
				buffer := make([]byte, 512)
				if n, err := theirs.Read(buffer); err == nil && network == "udp" && n > 2 {
					_, _ = theirs.Write(append(buffer[:2], octets...))
				}
			}()
			return ours, nil
		}}
		r, err := p.Run(t.Context(), service.Check{Kind: service.DNS, Host: "192.0.2.1", Port: 53, Name: "www.school.example", Type: service.A, Timeout: 2 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if (r.Reason == service.OK) != (len(r.Addresses) > 0 && r.Detail == "") {
			t.Errorf("%+v", r)
		}
	})
}

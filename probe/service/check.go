package service

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/idna"
)

// Kind is what is asked of a service.
type Kind string

// The kinds of check.
const (
	TCP  Kind = "tcp"  // a connection is accepted
	DNS  Kind = "dns"  // a name server knows the address of a name
	HTTP Kind = "http" // a page comes, by HTTP or HTTPS, and is the right one
)

// Family chooses between the addresses of a name.
type Family int

// The families. Either tries IPv4 before IPv6.
const (
	Either Family = 0
	IPv4   Family = 4
	IPv6   Family = 6
)

// Record is what a name server is asked for.
type Record string

// The records that hold addresses (RFC 1035, RFC 3596).
const (
	A    Record = "A"
	AAAA Record = "AAAA"
)

// Check is one question to one service.
type Check struct {
	Kind Kind
	Host string // TCP, DNS: name or address to connect to
	Port uint16 // TCP, DNS
	Name string // DNS: the name asked for, without its last dot
	Type Record // DNS
	URL  string // HTTP: absolute, http or https

	Family    Family
	Timeout   time.Duration // of the whole, at most 1 minute
	Redirects int           // HTTP: followed at most, up to 20
	Expect    Expect
}

// Expect is what makes an answer the right one.
type Expect struct {
	// Status is HTTP's, of the last answer; none = any 2xx. A redirect that is expected
	// here is not followed.
	Status Statuses
	Text   string     // HTTP: stands in the first octets of the page (maxBody)
	Answer netip.Addr // DNS: among the addresses; the zero value = any
	// Certificate is the SHA-256 of the server's certificate, or of an authority that the
	// server shows above it, 64 hexadecimal digits; empty = an authority of Roots.
	Certificate string
	// Lasts is how long the certificate must still hold, in whole or not at all.
	Lasts time.Duration
}

// Limits of a check.
const (
	DefaultTimeout   = 10 * time.Second
	DefaultRedirects = 5
	maxTimeout       = time.Minute
	maxRedirects     = 20
	maxName          = 253 // RFC 1035, 2.3.4, in text without the last dot
	dnsPort          = 53
)

var fingerprintForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// ParseFingerprint reads the SHA-256 of a certificate as OpenSSL and browsers show it, with
// or without colons, and gives its 64 digits.
func ParseFingerprint(text string) (string, error) {
	digits := strings.ToLower(strings.ReplaceAll(text, ":", ""))
	if !fingerprintForm.MatchString(digits) {
		return "", fmt.Errorf("fingerprint: %q, expected the 64 hexadecimal digits of a SHA-256", text)
	}
	return digits, nil
}

// Parse reads a check as people write it:
//
//	https://www.example.org/page         HTTP, or http://
//	tcp://192.0.2.1:4433
//	dns://192.0.2.53/www.example.org     ?type=AAAA, and a port after the server
//
// What the text does not say has its default.
func Parse(text string) (Check, error) {
	wrong := func(expected string) (Check, error) {
		return Check{}, fmt.Errorf("service %q: expected %s", text, expected)
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return wrong("http(s)://HOST/PATH, tcp://HOST:PORT or dns://SERVER/NAME")
	}
	if u.User != nil {
		return Check{}, fmt.Errorf("service at %q: expected no user or password", u.Host) // and none in the message
	}
	c := Check{Timeout: DefaultTimeout}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		c.Kind, c.Redirects = HTTP, DefaultRedirects
		u.Scheme, u.Fragment, u.RawFragment = strings.ToLower(u.Scheme), "", ""
		c.URL = u.String()
	case "tcp":
		c.Kind = TCP
		if u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
			return wrong("tcp://HOST:PORT and nothing after it")
		}
		if c.Host, c.Port, err = endpoint(u, 0); err != nil {
			return wrong(err.Error())
		}
	case "dns":
		c.Kind, c.Type = DNS, A
		if c.Host, c.Port, err = endpoint(u, dnsPort); err != nil {
			return wrong(err.Error())
		}
		if c.Name, err = asciiName(strings.TrimSuffix(strings.TrimPrefix(u.Path, "/"), ".")); err != nil {
			return wrong("dns://SERVER/NAME: " + err.Error())
		}
		switch strings.ToUpper(u.RawQuery) {
		case "", "TYPE=A":
		case "TYPE=AAAA":
			c.Type = AAAA
		default:
			return wrong("?type=A or ?type=AAAA after the name")
		}
	default:
		return wrong("http(s)://HOST/PATH, tcp://HOST:PORT or dns://SERVER/NAME")
	}
	if err := c.Validate(); err != nil {
		return Check{}, fmt.Errorf("service %q: %w", text, err)
	}
	return c, nil
}

// String writes the check as Parse reads it; what is expected is not part of it.
func (c Check) String() string {
	switch c.Kind {
	case TCP:
		return "tcp://" + c.at()
	case DNS:
		text := "dns://" + c.at()
		if c.Port == dnsPort {
			text = strings.TrimSuffix(text, ":53")
		}
		text += "/" + c.Name
		if c.Type != A {
			text += "?type=" + string(c.Type)
		}
		return text
	}
	return c.URL
}

// at is the host and the port as they stand in a URL (a zone escaped, RFC 6874).
func (c Check) at() string {
	return strings.ReplaceAll(net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), "%", "%25")
}

// Validate names the first part of a check that cannot work.
func (c Check) Validate() error {
	var err error
	switch c.Kind {
	case TCP, DNS:
		if _, err = asciiHost(c.Host); err == nil && c.Port == 0 {
			err = fmt.Errorf("port: 0, expected 1 to 65535")
		}
		if err == nil && c.Kind == DNS {
			err = c.validateQuestion()
		}
	case HTTP:
		var u *url.URL
		if u, err = url.Parse(c.URL); err == nil {
			_, err = place(u)
		}
	default:
		err = fmt.Errorf("kind: %q, expected tcp, dns or http", c.Kind)
	}
	switch {
	case err != nil:
		return err
	case c.Family != Either && c.Family != IPv4 && c.Family != IPv6:
		return fmt.Errorf("family: %d, expected 4, 6 or 0 for either", c.Family)
	case c.Timeout <= 0 || c.Timeout > maxTimeout:
		return fmt.Errorf("timeout: %s, expected more than 0 and at most %s", c.Timeout, maxTimeout)
	case c.Redirects < 0 || c.Redirects > maxRedirects:
		return fmt.Errorf("redirects: %d, expected 0 to %d", c.Redirects, maxRedirects)
	case c.Expect.Certificate != "" && !fingerprintForm.MatchString(c.Expect.Certificate):
		return fmt.Errorf("certificate: %q, expected 64 hexadecimal digits", c.Expect.Certificate)
	case c.Expect.Lasts < 0:
		return fmt.Errorf("lasts: %s, expected 0 or more", c.Expect.Lasts)
	}
	return nil
}

func (c Check) validateQuestion() error {
	if c.Type != A && c.Type != AAAA {
		return fmt.Errorf("type: %q, expected A or AAAA", c.Type)
	}
	if _, err := asciiName(c.Name); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	_, _, err := c.question(0)
	return err
}

// question is the message that asks a name server, and the question in it.
func (c Check) question(id uint16) ([]byte, dnsmessage.Question, error) {
	name, err := dnsmessage.NewName(c.Name + ".")
	if err != nil {
		return nil, dnsmessage.Question{}, fmt.Errorf("name: %q: %w", c.Name, err)
	}
	q := dnsmessage.Question{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
	if c.Type == AAAA {
		q.Type = dnsmessage.TypeAAAA
	}
	var opt dnsmessage.ResourceHeader
	if err := opt.SetEDNS0(maxDatagram, dnsmessage.RCodeSuccess, false); err != nil {
		return nil, q, err
	}
	message := dnsmessage.Message{
		Header:      dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions:   []dnsmessage.Question{q},
		Additionals: []dnsmessage.Resource{{Header: opt, Body: &dnsmessage.OPTResource{}}},
	}
	packed, err := message.Pack()
	if err != nil {
		return nil, q, fmt.Errorf("name: %q: %w", c.Name, err)
	}
	return packed, q, nil
}

// endpoint is the host and the port of an address; otherwise is the port of one
// without, 0 = it needs one.
func endpoint(u *url.URL, otherwise uint16) (string, uint16, error) {
	host, err := asciiHost(u.Hostname())
	if err != nil {
		return "", 0, err
	}
	if u.Port() == "" && otherwise != 0 && !strings.HasSuffix(u.Host, ":") {
		return host, otherwise, nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return "", 0, fmt.Errorf("a port from 1 to 65535 after the host")
	}
	return host, uint16(port), nil
}

// place is where a page is asked for.
func place(u *url.URL) (hostPort, error) {
	ports := map[string]uint16{"http": 80, "https": 443}
	port, ok := ports[u.Scheme]
	if !ok {
		return hostPort{}, fmt.Errorf("address %q, expected http:// or https://", u.Redacted())
	}
	host, port, err := endpoint(u, port)
	return hostPort{host, port}, err
}

type hostPort struct {
	host string
	port uint16
}

// asciiHost is a name or an address as it goes over the wire.
func asciiHost(host string) (string, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().String(), nil
	}
	return asciiName(host)
}

// asciiName is a domain name of letters, digits, hyphens and underscores, accents
// encoded (RFC 5891).
func asciiName(name string) (string, error) {
	ascii := name
	for _, r := range name {
		if r > 0x7f {
			var err error
			if ascii, err = idna.Lookup.ToASCII(name); err != nil {
				return "", fmt.Errorf("a name such as www.example.org, not %q", name)
			}
			break
		}
	}
	labels := strings.Split(strings.TrimSuffix(ascii, "."), ".")
	for _, label := range labels {
		plain := strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
		if len(label) < 1 || len(label) > 63 || !plain {
			return "", fmt.Errorf("a name such as www.example.org, not %q", name)
		}
	}
	if len(ascii) > maxName+1 {
		return "", fmt.Errorf("a name of at most %d characters, not %d", maxName, len(ascii))
	}
	return ascii, nil
}

package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// failure is the reason why a check ends before its end.
type failure struct {
	reason Reason
	detail string
}

func (f *failure) Error() string { return string(f.reason) + ": " + f.detail }

func failed(reason Reason, format string, args ...any) error {
	return &failure{reason, fmt.Sprintf(format, args...)}
}

// reasons are what the errors of a system mean.
var reasons = []struct {
	err    error
	reason Reason
}{
	{syscall.ECONNREFUSED, Refused},
	{syscall.ECONNRESET, Reset},
	{syscall.ECONNABORTED, Reset},
	{syscall.EPIPE, Reset},
	{syscall.ENETUNREACH, Unreachable},
	{syscall.EHOSTUNREACH, Unreachable},
	{syscall.EACCES, Unreachable}, // by an administrator, says a router (ICMPv6)
	{syscall.EMFILE, OwnTrouble},
	{syscall.ENFILE, OwnTrouble},
	{syscall.ENOBUFS, OwnTrouble},
	{syscall.ENOMEM, OwnTrouble},
	{syscall.EADDRNOTAVAIL, OwnTrouble},
	{syscall.EADDRINUSE, OwnTrouble},
	{syscall.EPERM, OwnTrouble},
	{syscall.ENETDOWN, OwnTrouble},
	{syscall.EAFNOSUPPORT, OwnTrouble},
	{os.ErrDeadlineExceeded, Timeout},
	{context.DeadlineExceeded, Timeout},
	{context.Canceled, Stopped},
	{io.EOF, Closed},
	{io.ErrUnexpectedEOF, Closed},
}

// classify names the reason of an error; otherwise is that of one without a name.
func classify(err error, otherwise Reason) (Reason, string) {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.reason, f.detail
	}
	detail := clean(err.Error())
	for _, known := range reasons {
		if errors.Is(err, known.err) {
			return known.reason, detail
		}
	}
	if told, ok := errors.AsType[*net.OpError](err); ok && told.Op == "remote error" {
		return BadTLS, detail // an alert after the handshake: a certificate of ours is wanted
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return Timeout, detail
	}
	return otherwise, detail
}

// resolved gives the reason of a name that gave no address.
func resolved(name string, err error) error {
	if unknown, ok := errors.AsType[*net.DNSError](err); ok && unknown.IsNotFound {
		return failed(NoSuchName, "%s has no such address", name)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return failed(Unresolved, "%s: %s", name, clean(err.Error()))
}

// clean makes a text of others fit for one line.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	const longest = 200
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}

// trust is what makes a certificate the right one.
type trust struct {
	roots *x509.CertPool
	// fingerprint is the SHA-256 of the certificate, or of one above it, which stands for the
	// roots then; empty = the roots.
	fingerprint string
}

// over gives the roots and the name by which a chain is verified. The very certificate that
// is expected may bear any name: many firewalls sign their own.
func (t trust) over(chain []*x509.Certificate, host string) (roots *x509.CertPool, name string, err error) {
	if t.fingerprint == "" {
		return t.roots, host, nil
	}
	for i, one := range chain {
		if fingerprint(one) != t.fingerprint {
			continue
		}
		roots = x509.NewCertPool()
		roots.AddCert(one)
		if i == 0 {
			host = ""
		}
		return roots, host, nil
	}
	return nil, "", failed(BadCertificate, "the certificate's SHA-256 is %s, expected %s", fingerprint(chain[0]), t.fingerprint)
}

func fingerprint(one *x509.Certificate) string {
	sum := sha256.Sum256(one.Raw)
	return hex.EncodeToString(sum[:])
}

// examine tells of the certificate of a server, and whether it is good at an instant.
func examine(chain []*x509.Certificate, host string, t trust, now time.Time) (*Certificate, error) {
	if len(chain) == 0 {
		return nil, failed(BadTLS, "the server shows no certificate")
	}
	leaf := chain[0]
	c := &Certificate{Subject: clean(leaf.Subject.CommonName), Issuer: clean(leaf.Issuer.CommonName), From: leaf.NotBefore, Until: leaf.NotAfter}
	if c.Subject == "" && len(leaf.DNSNames) > 0 {
		c.Subject = clean(leaf.DNSNames[0])
	}
	if c.Issuer == "" {
		c.Issuer = clean(leaf.Issuer.String())
	}
	between := x509.NewCertPool()
	for _, one := range chain[1:] {
		between.AddCert(one)
	}
	roots, name, err := t.over(chain, strings.TrimSuffix(host, "."))
	if err != nil {
		c.Fault = OtherFault
		return c, err
	}
	verified, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between, CurrentTime: now})
	if err != nil {
		c.Fault = faultOf(err, leaf, now)
		return c, failed(BadCertificate, "%s", clean(err.Error()))
	}
	c.Until = lastEnd(verified)
	return c, nil
}

// faultOf names what is wrong with a certificate.
func faultOf(err error, leaf *x509.Certificate, now time.Time) Fault {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		switch {
		case invalid.Reason != x509.Expired:
			return OtherFault
		case invalid.Cert != nil && now.Before(invalid.Cert.NotBefore), invalid.Cert == nil && now.Before(leaf.NotBefore):
			return NotYetValid // the library knows one reason for both
		}
		return Expired
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return OtherName
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return UnknownAuthority
	}
	return OtherFault
}

// lastEnd is the end of the chain that holds longest: each as long as its shortest.
func lastEnd(chains [][]*x509.Certificate) time.Time {
	var last time.Time
	for _, chain := range chains {
		end := slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) }).NotAfter
		if end.After(last) {
			last = end
		}
	}
	return last
}

// handshaken gives the reason of a handshake that failed.
func handshaken(err error) error {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return failed(BadTLS, "what answers does not speak TLS")
	}
	reason, detail := classify(err, BadTLS)
	return &failure{reason, detail}
}

// judgePage tells whether the last answer is the one expected.
func judgePage(e Expect, status int, body []byte, cut bool) error {
	if !e.Status.Include(status) {
		return failed(WrongStatus, "status %d, expected %s", status, e.Status)
	}
	if e.Text != "" && !bytes.Contains(body, []byte(e.Text)) {
		where := "the page"
		if cut {
			where = fmt.Sprintf("the first %d octets of the page", maxBody)
		}
		return failed(WrongText, "%q is not in %s (%d octets)", e.Text, where, len(body))
	}
	return nil
}

// judgeEnd tells whether a good certificate lasts as long as expected.
func judgeEnd(e Expect, c *Certificate, now time.Time) error {
	if c == nil || e.Lasts == 0 || c.Until.Sub(now) >= e.Lasts {
		return nil
	}
	const day = 24 * time.Hour
	return failed(Ending, "the certificate ends on %s, in %d days, expected at least %d", c.Until.UTC().Format(time.DateOnly), int(c.Until.Sub(now)/day), int(e.Lasts/day))
}

package lab

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"

	"vigie/probe/stamp"
)

// Schools are the far ends of the links as services: at every address of the operator's
// side a page by HTTP and HTTPS that names itself AMON, a name server, and a STAMP
// reflector. What is reached of them is a matter of the emulator and its faults.
type Schools struct {
	// Roots is the authority of the schools' certificates.
	Roots *x509.CertPool

	seed    uint64
	key     *ecdsa.PrivateKey
	issuer  *x509.Certificate
	begun   time.Time
	mu      sync.Mutex
	shown   map[netip.Addr]*tls.Certificate
	stop    context.CancelFunc
	closers []io.Closer
	running sync.WaitGroup
	failure error // of any of them, under mu
}

// The ports of the services of a school.
const (
	pagePort   = 80
	securePort = 443
	namePort   = 53
	// reflected is how many test packets a second a reflector answers to each source.
	reflected = 1000
)

// ServeSchools starts the services in the operator's namespace of a running network. The
// seed draws when their certificates end.
func (n *Network) ServeSchools(seed uint64) (*Schools, error) {
	s := &Schools{seed: seed, begun: time.Now(), shown: map[netip.Addr]*tls.Certificate{}}
	if err := s.authority(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	if err := n.InOperator(func() error { return s.listen(ctx) }); err != nil {
		return nil, errors.Join(fmt.Errorf("lab: answer for the schools: %w", err), s.Stop())
	}
	return s, nil
}

// listen opens the sockets in the namespace of the calling thread and serves them.
func (s *Schools) listen(ctx context.Context) error {
	plain, err := net.Listen("tcp4", fmt.Sprintf(":%d", pagePort))
	if err != nil {
		return err
	}
	s.serve(&http.Server{Handler: page(), ReadHeaderTimeout: time.Minute}, plain)
	secure, err := net.Listen("tcp4", fmt.Sprintf(":%d", securePort))
	if err != nil {
		return err
	}
	s.serve(&http.Server{Handler: page(), ReadHeaderTimeout: time.Minute},
		tls.NewListener(secure, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certificate}))
	names, err := net.ListenPacket("udp4", fmt.Sprintf(":%d", namePort))
	if err != nil {
		return err
	}
	s.closers = append(s.closers, names)
	s.run(func() error { return serveNames(names) })
	reflector, err := stamp.Listen(stamp.ReflectorOptions{Listen: fmt.Sprintf(":%d", stamp.Port), Stateful: true, Rate: reflected})
	if err != nil {
		return err
	}
	s.run(func() error { return reflector.Serve(ctx) })
	return nil
}

func (s *Schools) serve(server *http.Server, l net.Listener) {
	server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo) // who hangs up is no news here
	s.closers = append(s.closers, server)
	s.run(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
}

func (s *Schools) run(f func() error) {
	s.running.Go(func() {
		if err := f(); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.failure = errors.Join(s.failure, err)
		}
	})
}

// Stop ends the services and returns what broke in them.
func (s *Schools) Stop() error {
	s.stop()
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	s.running.Wait()
	return errors.Join(append(errs, s.failure)...)
}

func page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>AMON</title><p>AMON simulé (démo)</p>\n") // who has gone needs no page
	})
}

// authority makes the certificate that signs the schools'.
func (s *Schools) authority() (err error) {
	if s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "AC simulée (démo)"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: s.begun.Add(-time.Hour), NotAfter: s.begun.AddDate(5, 0, 0),
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, s.key.Public(), s.key)
	if err != nil {
		return fmt.Errorf("lab: make an authority: %w", err)
	}
	if s.issuer, err = x509.ParseCertificate(made); err != nil {
		return fmt.Errorf("lab: make an authority: %w", err)
	}
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(s.issuer)
	return nil
}

// certificate is that of the address which was asked: made once, and good for 10 to 190
// days more.
func (s *Schools) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	asked, err := netip.ParseAddrPort(hello.Conn.LocalAddr().String())
	if err != nil {
		return nil, err
	}
	at := asked.Addr().Unmap()
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.shown[at]; c != nil {
		return c, nil
	}
	days := newDice(s.seed, "certificate", at.String())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(s.shown)) + 2), Subject: pkix.Name{CommonName: "AMON simulé"}, IPAddresses: []net.IP{at.AsSlice()},
		NotBefore: s.begun.Add(-time.Hour), NotAfter: s.begun.AddDate(0, 0, 10+int(days.below(180))),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	made, err := x509.CreateCertificate(rand.Reader, template, s.issuer, s.key.Public(), s.key)
	if err != nil {
		return nil, fmt.Errorf("lab: make the certificate of %s: %w", at, err)
	}
	c := &tls.Certificate{Certificate: [][]byte{made, s.issuer.Raw}, PrivateKey: s.key}
	s.shown[at] = c
	return c, nil
}

// serveNames answers questions from the address that was asked, until the socket is closed.
func serveNames(socket net.PacketConn) error {
	conn := ipv4.NewPacketConn(socket)
	if err := conn.SetControlMessage(ipv4.FlagDst, true); err != nil {
		return err
	}
	question := make([]byte, mtu)
	for {
		n, control, from, err := conn.ReadFrom(question)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lab: receive a question about a name: %w", err)
		}
		if control == nil {
			continue
		}
		if answer, err := nameAnswer(question[:n], control.Dst); err == nil {
			// What the kernel does not take is lost, as on any network.
			_, _ = conn.WriteTo(answer, &ipv4.ControlMessage{Src: control.Dst}, from)
		}
	}
}

// nameAnswer gives every name the address that was asked for it; it has no IPv6.
func nameAnswer(question []byte, at net.IP) ([]byte, error) {
	var asked dnsmessage.Message
	if err := asked.Unpack(question); err != nil {
		return nil, err
	}
	if asked.Response || len(asked.Questions) != 1 {
		return nil, errors.New("not one question")
	}
	q := asked.Questions[0]
	answer := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: asked.ID, Response: true, RecursionDesired: asked.RecursionDesired, RecursionAvailable: true},
		Questions: asked.Questions,
	}
	if q.Type == dnsmessage.TypeA {
		answer.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60}, Body: &dnsmessage.AResource{A: [4]byte(at.To4())},
		}}
	}
	return answer.Pack()
}
